//! Progress in a pipe or a log: one plain line per finished test.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::console::note;
use kubectl_netbench::document::{Outcome, TestRecord};
use kubectl_netbench::runner::Event;
use kubectl_netbench::testbed::{Starting, Unusable};
use kubectl_netbench::view::RateUnit;

/// Writes lines.
pub struct Lines {
    tests: usize,
    ended: AtomicUsize,
}

impl Lines {
    pub(super) fn new(tests: usize) -> Self {
        Self { tests, ended: AtomicUsize::new(0) }
    }

    pub(super) fn observe(&self, event: &Event) {
        match event {
            Event::Server { node, starting: Starting::Failed(unusable) } => {
                note(&server_failed(node, unusable));
            }
            Event::TestEnded { record } => {
                let number = self.ended.fetch_add(1, Ordering::Relaxed) + 1;
                let digits = self.tests.to_string().len();
                note(&format!("[{number:>digits$}/{}] {}", self.tests, line(record)));
            }
            _ => {}
        }
    }
}

/// Why a node drops out. What to do about it stands below the result.
pub(super) fn server_failed(node: &str, unusable: &Unusable) -> String {
    format!("{node} cannot be measured: {}", unusable.reason)
}

/// `node-1 → node-3  9.41 Gbit/s`
pub(super) fn line(record: &TestRecord) -> String {
    let result = match &record.outcome {
        Outcome::Ok(measurement) => rate(measurement.bits_per_second),
        Outcome::Failed(failure) => format!("failed: {}", failure.reason),
    };
    format!("{} → {}  {result}", record.client, record.server)
}

/// A rate in the unit that suits it alone.
pub(super) fn rate(bits_per_second: f64) -> String {
    let unit = RateUnit::of_largest(std::iter::once(bits_per_second));
    format!("{} {unit}", unit.figure(bits_per_second))
}
