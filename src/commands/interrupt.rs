//! Signals: the first one ends the run in order, the second one at once.

use tokio_util::sync::CancellationToken;

/// How often the user or the system wants an end.
#[derive(Debug, Clone, Default)]
pub(super) struct Interrupt {
    /// Cancelled at the first signal: end in order.
    pub first: CancellationToken,
    /// Cancelled at the second one: end at once.
    pub second: CancellationToken,
}

impl Interrupt {
    /// What `future` comes to; none if an end is wanted before.
    pub async fn unless<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.first.cancelled() => None,
            done = future => Some(done),
        }
    }
}

/// Watches the signals from now on.
///
/// A terminal that is closed sends its signal twice, once by the shell and once by the system: only
/// what a person repeats counts as a second one.
pub(super) fn watch() -> Interrupt {
    let interrupt = Interrupt::default();
    let Interrupt { first, second } = interrupt.clone();
    let (mut ends, mut interrupts) = (Signals::that_end(), Signals::of_a_person());
    tokio::spawn(async move {
        tokio::select! {
            () = ends.next() => {}
            () = interrupts.next() => {}
        }
        first.cancel();
        interrupts.next().await;
        second.cancel();
    });
    interrupt
}

#[cfg(unix)]
struct Signals(Vec<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl Signals {
    /// Ctrl-C.
    fn of_a_person() -> Self {
        Self::of(&[tokio::signal::unix::SignalKind::interrupt()])
    }

    /// The signals by which systems and closing terminals end a program.
    fn that_end() -> Self {
        use tokio::signal::unix::SignalKind;
        if ignores_hangup() {
            return Self::of(&[SignalKind::terminate()]);
        }
        Self::of(&[SignalKind::terminate(), SignalKind::hangup()])
    }

    fn of(kinds: &[tokio::signal::unix::SignalKind]) -> Self {
        // one that cannot be caught ends the process as it always did
        Self(kinds.iter().filter_map(|&kind| tokio::signal::unix::signal(kind).ok()).collect())
    }

    async fn next(&mut self) {
        if self.0.is_empty() {
            std::future::pending::<()>().await;
        }
        let any = self.0.iter_mut().map(|signal| Box::pin(signal.recv()));
        futures_util::future::select_all(any).await;
    }
}

/// Whether this process was started so that the end of its terminal is nothing to it, as by `nohup`.
/// Only Linux lets a program read that.
#[cfg(unix)]
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // the lowest bit is that of the first signal, which this is
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

#[cfg(not(unix))]
enum Signals {
    Interrupt,
    None,
}

#[cfg(not(unix))]
impl Signals {
    fn of_a_person() -> Self {
        Self::Interrupt
    }

    fn that_end() -> Self {
        Self::None
    }

    async fn next(&mut self) {
        match self {
            Self::Interrupt => drop(tokio::signal::ctrl_c().await),
            Self::None => std::future::pending().await,
        }
    }
}
