//! Findings: problems of the network or its measurement, each with its evidence.

mod asymmetry;
mod hosts;
mod node_index;
mod render;
mod retransmits;
mod slow;
#[cfg(test)]
mod tests;
mod unreachable;

use crate::document::{Finding, FindingKind, Measure, Route, Run, TestRecord};

/// All findings of a run, the most severe first.
pub(super) fn findings(run: &Run) -> Vec<Finding> {
    let mut findings = unreachable::findings(run);
    findings.extend(slow::findings(run));
    findings.extend(hosts::mtu_findings(run));
    findings.extend(retransmits::findings(run));
    findings.extend(hosts::version_finding(run));
    findings.extend(hosts::cpu_finding(run));
    findings
}

/// The tests to repeat in isolation before a finding is reported: one of each suspicious pair.
pub fn suspicious(run: &Run) -> Vec<&TestRecord> {
    slow::suspicious_tests(run)
}

/// A finding about one route, or about all.
fn finding(kind: FindingKind, route: Option<Route>, sentence: String, subjects: Vec<String>) -> Finding {
    Finding { kind, route, sentence, subjects, percent: None, pairs: Vec::new(), confirmation: None }
}

fn is_throughput_test_on(route: Route, test: &TestRecord) -> bool {
    test.measure == Measure::Throughput && test.route == route
}

/// `on path pod over IPv4, ` to start a sentence with; empty if the run has a single route.
fn route_prefix(run: &Run, route: Route) -> String {
    if run.summary.throughput.len() > 1 { format!("on path {route}, ") } else { String::new() }
}

/// The most names that a sentence lists.
const MAX_NAMES: usize = 4;
