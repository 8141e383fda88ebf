//! The numbering of nodes and zones in a [`Grid`].

use std::collections::HashMap;

use super::is_throughput_test_on;
use crate::analysis::diagnosis::Grid;
use crate::document::{Node, NodeId, Route, Run, ThroughputSummary};

/// Maps nodes and zones to their indices in a [`Grid`], and back.
pub(super) struct NodeIndex<'a> {
    /// By index. An external server is the last.
    pub nodes: Vec<NodeId>,
    indices: HashMap<NodeId, usize>,
    /// By index.
    pub zones: Vec<&'a str>,
}

impl<'a> NodeIndex<'a> {
    pub(super) fn new(run: &'a Run) -> Self {
        let nodes: Vec<NodeId> = run.endpoints().collect();
        let mut zones: Vec<&str> = run.nodes.iter().filter_map(|node| node.zone.as_deref()).collect();
        zones.sort_unstable();
        zones.dedup();
        let indices = nodes.iter().enumerate().map(|(index, node)| (*node, index)).collect();
        Self { nodes, indices, zones }
    }

    /// The mean rates of a summary, without those that are doubtful: another reason than the network explains them.
    pub(super) fn grid(&self, run: &Run, summary: &ThroughputSummary) -> Grid {
        let certain = summary.pairs.iter().filter(|pair| !run.is_doubtful(pair));
        let rates = certain.filter_map(|pair| {
            Some((self.pair((pair.sender, pair.receiver))?, pair.mean_bits_per_second()?))
        });
        let zone = |node: &Node| self.zones.iter().position(|zone| node.zone.as_deref() == Some(zone));
        // a server outside the cluster has no zone
        let zones = run.nodes.iter().map(zone).chain(run.external_server().map(|_| None));
        Grid { nodes: self.nodes.len(), rates: rates.collect(), zones: zones.collect() }
    }

    /// The indices of sender and receiver; none if one of them is unknown.
    pub(super) fn pair(&self, (sender, receiver): (NodeId, NodeId)) -> Option<(usize, usize)> {
        Some((*self.indices.get(&sender)?, *self.indices.get(&receiver)?))
    }

    /// The successful retests on a route, as (pair, bits per second).
    pub(super) fn retested_rates(&self, run: &Run, route: Route) -> Vec<((usize, usize), f64)> {
        let tests = run.retests.iter().filter(|test| is_throughput_test_on(route, test));
        let measured = tests.filter_map(|test| {
            Some((self.pair(test.sender_and_receiver())?, test.outcome.throughput()?.bits_per_second))
        });
        measured.collect()
    }
}
