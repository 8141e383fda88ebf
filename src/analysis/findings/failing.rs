//! Nodes that nothing gets to, or from.

use super::{finding, listed};
use crate::analysis::summary::Way;
use crate::document::{
    FailureKind, Finding, FindingKind, Outcome, PairSummary, Run, TestRecord, ThroughputSummary,
};

/// With fewer pairs, a node that fails is no more than the failures that are told in any case.
const FEWEST_PAIRS: usize = 2;

/// The nodes all of whose pairs failed while others were measured, the same on all ways told once.
pub(super) fn unreachable(run: &Run) -> Vec<Finding> {
    let mut told: Vec<(Way, String, Finding)> = Vec::new();
    for summary in &run.summary.throughput {
        if summary.pairs.iter().all(|pair| pair.measured == 0) {
            continue;
        }
        if summary.pairs.iter().all(|pair| pair.failed == 0) {
            continue;
        }
        let way = (summary.path, summary.ip_family);
        let failing = run.nodes.iter().filter_map(|node| Some((node, of_node(run, summary, &node.name)?)));
        told.extend(failing.map(|(node, sentence)| {
            let subjects = vec![node.name.clone()];
            let finding = finding(FindingKind::UnreachableNode, Some(way), sentence.clone(), subjects);
            (way, sentence, finding)
        }));
    }
    let ways = run.summary.throughput.len();
    let mut findings: Vec<Finding> = Vec::new();
    for (way, sentence, finding) in &told {
        let same = told.iter().filter(|(_, other, _)| other == sentence).count();
        let everywhere = same == ways;
        let finding = Finding {
            sentence: if everywhere { sentence.clone() } else { super::over(run, *way) + sentence },
            path: finding.path.filter(|_| !everywhere),
            ip_family: finding.ip_family.filter(|_| !everywhere),
            ..finding.clone()
        };
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }
    findings
}

/// Whether the tests of a node did not fail in the network, but had no server or client there.
fn was_unusable(run: &Run, summary: &ThroughputSummary, node: &str) -> bool {
    let of_way = |test: &&TestRecord| (test.path, test.ip_family) == (summary.path, summary.ip_family);
    let of_node = |test: &&TestRecord| test.client == node || test.server == node;
    let mut tests = run.tests.iter().filter(of_way).filter(of_node);
    tests.all(|test| {
        matches!(&test.outcome, Outcome::Failed(failure)
            if matches!(failure.kind, FailureKind::NodeUnusable | FailureKind::Refused))
    })
}

fn of_node(run: &Run, summary: &ThroughputSummary, node: &str) -> Option<String> {
    let of = |end: fn(&PairSummary) -> &String| -> Vec<&PairSummary> {
        summary.pairs.iter().filter(|pair| end(pair) == node).collect()
    };
    let (sent, received) = (of(|pair| &pair.sender), of(|pair| &pair.receiver));
    let failed =
        |pairs: &[&PairSummary]| pairs.len() >= FEWEST_PAIRS && pairs.iter().all(|pair| pair.measured == 0);
    let what = match (failed(&sent), failed(&received)) {
        (true, true) if was_unusable(run, summary, node) => {
            format!("{node} was not measured: {} pairs failed", sent.len() + received.len())
        }
        (true, true) => {
            format!("nothing gets from or to {node}: {} pairs failed", sent.len() + received.len())
        }
        (true, false) => format!("nothing gets from {node}: {} of {} pairs failed", sent.len(), sent.len()),
        (false, true) => {
            format!("nothing gets to {node}: {} of {} pairs failed", received.len(), received.len())
        }
        (false, false) => return None,
    };
    let mut reasons: Vec<String> =
        sent.iter().chain(&received).filter_map(|pair| pair.failure.clone()).collect();
    reasons.sort_unstable();
    reasons.dedup();
    // one reason for all explains; several are listed below the result
    Some(if reasons.len() == 1 { format!("{what} ({})", listed(&reasons)) } else { what })
}
