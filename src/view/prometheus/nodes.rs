//! Metrics per node and per path: few enough for a cluster of any size.

use std::collections::BTreeMap;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::registry::Registry;

use super::{Gauges, gauges};
use crate::analysis::mean;
use crate::document::{NodeId, PairSummary, Run, ThroughputSummary};
use crate::view::labels::ip_family_label;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PathLabels {
    path: &'static str,
    ip_family: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct NodeLabels {
    node: String,
    path: &'static str,
    ip_family: &'static str,
}

/// Upper bound for the number of samples per node.
pub(super) fn max_samples(run: &Run) -> usize {
    run.summary.throughput.len() * run.nodes.len() * 2
}

pub(super) fn register_paths(run: &Run, registry: &mut Registry) {
    let help = "Median throughput of all pairs";
    let median = gauges(registry, "throughput_median_bytes_per_second", help);
    for summary in &run.summary.throughput {
        let labels = PathLabels {
            path: summary.route.path.name(),
            ip_family: ip_family_label(summary.route.ip_family),
        };
        if let Some(bits) = summary.median_bits_per_second {
            median.get_or_create(&labels).set(bits / 8.0);
        }
    }
}

pub(super) fn register(run: &Run, registry: &mut Registry) {
    let help = "Mean throughput from the node to all other measured nodes";
    let sent = gauges(registry, "node_sent_bytes_per_second", help);
    let help = "Mean throughput to the node from all other measured nodes";
    let received = gauges(registry, "node_received_bytes_per_second", help);
    for summary in &run.summary.throughput {
        set_means(summary, &sent, |pair| pair.sender);
        set_means(summary, &received, |pair| pair.receiver);
    }
}

fn set_means(
    summary: &ThroughputSummary,
    gauges: &Gauges<NodeLabels>,
    node: impl Fn(&PairSummary) -> NodeId,
) {
    let mut rates: BTreeMap<NodeId, Vec<f64>> = BTreeMap::new();
    for pair in &summary.pairs {
        if let Some(bits) = pair.mean_bits_per_second() {
            rates.entry(node(pair)).or_default().push(bits / 8.0);
        }
    }
    for (node, rates) in rates {
        let labels = NodeLabels {
            node: node.to_string(),
            path: summary.route.path.name(),
            ip_family: ip_family_label(summary.route.ip_family),
        };
        if let Some(mean) = mean(&rates) {
            gauges.get_or_create(&labels).set(mean);
        }
    }
}
