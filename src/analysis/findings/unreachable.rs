//! Nodes that cannot send to, or receive from, any other node.

use super::{finding, route_prefix};
use crate::document::{
    FailureKind, Finding, FindingKind, NodeId, Outcome, PairSummary, Route, Run, ThroughputSummary,
};

/// A node with fewer failed pairs has no finding: failures are listed anyway.
const MIN_PAIRS: usize = 2;

/// The nodes all of whose pairs failed in a direction, while others were measured. What is the same on all
/// routes is one finding without a route.
pub(super) fn findings(run: &Run) -> Vec<Finding> {
    let mut by_route: Vec<(Route, Finding)> = Vec::new();
    for summary in &run.summary.throughput {
        let all_failed = summary.pairs.iter().all(|pair| pair.measured == 0);
        let none_failed = summary.pairs.iter().all(|pair| pair.failed == 0);
        if all_failed || none_failed {
            continue;
        }
        let route = summary.route;
        by_route.extend(run.nodes.iter().filter_map(|node| {
            let sentence = describe_failures(run, summary, node.name)?;
            let subjects = vec![node.name.to_string()];
            Some((route, finding(FindingKind::UnreachableNode, Some(route), sentence, subjects)))
        }));
    }
    let routes = run.summary.throughput.len();
    let mut findings: Vec<Finding> = Vec::new();
    for (route, finding) in &by_route {
        let same = by_route.iter().filter(|(_, other)| other.sentence == finding.sentence).count();
        let is_everywhere = same == routes;
        let prefix = if is_everywhere { String::new() } else { route_prefix(run, *route) };
        let finding = Finding {
            sentence: prefix + &finding.sentence,
            route: finding.route.filter(|_| !is_everywhere),
            ..finding.clone()
        };
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }
    findings
}

/// Whether no test of a node got as far as the network, because its server or client did not start.
fn was_unusable(run: &Run, route: Route, node: NodeId) -> bool {
    let tests = run.tests.iter().filter(|test| test.route == route);
    let mut tests = tests.filter(|test| test.client == node || test.server == node);
    tests.all(|test| {
        matches!(&test.outcome, Outcome::Failed(failure)
        if matches!(
            failure.kind,
            FailureKind::NodeUnusable | FailureKind::Refused | FailureKind::Unauthenticated
        ))
    })
}

/// None if the node both sent and received.
fn describe_failures(run: &Run, summary: &ThroughputSummary, node: NodeId) -> Option<String> {
    let pairs_with = |end: fn(&PairSummary) -> NodeId| -> Vec<&PairSummary> {
        summary.pairs.iter().filter(|pair| end(pair) == node).collect()
    };
    let (sent, received) = (pairs_with(|pair| pair.sender), pairs_with(|pair| pair.receiver));
    let all_failed =
        |pairs: &[&PairSummary]| pairs.len() >= MIN_PAIRS && pairs.iter().all(|pair| pair.measured == 0);
    let (problem, failed) = match (all_failed(&sent), all_failed(&received)) {
        (true, true) if was_unusable(run, summary.route, node) => {
            ("was not measured", sent.len() + received.len())
        }
        (true, true) => ("is unreachable in both directions", sent.len() + received.len()),
        (true, false) => ("reaches no other node", sent.len()),
        (false, true) => ("is unreachable", received.len()),
        (false, false) => return None,
    };
    let mut reasons: Vec<String> =
        sent.iter().chain(&received).filter_map(|pair| pair.failure.clone()).collect();
    reasons.sort_unstable();
    reasons.dedup();
    // several reasons are listed below the result; a common one explains the finding
    let reason = match reasons.as_slice() {
        [reason] => format!(" ({})", reason.strip_prefix(&format!("{node}: ")).unwrap_or(reason)),
        _ => String::new(),
    };
    Some(format!("{node} {problem}: all {failed} pairs failed{reason}"))
}
