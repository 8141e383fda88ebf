//! Slow nodes, directions, links and zones: runs the diagnosis on the results of a run.

use super::asymmetry::{asymmetry_finding, find_slow_direction};
use super::is_throughput_test_on;
use super::node_index::NodeIndex;
use super::render::FindingRenderer;
use crate::analysis::diagnosis::{self, Fault, RetestVerdict};
use crate::analysis::statistics::median;
use crate::document::{Finding, Run, TestRecord, ThroughputSummary};

/// The findings about slow pairs of all routes.
pub(super) fn findings(run: &Run) -> Vec<Finding> {
    run.summary.throughput.iter().flat_map(|summary| route_findings(run, summary)).collect()
}

/// One test of each pair to retest.
pub(super) fn suspicious_tests(run: &Run) -> Vec<&TestRecord> {
    // clients share a single external server one after another, so its tests are isolated already
    if run.external_server().is_some() {
        return Vec::new();
    }
    run.summary.throughput.iter().flat_map(|summary| suspicious_tests_on_route(run, summary)).collect()
}

fn suspicious_tests_on_route<'a>(run: &'a Run, summary: &ThroughputSummary) -> Vec<&'a TestRecord> {
    let index = NodeIndex::new(run);
    let grid = index.grid(run, summary);
    let pairs = match index.nodes.len() {
        2 => find_slow_direction(&grid).map(|slow| slow.pair).into_iter().collect(),
        nodes => diagnosis::select_pairs_to_retest(&diagnosis::find_suspects(&grid), nodes),
    };
    let route = summary.route;
    let first_test = |(sender, receiver): (usize, usize)| {
        let ends = (index.nodes[sender], index.nodes[receiver]);
        let mut tests = run.tests.iter().filter(|test| is_throughput_test_on(route, test));
        tests.find(|test| test.sender_and_receiver() == ends)
    };
    pairs.into_iter().filter_map(first_test).collect()
}

fn route_findings(run: &Run, summary: &ThroughputSummary) -> Vec<Finding> {
    let route = summary.route;
    let index = NodeIndex::new(run);
    let grid = index.grid(run, summary);
    if index.nodes.len() == 2 {
        return asymmetry_finding(run, route, &index, &grid).into_iter().collect();
    }
    let faults = diagnosis::find_suspects(&grid);
    let retests = index.retested_rates(run, route);
    let was_retested = run.retests.iter().any(|test| is_throughput_test_on(route, test));
    let judged: Vec<(Fault, Option<RetestVerdict>)> = if was_retested {
        let judged = diagnosis::judge(&grid, faults, &retests).into_iter();
        let reportable = judged.filter(|(fault, verdict)| is_reportable(fault, *verdict));
        reportable.map(|(fault, verdict)| (fault, Some(verdict))).collect()
    } else {
        diagnosis::retain_certain(faults).into_iter().map(|fault| (fault, None)).collect()
    };
    let median_rate = median(grid.rates.values().copied().collect()).unwrap_or_default();
    let renderer = FindingRenderer { run, route, index: &index, grid: &grid, median_rate, retests: &retests };
    judged.iter().map(|(fault, verdict)| renderer.render(fault, *verdict)).collect()
}

fn is_reportable(fault: &Fault, verdict: RetestVerdict) -> bool {
    match verdict {
        RetestVerdict::Dismissed => false,
        RetestVerdict::NotRetested => fault.is_certain(),
        RetestVerdict::Confirmed | RetestVerdict::NormalAlone => true,
    }
}
