//! Signals: the first one ends the run in order, the second one at once.

use tokio_util::sync::CancellationToken;

use crate::console;
use kubectl_netbench::cli::ExitCode;

/// Cancels the token that it returns at the first signal. At the second one it prints
/// `removal_command`, by which a person removes what is left, and ends the process.
pub(super) fn watch(removal_command: Option<String>) -> CancellationToken {
    let token = CancellationToken::new();
    let cancelled = token.clone();
    let mut signals = Signals::new();
    tokio::spawn(async move {
        signals.next().await;
        cancelled.cancel();
        signals.next().await;
        if let Some(command) = removal_command {
            console::note(&format!("left behind; remove it with\n  {command}"));
        }
        std::process::exit(ExitCode::Interrupted as i32);
    });
    token
}

/// The signals by which people and systems end a program.
#[cfg(unix)]
struct Signals(Vec<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl Signals {
    fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        // one that cannot be caught ends the process as it always did
        Self(kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect())
    }

    async fn next(&mut self) {
        let any = self.0.iter_mut().map(|signal| Box::pin(signal.recv()));
        futures_util::future::select_all(any).await;
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> Self {
        Self
    }

    async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
