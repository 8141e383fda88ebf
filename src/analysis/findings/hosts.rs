//! Properties of nodes that limit or distort the results: MTU, engine version, CPU.

use std::collections::{BTreeMap, HashMap};

use super::{MAX_NAMES, finding, route_prefix};
use crate::document::{Finding, FindingKind, Measure, Node, NodeId, Run, TestRecord, ThroughputSummary};
use crate::engine::throughput_engine;
use crate::quantity::{join_first, plural};

/// Nodes whose MTU differs from the most frequent one, by the MSS of their tests; one finding per route.
pub(super) fn mtu_findings(run: &Run) -> Vec<Finding> {
    if run.parameters.measurement.mss_bytes.is_some() || run.nodes.len() < 3 {
        return Vec::new();
    }
    run.summary.throughput.iter().filter_map(|summary| mtu_finding(run, summary)).collect()
}

fn mtu_finding(run: &Run, summary: &ThroughputSummary) -> Option<Finding> {
    let route = summary.route;
    // a connection uses the smaller MSS of its two ends, so the largest MSS of a node is its own
    let mut largest: HashMap<NodeId, u32> = HashMap::new();
    for test in run.tests.iter().filter(|test| test.route == route) {
        let Some(mss) = test.outcome.throughput().and_then(|result| result.mss_bytes) else {
            continue;
        };
        for node in [test.client, test.server] {
            let own = largest.entry(node).or_default();
            *own = mss.max(*own);
        }
    }
    let mss_of = |node: &'_ Node| Some((node.name, *largest.get(&node.name)?));
    let nodes: Vec<(NodeId, u32)> = run.nodes.iter().filter_map(mss_of).collect();
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for (_, mss) in &nodes {
        *counts.entry(*mss).or_default() += 1;
    }
    // of two that are equally frequent, the larger one is taken as usual
    let (&usual, _) = counts.iter().max_by_key(|(mss, count)| (**count, **mss))?;
    let deviating: Vec<(NodeId, u32)> = nodes.into_iter().filter(|(_, mss)| *mss != usual).collect();
    if deviating.is_empty() {
        return None;
    }
    let list: Vec<String> = deviating.iter().map(|(name, mss)| format!("{mss} bytes on {name}")).collect();
    let sentence = format!(
        "{}MTU differs: the TCP MSS is {usual} bytes, but {}",
        route_prefix(run, route),
        join_first(&list, MAX_NAMES)
    );
    let subjects = deviating.into_iter().map(|(name, _)| name.to_string()).collect();
    Some(finding(FindingKind::Mtu, Some(route), sentence, subjects))
}

/// Nodes with different versions of the engine.
pub(super) fn version_finding(run: &Run) -> Option<Finding> {
    let engine = run.parameters.measurement.engine;
    let mut nodes: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for node in &run.nodes {
        if let Some(version) = node.engines.get(engine) {
            nodes.entry(version).or_default().push(node.name.to_string());
        }
    }
    if nodes.len() < 2 {
        return None;
    }
    let list: Vec<String> = nodes
        .iter()
        .map(|(version, names)| format!("{version} on {}", join_first(names, MAX_NAMES)))
        .collect();
    let subjects = nodes.values().flatten().cloned().collect();
    let sentence = format!("{} versions differ: {}", engine.name(), list.join("; "));
    Some(finding(FindingKind::Versions, None, sentence, subjects))
}

/// Tests in which the engine saturated its CPU.
pub(super) fn cpu_finding(run: &Run) -> Option<Finding> {
    let options = &run.parameters.measurement;
    let engine = throughput_engine(options.engine);
    // old versions use a single thread: the node with the fewest threads limits the others
    let streams = options.parallel * if options.bidirectional { 2 } else { 1 };
    let threads = |node: &Node| engine.client_threads(node.engines.get(options.engine), streams);
    let threads = run.nodes.iter().map(threads).min().unwrap_or(1);
    let bound: Vec<&TestRecord> = run.tests.iter().filter(|test| test.is_cpu_bound(threads)).collect();
    if bound.is_empty() {
        return None;
    }
    let mut busy: Vec<String> = bound.iter().map(|test| test.busier_node().to_string()).collect();
    busy.sort_unstable();
    busy.dedup();
    let all = run.tests.iter().filter(|test| test.measure == Measure::Throughput).count();
    let sentence = format!(
        "CPU-bound: {} saturated its CPU in {} of {} (on {}); {} limited by the CPU, not by the network",
        engine.program(),
        bound.len(),
        plural(all, "test"),
        join_first(&busy, MAX_NAMES),
        if bound.len() == 1 { "this result is" } else { "these results are" }
    );
    Some(finding(FindingKind::CpuBound, None, sentence, busy))
}
