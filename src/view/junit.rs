//! JUnit XML for CI. Each pair is a test case; it fails if it fails a gate, or if any of its tests failed.

use std::collections::HashMap;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::text::pair_name;
use crate::analysis::{Cell, Matrix};
use crate::document::{
    Breach, Failure, LatencyPair, Measure, NodeId, Outcome, PairSummary, Route, Run, ThroughputSummary,
};
use crate::quantity::{duration, rate};

pub(super) fn render(run: &Run) -> String {
    let mut report = Report::new("kubectl-netbench");
    let seconds = (run.finished_at - run.started_at).total(jiff::Unit::Second).unwrap_or_default();
    report.set_time(Duration::from_secs_f64(seconds.max(0.0)));
    let (breaches, failures) = (breaches_by_pair(run), failures_by_pair(run));
    for summary in &run.summary.throughput {
        let route = summary.route.to_string();
        let mut suite = new_suite(run, &format!("throughput over {route}"));
        suite.add_test_cases(summary.pairs.iter().map(|pair| {
            let key = (Measure::Throughput, summary.route, pair.sender, pair.receiver);
            throughput_case(summary.route, pair, &breaches, failures.get(&key).copied())
        }));
        suite.add_test_cases(skipped_cases(run, summary, &route));
        report.add_test_suite(suite);
    }
    for summary in &run.summary.latency {
        let route = summary.route.to_string();
        let mut suite = new_suite(run, &format!("latency over {route}"));
        suite.add_test_cases(summary.pairs.iter().map(|pair| {
            let key = (Measure::Latency, summary.route, pair.client, pair.server);
            latency_case(&route, pair, failures.get(&key).copied())
        }));
        report.add_test_suite(suite);
    }
    // the writer is in memory, so this cannot fail
    report.to_string().unwrap_or_default()
}

/// By route, sender and receiver.
type Breaches<'a> = HashMap<(Route, NodeId, NodeId), Vec<&'a Breach>>;

fn breaches_by_pair(run: &Run) -> Breaches<'_> {
    let mut pairs = Breaches::new();
    for breach in &run.breaches {
        pairs.entry((breach.route, breach.sender, breach.receiver)).or_default().push(breach);
    }
    pairs
}

/// The last failure by measure, route, sender and receiver.
type Failures<'a> = HashMap<(Measure, Route, NodeId, NodeId), &'a Failure>;

fn failures_by_pair(run: &Run) -> Failures<'_> {
    let failed = run.tests.iter().filter_map(|test| {
        let Outcome::Failed(failure) = &test.outcome else { return None };
        let (sender, receiver) = test.sender_and_receiver();
        Some(((test.measure, test.route, sender, receiver), failure))
    });
    failed.collect()
}

fn new_suite(run: &Run, name: &str) -> TestSuite {
    let mut suite = TestSuite::new(name);
    suite.add_property(("run", run.id.as_str()));
    if let Some(context) = run.cluster.as_ref().and_then(|cluster| cluster.context.as_deref()) {
        suite.add_property(("context", context));
    }
    for finding in &run.findings {
        suite.add_property(("finding", finding.sentence.as_str()));
    }
    suite
}

fn throughput_case(
    route: Route,
    pair: &PairSummary,
    breaches: &Breaches,
    failure: Option<&Failure>,
) -> TestCase {
    let key = (route, pair.sender, pair.receiver);
    let status = match (breaches.get(&key), &pair.failure) {
        // if no test succeeded, the reason of the failure says more than the gate
        (Some(breaches), _) if pair.measured > 0 => {
            let messages = breaches.iter().map(|breach| {
                let measured = breach.bits_per_second.map_or_else(|| "not measured".to_owned(), rate);
                format!("{}: {measured}, limit {}", breach.gate, rate(breach.limit_bits_per_second))
            });
            non_success(NonSuccessKind::Failure, "gate", &messages.collect::<Vec<_>>().join("; "), None)
        }
        (_, Some(reason)) => failed_tests(pair.measured, pair.failed, reason, failure),
        _ => TestCaseStatus::success(),
    };
    new_case(&route.to_string(), (pair.sender, pair.receiver), status, pair.mean_bits_per_second().map(rate))
}

fn latency_case(route: &str, pair: &LatencyPair, failure: Option<&Failure>) -> TestCase {
    let status = match &pair.failure {
        Some(reason) => failed_tests(pair.measured, pair.failed, reason, failure),
        None => TestCaseStatus::success(),
    };
    new_case(
        &format!("{route}.latency"),
        (pair.client, pair.server),
        status,
        pair.mean_microseconds().map(duration),
    )
}

/// Pairs that a partial run did not reach.
fn skipped_cases(run: &Run, summary: &ThroughputSummary, route: &str) -> Vec<TestCase> {
    let matrix = Matrix::of_throughput(run, summary);
    let rows = matrix.rows.iter().zip(&matrix.cells);
    let cells = rows.flat_map(|(row, cells)| matrix.columns.iter().zip(cells).map(move |cell| (row, cell)));
    let missing = cells.filter(|(_, (_, cell))| **cell == Cell::NotMeasured);
    missing
        .map(|(row, (column, _))| new_case(route, (*row, *column), TestCaseStatus::skipped(), None))
        .collect()
}

/// The type is the kind of the last failure, as in JSON.
fn failed_tests(measured: usize, failed: usize, reason: &str, failure: Option<&Failure>) -> TestCaseStatus {
    let kind = failure.and_then(|failure| serde_json::to_value(failure.kind).ok());
    let kind = kind.as_ref().and_then(serde_json::Value::as_str).unwrap_or("failed");
    let remedy = failure.and_then(|failure| failure.remedy.as_deref());
    if measured == 0 {
        return non_success(NonSuccessKind::Error, kind, reason, remedy);
    }
    let message = format!("{failed} of {} tests failed: {reason}", measured + failed);
    non_success(NonSuccessKind::Failure, kind, &message, remedy)
}

/// The message is also the content of the element: some CI systems show only one of them.
fn non_success(
    kind: NonSuccessKind,
    error_type: &str,
    message: &str,
    remedy: Option<&str>,
) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    let content = remedy.map_or_else(|| message.to_owned(), |remedy| format!("{message}\nhelp: {remedy}"));
    status.set_message(message).set_type(error_type).set_description(content);
    status
}

fn new_case(
    route: &str,
    (sender, receiver): (NodeId, NodeId),
    status: TestCaseStatus,
    value: Option<String>,
) -> TestCase {
    let mut case = TestCase::new(pair_name(sender, receiver), status);
    case.set_classname(format!("netbench.{}", route.replace(' ', "-")));
    if let Some(value) = value {
        case.set_system_out(value);
    }
    case
}
