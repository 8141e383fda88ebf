//! What is wrong, as sentences with their evidence, the gravest first.

mod failing;
mod measuring;
mod names;
mod retransmits;
mod slow;
mod telling;
#[cfg(test)]
mod tests;
mod two;

use super::summary::Way;
use crate::document::{Finding, FindingKind, Measure, Run, TestRecord};

/// What is wrong with the network of a run, or with its measurement.
pub(super) fn findings(run: &Run) -> Vec<Finding> {
    let mut findings = failing::unreachable(run);
    findings.extend(slow::findings(run));
    findings.extend(measuring::mtus(run));
    findings.extend(retransmits::findings(run));
    findings.extend(measuring::versions(run));
    findings.extend(measuring::cpu_bound(run));
    findings
}

/// One test of each pair that a finding would rest on, to be made again, alone, before it is told.
pub fn suspicious(run: &Run) -> Vec<&TestRecord> {
    slow::suspicious(run)
}

/// A finding about one way, or about all.
fn finding(kind: FindingKind, way: Option<Way>, sentence: String, subjects: Vec<String>) -> Finding {
    Finding {
        kind,
        path: way.map(|(path, _)| path),
        ip_family: way.and_then(|(_, ip_family)| ip_family),
        sentence,
        subjects,
        percent: None,
        pairs: Vec::new(),
        confirmation: None,
    }
}

/// Whether a test is one of throughput on a way.
fn is_of(test: &TestRecord, way: Way) -> bool {
    test.measure == Measure::Throughput && (test.path, test.ip_family) == way
}

/// The words that tell one way from the others: none if there are no others.
fn over(run: &Run, way: Way) -> String {
    let way = crate::document::Route { path: way.0, ip_family: way.1 }.to_string();
    if run.summary.throughput.len() > 1 { format!("over {way}, ") } else { String::new() }
}

/// `1 test`, `3 tests`.
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// A few names, and how many there are beside.
fn listed(names: &[String]) -> String {
    const NAMED: usize = 4;
    match names.len().saturating_sub(NAMED) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names[..NAMED].join(", ")),
    }
}
