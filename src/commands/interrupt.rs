//! Signals: the first one ends the run gracefully, the second one immediately.

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream, SelectAll};
#[cfg(unix)]
use tokio::signal::unix::{SignalKind, signal};
#[cfg(windows)]
use tokio::signal::windows;
use tokio_util::sync::CancellationToken;

/// Tokens that are cancelled by signals.
#[derive(Debug, Clone, Default)]
pub(super) struct Interrupt {
    /// Cancelled by the first signal: end gracefully.
    pub first: CancellationToken,
    /// Cancelled by the second interrupt: end immediately.
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
/// Only a second interrupt counts as the second signal: closing a terminal sends SIGHUP twice, once by the shell
/// and once by the kernel.
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

/// Signals of several kinds.
struct Signals(SelectAll<BoxStream<'static, ()>>);

/// The stream of a signal of tokio. One that cannot be caught keeps its default action.
macro_rules! stream {
    ($signal:expr) => {
        $signal.ok().map(|mut signal| stream::poll_fn(move |context| signal.poll_recv(context)).boxed())
    };
}

impl Signals {
    fn new<const N: usize>(streams: [Option<BoxStream<'static, ()>>; N]) -> Self {
        Self(stream::select_all(streams.into_iter().flatten()))
    }

    async fn next(&mut self) {
        if self.0.next().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(unix)]
impl Signals {
    /// Ctrl-C.
    fn interrupt() -> Self {
        Self::new([stream!(signal(SignalKind::interrupt()))])
    }

    /// SIGTERM, and SIGHUP unless it is ignored.
    fn terminate() -> Self {
        let hangup = if ignores_hangup() { None } else { stream!(signal(SignalKind::hangup())) };
        Self::new([stream!(signal(SignalKind::terminate())), hangup])
    }
}

#[cfg(windows)]
impl Signals {
    /// Ctrl-C and Ctrl-Break: other programs can send only the latter.
    fn interrupt() -> Self {
        Self::new([stream!(windows::ctrl_c()), stream!(windows::ctrl_break())])
    }

    /// The window is closed, the user logs off, or the machine shuts down. Windows ends the process some seconds later.
    fn terminate() -> Self {
        Self::new([
            stream!(windows::ctrl_close()),
            stream!(windows::ctrl_logoff()),
            stream!(windows::ctrl_shutdown()),
        ])
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
