//! What says more about the measurement or its hosts than about the network between them.

use std::collections::{BTreeMap, HashMap};

use super::{counted, finding, listed, over};
use crate::document::{Finding, FindingKind, Measure, Node, Run, TestRecord};
use crate::engine::throughput_engine;

/// Nodes with another MTU than most, by the segments of their tests.
pub(super) fn mtus(run: &Run) -> Vec<Finding> {
    if run.parameters.measurement.mss_bytes.is_some() || run.nodes.len() < 3 {
        return Vec::new();
    }
    let of_way = |summary: &crate::document::ThroughputSummary| {
        let way = (summary.path, summary.ip_family);
        // a connection has the smaller size of its two ends: the largest one of a node is its own
        let mut largest: HashMap<&str, u32> = HashMap::new();
        for test in run.tests.iter().filter(|test| (test.path, test.ip_family) == way) {
            let Some(size) = test.outcome.throughput().and_then(|figures| figures.mss_bytes) else {
                continue;
            };
            for node in [&test.client, &test.server] {
                let own = largest.entry(node).or_default();
                *own = size.max(*own);
            }
        }
        let size = |node: &'_ Node| Some((node.name.clone(), *largest.get(node.name.as_str())?));
        let own: Vec<(String, u32)> = run.nodes.iter().filter_map(size).collect();
        let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
        for (_, size) in &own {
            *counts.entry(*size).or_default() += 1;
        }
        // where two are as frequent, the larger one is the usual
        let (&usual, _) = counts.iter().max_by_key(|(size, count)| (**count, **size))?;
        let other: Vec<String> = own
            .iter()
            .filter(|(_, size)| *size != usual)
            .map(|(name, size)| format!("{name} with {size} bytes"))
            .collect();
        let subjects = own.iter().filter(|(_, size)| *size != usual).map(|(name, _)| name.clone());
        let sentence = format!(
            "{}the MTU differs: TCP segments have {usual} bytes, but those of {}",
            over(run, way),
            listed(&other)
        );
        (!other.is_empty()).then(|| finding(FindingKind::Mtu, Some(way), sentence, subjects.collect()))
    };
    run.summary.throughput.iter().filter_map(of_way).collect()
}

/// Different versions of iperf3.
pub(super) fn versions(run: &Run) -> Option<Finding> {
    let mut nodes: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for node in &run.nodes {
        if let Some(version) = &node.iperf3 {
            nodes.entry(version).or_default().push(node.name.clone());
        }
    }
    let told: Vec<String> =
        nodes.iter().map(|(version, names)| format!("{version} on {}", listed(names))).collect();
    let subjects = nodes.values().flatten().cloned().collect();
    let sentence = format!("the nodes have different versions of iperf3: {}", told.join("; "));
    (nodes.len() > 1).then(|| finding(FindingKind::Versions, None, sentence, subjects))
}

/// Tests that show the processor rather than the network.
pub(super) fn cpu_bound(run: &Run) -> Option<Finding> {
    let options = &run.parameters.measurement;
    let engine = throughput_engine(options.engine);
    // an old version at either end is what the others have to wait for
    let streams = options.parallel * if options.bidirectional { 2 } else { 1 };
    let threads = |node: &Node| engine.client_threads(node.iperf3.as_deref(), streams);
    let threads = run.nodes.iter().map(threads).min().unwrap_or(1);
    let bound: Vec<&TestRecord> = run.tests.iter().filter(|test| test.is_cpu_bound(threads)).collect();
    if bound.is_empty() {
        return None;
    }
    let mut busy: Vec<String> = bound.iter().map(|test| test.busier_node().to_owned()).collect();
    busy.sort_unstable();
    busy.dedup();
    let all = run.tests.iter().filter(|test| test.measure == Measure::Throughput).count();
    let sentence = format!(
        "CPU-bound: iperf3 kept a processor busy in {} of {} (on {}); {} what the processor can do, not the \
         network",
        bound.len(),
        counted(all, "test"),
        listed(&busy),
        if bound.len() == 1 { "this one shows" } else { "these show" }
    );
    Some(finding(FindingKind::CpuBound, None, sentence, busy))
}
