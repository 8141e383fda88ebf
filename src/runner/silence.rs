//! How long a client has had nothing to say.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::document::Sample;

/// The silence of one client: no samples come, or samples of nothing.
pub(super) struct Silence(Mutex<State>);

struct State {
    since: Instant,
    /// Whether its samples come, and say that nothing goes through.
    is_of_zeros: bool,
}

impl Silence {
    pub(super) fn new() -> Self {
        Self(Mutex::new(State { since: Instant::now(), is_of_zeros: false }))
    }

    /// Takes a sample: data breaks the silence.
    pub(super) fn sample(&self, sample: &Sample) {
        if sample.bits_per_second > 0.0 {
            self.broken();
        } else {
            self.state().is_of_zeros = true;
        }
    }

    /// Begins anew.
    pub(super) fn broken(&self) {
        *self.state() = State { since: Instant::now(), is_of_zeros: false };
    }

    /// Whether its samples come, and say that nothing goes through.
    pub(super) fn is_of_zeros(&self) -> bool {
        self.state().is_of_zeros
    }

    /// Waits until it has lasted so long.
    pub(super) async fn has_lasted(&self, long: Duration) {
        loop {
            let until = self.state().since + long;
            if Instant::now() >= until {
                return;
            }
            tokio::time::sleep_until(until).await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // nothing panics while it is locked
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
