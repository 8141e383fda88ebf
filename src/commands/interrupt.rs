//! Signals: the first one ends the run gracefully, the second one immediately.

use tokio_util::sync::CancellationToken;

/// Tokens that are cancelled by signals.
#[derive(Debug, Clone, Default)]
pub(super) struct Interrupt {
    /// Cancelled by the first signal: end gracefully.
    pub first: CancellationToken,
    /// Cancelled by the second Ctrl-C: end immediately.
    pub second: CancellationToken,
}

impl Interrupt {
    /// The output of `future`; none if the first signal arrives before it is ready.
    pub async fn unless<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.first.cancelled() => None,
            done = future => Some(done),
        }
    }
}

/// Starts watching the signals.
///
/// Only a second SIGINT counts as the second signal: closing a terminal sends SIGHUP twice, once by the shell and
/// once by the kernel.
pub(super) fn watch() -> Interrupt {
    let interrupt = Interrupt::default();
    let Interrupt { first, second } = interrupt.clone();
    let (mut terminations, mut interrupts) = (Signals::terminate(), Signals::interrupt());
    tokio::spawn(async move {
        tokio::select! {
            () = terminations.next() => {}
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
    fn interrupt() -> Self {
        Self::of(&[tokio::signal::unix::SignalKind::interrupt()])
    }

    /// SIGTERM, and SIGHUP unless it is ignored.
    fn terminate() -> Self {
        use tokio::signal::unix::SignalKind;
        if ignores_hangup() {
            return Self::of(&[SignalKind::terminate()]);
        }
        Self::of(&[SignalKind::terminate(), SignalKind::hangup()])
    }

    fn of(kinds: &[tokio::signal::unix::SignalKind]) -> Self {
        // a signal that cannot be caught keeps its default action
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

/// Whether this process was started with SIGHUP ignored, as by `nohup`. Only readable on Linux.
#[cfg(unix)]
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // bit 0 is signal 1, SIGHUP
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

#[cfg(not(unix))]
enum Signals {
    Interrupt,
    None,
}

#[cfg(not(unix))]
impl Signals {
    fn interrupt() -> Self {
        Self::Interrupt
    }

    fn terminate() -> Self {
        Self::None
    }

    async fn next(&mut self) {
        match self {
            Self::Interrupt => drop(tokio::signal::ctrl_c().await),
            Self::None => std::future::pending().await,
        }
    }
}
