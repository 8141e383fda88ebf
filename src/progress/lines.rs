//! Progress in a pipe or a log: a plain line per finished test.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::console::note;
use kubectl_netbench::document::{Measure, Measurement, NodeId, Outcome, Route, TestRecord, node_names};
use kubectl_netbench::quantity::{duration, rate};
use kubectl_netbench::runner::{Event, Settings};
use kubectl_netbench::testbed::{ServerState, Unusable};

/// Writes a line per finished test.
pub struct Lines {
    tests: usize,
    finished: AtomicUsize,
    failed_nodes: Mutex<FailedNodes>,
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
                self.failed_nodes().add(*node, unusable);
            }
            Event::SlotStarted { .. } => self.failed_nodes().new_lines().iter().for_each(|line| note(line)),
            Event::Server { node, state: ServerState::Restored(lost) } => note(&server_restored(*node, lost)),
            Event::Noted(noted) => note(&noted.to_string()),
            Event::TestEnded { record } => {
                let number = self.finished.fetch_add(1, Ordering::Relaxed) + 1;
                if self.failed_nodes().explain(record) {
                    return;
                }
                let digits = self.tests.to_string().len();
                let line = self.labels.result_line(record);
                note(&format!("[{number:>digits$}/{}] {line}", self.tests));
            }
            _ => {}
        }
    }

    fn failed_nodes(&self) -> MutexGuard<'_, FailedNodes> {
        // nothing panics while holding the lock
        self.failed_nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The nodes whose servers did not start, by reason. The remedies are printed below the result.
#[derive(Default)]
pub(super) struct FailedNodes {
    reasons: Vec<(String, Vec<NodeId>)>,
    /// How many of the reasons were printed.
    printed: usize,
}

impl FailedNodes {
    pub(super) fn add(&mut self, node: NodeId, unusable: &Unusable) {
        let unprinted = &mut self.reasons[self.printed..];
        match unprinted.iter_mut().find(|(reason, _)| reason == unusable.reason()) {
            Some((_, nodes)) => nodes.push(node),
            None => self.reasons.push((unusable.reason().to_owned(), vec![node])),
        }
    }

    /// A line for each reason since the last call.
    pub(super) fn new_lines(&mut self) -> Vec<String> {
        let new = &mut self.reasons[self.printed..];
        let line = |(reason, nodes): &mut (String, Vec<NodeId>)| {
            nodes.sort_unstable();
            format!("{} cannot be measured: {reason}", node_names(nodes))
        };
        let lines = new.iter_mut().map(line).collect();
        self.printed = self.reasons.len();
        lines
    }

    /// Whether a printed reason explains why a test has failed.
    pub(super) fn explain(&self, record: &TestRecord) -> bool {
        let Outcome::Failed(failure) = &record.outcome else { return false };
        let explains = |(reason, nodes): &(String, Vec<NodeId>)| {
            *reason == failure.reason && failure.node.is_some_and(|node| nodes.contains(&node))
        };
        self.reasons[..self.printed].iter().any(explains)
    }
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
            Outcome::Failed(failure) => format!("failed: {failure}"),
        };
        self.line(record, &result)
    }

    fn line(&self, record: &TestRecord, result: &str) -> String {
        let (sender, receiver) = record.sender_and_receiver();
        let suffix = self.suffix(record.measure, record.route);
        format!("{sender} → {receiver}{suffix}  {result}")
    }
}
