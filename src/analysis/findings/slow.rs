//! Which node, direction, link or zone is slow: the diagnosis in terms of a run.

use super::is_of;
use super::names::Names;
use super::telling::Telling;
use super::two::{slower_way, way_back};
use crate::analysis::diagnosis::{self, Fault, Verdict};
use crate::analysis::statistics::median;
use crate::document::{Finding, Run, TestRecord, ThroughputSummary};

/// The findings about slow pairs, way by way.
pub(super) fn findings(run: &Run) -> Vec<Finding> {
    run.summary.throughput.iter().flat_map(|summary| of_way(run, summary)).collect()
}

/// One test of each pair that is to be measured again.
pub(super) fn suspicious(run: &Run) -> Vec<&TestRecord> {
    let of_way = |summary: &ThroughputSummary| {
        let names = Names::of(run);
        let grid = names.grid(run, summary);
        let pairs = match names.nodes.len() {
            2 => slower_way(&grid).map(|slow| slow.pair).into_iter().collect(),
            nodes => diagnosis::to_measure_again(&diagnosis::suspects(&grid), nodes),
        };
        let way = (summary.path, summary.ip_family);
        pairs
            .into_iter()
            .filter_map(|(sender, receiver)| {
                run.tests.iter().find(|test| {
                    is_of(test, way)
                        && test.sender_and_receiver() == (names.nodes[sender], names.nodes[receiver])
                })
            })
            .collect::<Vec<_>>()
    };
    // what is sent to one server outside goes one at a time in any case
    if run.parameters.external_server().is_some() {
        return Vec::new();
    }
    run.summary.throughput.iter().flat_map(of_way).collect()
}

fn of_way(run: &Run, summary: &ThroughputSummary) -> Vec<Finding> {
    let way = (summary.path, summary.ip_family);
    let names = Names::of(run);
    let grid = names.grid(run, summary);
    if names.nodes.len() == 2 {
        return way_back(run, way, &names, &grid).into_iter().collect();
    }
    let faults = diagnosis::suspects(&grid);
    let again = names.again(run, way);
    let was_tried = run.retests.iter().any(|test| is_of(test, way));
    let judged: Vec<(Fault, Option<Verdict>)> = if was_tried {
        let judged = diagnosis::judge(&grid, faults, &again).into_iter();
        let judged = judged.map(|(fault, verdict)| (fault, Some(verdict)));
        judged.filter(|(fault, verdict)| is_told(fault, *verdict)).collect()
    } else {
        diagnosis::certain(faults).into_iter().map(|fault| (fault, None)).collect()
    };
    let usual = median(grid.rates.iter().flatten().flatten().copied().collect()).unwrap_or_default();
    let telling = Telling { run, way, names: &names, grid: &grid, usual, again: &again };
    judged.iter().map(|(fault, verdict)| telling.finding(fault, *verdict)).collect()
}

fn is_told(fault: &Fault, verdict: Option<Verdict>) -> bool {
    match verdict {
        Some(Verdict::Recovered) => false,
        Some(Verdict::NotMeasured) => fault.is_certain(),
        _ => true,
    }
}
