//! Detects clients that make no progress.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::document::Sample;

/// Measures for how long a client has reported no transferred data: no samples, or samples of 0 bytes.
pub(super) struct StallTimer {
    state: Mutex<State>,
    /// Whether the client has started.
    started: watch::Sender<bool>,
}

struct State {
    since: Instant,
    /// Whether samples arrive, and report that nothing is transferred.
    has_zero_samples: bool,
}

impl State {
    fn new() -> Self {
        Self { since: Instant::now(), has_zero_samples: false }
    }
}

impl StallTimer {
    pub(super) fn new() -> Self {
        Self { state: Mutex::new(State::new()), started: watch::Sender::new(false) }
    }

    /// Takes the start of the client.
    pub(super) fn record_start(&self) {
        self.started.send_replace(true);
    }

    /// Waits until the client has run for this long.
    pub(super) async fn wait_for_overrun(&self, limit: Duration) {
        // fails if there is no sender
        let _ = self.started.subscribe().wait_for(|has_started| *has_started).await;
        tokio::time::sleep(limit).await;
    }

    /// Takes a sample; one with data resets the timer.
    pub(super) fn record(&self, sample: &Sample) {
        if sample.bits_per_second > 0.0 {
            self.reset();
        } else {
            self.state().has_zero_samples = true;
        }
    }

    pub(super) fn reset(&self) {
        *self.state() = State::new();
    }

    /// Whether samples arrive, and report that nothing is transferred.
    pub(super) fn has_zero_samples(&self) -> bool {
        self.state().has_zero_samples
    }

    /// Waits until no data was transferred for this long.
    pub(super) async fn wait_for_stall(&self, limit: Duration) {
        loop {
            let until = self.state().since + limit;
            if Instant::now() >= until {
                return;
            }
            tokio::time::sleep_until(until).await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // nothing panics while holding the lock
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
