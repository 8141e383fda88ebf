//! `JUnit`'s XML, as pipelines read it: each pair a case, which failed if it failed a gate or not all
//! of its tests were measured.

use std::collections::HashMap;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::View;
use crate::analysis::{Cell, Matrix};
use crate::document::{Breach, LatencyPair, PairSummary, Route, Run, ThroughputSummary};
use crate::quantity::{duration, rate};

pub(super) struct Junit;

impl View for Junit {
    fn render(&self, run: &Run) -> String {
        let mut report = Report::new("kubectl-netbench");
        let seconds = (run.finished_at - run.started_at).total(jiff::Unit::Second).unwrap_or_default();
        report.set_time(Duration::from_secs_f64(seconds.max(0.0)));
        let breaches = by_pair(run);
        for summary in &run.summary.throughput {
            let way = Route { path: summary.path, ip_family: summary.ip_family }.to_string();
            let mut suite = suite(run, &format!("throughput over {way}"));
            suite.add_test_cases(summary.pairs.iter().map(|pair| throughput(&way, pair, &breaches)));
            suite.add_test_cases(missing(run, summary, &way));
            report.add_test_suite(suite);
        }
        for summary in &run.summary.latency {
            let way = Route { path: summary.path, ip_family: summary.ip_family }.to_string();
            let mut suite = suite(run, &format!("latency over {way}"));
            suite.add_test_cases(summary.pairs.iter().map(|pair| latency(&way, pair)));
            report.add_test_suite(suite);
        }
        // the report goes to memory: nothing can fail
        report.to_string().unwrap_or_default()
    }
}

/// Breaches by way, sender and receiver.
type Breaches<'a> = HashMap<(String, &'a str, &'a str), Vec<&'a Breach>>;

fn by_pair(run: &Run) -> Breaches<'_> {
    let mut pairs = Breaches::new();
    for breach in &run.breaches {
        let way = Route { path: breach.path, ip_family: breach.ip_family }.to_string();
        pairs.entry((way, &breach.sender, &breach.receiver)).or_default().push(breach);
    }
    pairs
}

fn suite(run: &Run, name: &str) -> TestSuite {
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

fn throughput(way: &str, pair: &PairSummary, breaches: &Breaches) -> TestCase {
    let key = (way.to_owned(), pair.sender.as_str(), pair.receiver.as_str());
    let status = match (breaches.get(&key), &pair.failure) {
        // one that was not measured is told by its reason, whatever it had to reach
        (Some(breaches), _) if pair.measured > 0 => {
            let words = breaches.iter().map(|breach| {
                let reached = breach.bits_per_second.map_or_else(|| "nothing".to_owned(), rate);
                format!("{}: {reached} of {}", breach.gate, rate(breach.limit_bits_per_second))
            });
            non_success(NonSuccessKind::Failure, "gate", &words.collect::<Vec<_>>().join("; "))
        }
        (_, Some(reason)) => not_measured(pair.measured, pair.failed, reason),
        _ => TestCaseStatus::success(),
    };
    case(way, (&pair.sender, &pair.receiver), status, pair.mean_bits_per_second.map(rate))
}

fn latency(way: &str, pair: &LatencyPair) -> TestCase {
    let status = match &pair.failure {
        Some(reason) => not_measured(pair.measured, pair.failed, reason),
        None => TestCaseStatus::success(),
    };
    case(
        &format!("{way}.latency"),
        (&pair.client, &pair.server),
        status,
        pair.mean_microseconds.map(duration),
    )
}

/// The pairs whose turn did not come.
fn missing(run: &Run, summary: &ThroughputSummary, way: &str) -> Vec<TestCase> {
    let matrix = Matrix::of_throughput(run, summary);
    let rows = matrix.rows.iter().zip(&matrix.cells);
    let cells = rows.flat_map(|(row, cells)| matrix.columns.iter().zip(cells).map(move |cell| (row, cell)));
    let missing = cells.filter(|(_, (_, cell))| **cell == Cell::NotMeasured);
    missing.map(|(row, (column, _))| case(way, (row, column), TestCaseStatus::skipped(), None)).collect()
}

fn not_measured(measured: usize, failed: usize, reason: &str) -> TestCaseStatus {
    if measured == 0 {
        return non_success(NonSuccessKind::Error, "not measured", reason);
    }
    let message = format!("{failed} of {} tests failed: {reason}", measured + failed);
    non_success(NonSuccessKind::Failure, "partly measured", &message)
}

fn non_success(kind: NonSuccessKind, what: &str, message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(message).set_type(what);
    status
}

fn case(way: &str, (one, other): (&str, &str), status: TestCaseStatus, figure: Option<String>) -> TestCase {
    let mut case = TestCase::new(format!("{one} → {other}"), status);
    case.set_classname(format!("netbench.{}", way.replace(' ', "-")));
    if let Some(figure) = figure {
        case.set_system_out(figure);
    }
    case
}
