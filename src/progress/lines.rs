//! Progress in a pipe or a log: one plain line per finished test.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::console::note;
use kubectl_netbench::document::{IpFamily, Measure, Measurement, Outcome, Path, Route, TestRecord};
use kubectl_netbench::quantity::{duration, rate};
use kubectl_netbench::runner::{Event, Settings};
use kubectl_netbench::testbed::{Starting, Unusable};

/// Writes lines.
pub struct Lines {
    tests: usize,
    ended: AtomicUsize,
    words: Words,
}

impl Lines {
    pub(super) fn new(tests: usize, settings: &Settings) -> Self {
        Self { tests, ended: AtomicUsize::new(0), words: Words::new(settings) }
    }

    pub(super) fn observe(&self, event: &Event) {
        match event {
            Event::Server { node, starting: Starting::Failed(unusable) } => {
                note(&server_failed(node, unusable));
            }
            Event::Server { node, starting: Starting::PutBack(lost) } => note(&put_back(node, lost)),
            Event::TestEnded { record } => {
                let number = self.ended.fetch_add(1, Ordering::Relaxed) + 1;
                let digits = self.tests.to_string().len();
                note(&format!("[{number:>digits$}/{}] {}", self.tests, self.words.line(record)));
            }
            _ => {}
        }
    }
}

/// Why a node drops out. What to do about it stands below the result.
pub(super) fn server_failed(node: &str, unusable: &Unusable) -> String {
    format!("{node} cannot be measured: {}", unusable.reason())
}

/// That a server went away during the run.
pub(super) fn put_back(node: &str, lost: &Unusable) -> String {
    format!("{node} has got its server back: {}", lost.reason())
}

/// Tests in a few words, as many as are needed to tell them apart.
pub(super) struct Words {
    several_ways: bool,
}

impl Words {
    pub(super) fn new(settings: &Settings) -> Self {
        Self { several_ways: settings.routes.len() > 1 }
    }

    /// What is measured, in words that follow those of a pair.
    pub(super) fn what(&self, measure: Measure, path: Path, ip_family: Option<IpFamily>) -> String {
        let path =
            if self.several_ways { format!(" over {}", Route { path, ip_family }) } else { String::new() };
        match measure {
            Measure::Throughput => path,
            Measure::Latency => format!("{path}, latency"),
        }
    }

    /// `node-1 → node-3  9.41 Gbit/s`
    pub(super) fn line(&self, record: &TestRecord) -> String {
        let result = match &record.outcome {
            Outcome::Ok(Measurement::Throughput(throughput)) => {
                let lost = throughput.udp.map(|udp| format!(", {:.2}% lost", udp.lost_percent));
                rate(throughput.bits_per_second) + &lost.unwrap_or_default()
            }
            Outcome::Ok(Measurement::Latency(latency)) => duration(latency.mean_microseconds),
            Outcome::Failed(failure) => format!("failed: {}", failure.reason),
        };
        let (sender, receiver) = record.sender_and_receiver();
        format!("{sender} → {receiver}{}  {result}", self.what(record.measure, record.path, record.ip_family))
    }
}
