//! Progress in a pipe or a log: a plain line per finished test.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::console::note;
use kubectl_netbench::document::{FailureKind, Measure, Measurement, NodeId, Outcome, Route, TestRecord};
use kubectl_netbench::quantity::{duration, rate};
use kubectl_netbench::runner::{Event, Settings};
use kubectl_netbench::testbed::{ServerState, Unusable};

/// Writes a line per finished test.
pub struct Lines {
    tests: usize,
    finished: AtomicUsize,
    /// The nodes whose servers did not start; the reasons are printed already.
    failed_nodes: Mutex<HashSet<NodeId>>,
    labels: Labels,
}

impl Lines {
    pub(super) fn new(tests: usize, settings: &Settings) -> Self {
        Self {
            tests,
            finished: AtomicUsize::new(0),
            failed_nodes: Mutex::default(),
            labels: Labels::new(settings),
        }
    }

    pub(super) fn observe(&self, event: &Event) {
        match event {
            Event::Server { node, state: ServerState::Failed(unusable) } => {
                self.failed_nodes().insert(*node);
                note(&server_failed(*node, unusable));
            }
            Event::Server { node, state: ServerState::Restored(lost) } => note(&server_restored(*node, lost)),
            Event::Noted(noted) => note(&noted.to_string()),
            Event::TestEnded { record } => {
                let number = self.finished.fetch_add(1, Ordering::Relaxed) + 1;
                let digits = self.tests.to_string().len();
                let is_unusable = matches!(&record.outcome,
                    Outcome::Failed(failure) if failure.kind == FailureKind::NodeUnusable);
                let ends = [record.client, record.server].into_iter().filter(|_| is_unusable);
                let line = match ends.into_iter().find(|node| self.failed_nodes().contains(node)) {
                    Some(node) => self.labels.line(record, &format!("failed: {node} cannot be measured")),
                    None => self.labels.result_line(record),
                };
                note(&format!("[{number:>digits$}/{}] {line}", self.tests));
            }
            _ => {}
        }
    }

    fn failed_nodes(&self) -> MutexGuard<'_, HashSet<NodeId>> {
        // nothing panics while holding the lock
        self.failed_nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// That a node has no server. The remedy is printed below the result.
pub(super) fn server_failed(node: NodeId, unusable: &Unusable) -> String {
    format!("{node} cannot be measured: {}", unusable.reason())
}

/// That a lost server was restored during the run.
pub(super) fn server_restored(node: NodeId, lost: &Unusable) -> String {
    format!("{node}: server restored ({})", lost.reason())
}

/// Labels tests by what distinguishes them within the run.
pub(super) struct Labels {
    has_several_routes: bool,
}

impl Labels {
    pub(super) fn new(settings: &Settings) -> Self {
        Self { has_several_routes: settings.routes().len() > 1 }
    }

    /// The route and measure of a test, to follow the names of its nodes: ` over service, latency`.
    pub(super) fn suffix(&self, measure: Measure, route: Route) -> String {
        let route = if self.has_several_routes { format!(" over {route}") } else { String::new() };
        match measure {
            Measure::Throughput => route,
            Measure::Latency => format!("{route}, latency"),
        }
    }

    /// `node-1 → node-3  9.41 Gbit/s`
    pub(super) fn result_line(&self, record: &TestRecord) -> String {
        let result = match &record.outcome {
            Outcome::Ok(Measurement::Throughput(throughput)) => {
                let lost = throughput.udp.map(|udp| format!(", {:.2}% lost", udp.lost_percent));
                rate(throughput.bits_per_second) + &lost.unwrap_or_default()
            }
            Outcome::Ok(Measurement::Latency(latency)) => duration(latency.mean_microseconds),
            Outcome::Failed(failure) => format!("failed: {}", failure.reason),
        };
        self.line(record, &result)
    }

    fn line(&self, record: &TestRecord, result: &str) -> String {
        let (sender, receiver) = record.sender_and_receiver();
        let suffix = self.suffix(record.measure, record.route);
        format!("{sender} → {receiver}{suffix}  {result}")
    }
}
