//! The nodes of a run by their numbers in a grid.

use std::collections::HashMap;

use super::is_of;
use crate::analysis::diagnosis::Grid;
use crate::analysis::summary::Way;
use crate::document::{Node, Run, ThroughputSummary};

/// The nodes of a run by their numbers in a grid.
pub(super) struct Names<'a> {
    /// A server that is no node of the cluster's is the last.
    pub nodes: Vec<&'a str>,
    numbers: HashMap<&'a str, usize>,
    pub zones: Vec<&'a str>,
}

impl<'a> Names<'a> {
    pub(super) fn of(run: &'a Run) -> Self {
        let nodes: Vec<&str> = run.nodes.iter().map(|node| node.name.as_str()).collect();
        let nodes: Vec<&str> = nodes.into_iter().chain(run.parameters.external_server()).collect();
        let mut zones: Vec<&str> = run.nodes.iter().filter_map(|node| node.zone.as_deref()).collect();
        zones.sort_unstable();
        zones.dedup();
        let numbers = nodes.iter().enumerate().map(|(number, name)| (*name, number)).collect();
        Self { nodes, numbers, zones }
    }

    pub(super) fn grid(&self, run: &Run, summary: &ThroughputSummary) -> Grid {
        let mut rates = vec![vec![None; self.nodes.len()]; self.nodes.len()];
        for pair in &summary.pairs {
            if let Some((sender, receiver)) = self.pair((&pair.sender, &pair.receiver)) {
                rates[sender][receiver] = pair.mean_bits_per_second;
            }
        }
        let zone = |node: &Node| self.zones.iter().position(|zone| node.zone.as_deref() == Some(zone));
        // the server outside has none
        let zones = run.nodes.iter().map(zone).chain(run.parameters.external_server().map(|_| None));
        Grid { rates, zones: zones.collect() }
    }

    pub(super) fn pair(&self, (sender, receiver): (&str, &str)) -> Option<(usize, usize)> {
        Some((*self.numbers.get(sender)?, *self.numbers.get(receiver)?))
    }

    /// What pairs were when they were measured again.
    pub(super) fn again(&self, run: &Run, way: Way) -> Vec<((usize, usize), f64)> {
        let tests = run.retests.iter().filter(|test| is_of(test, way));
        let measured = tests.filter_map(|test| {
            Some((self.pair(test.sender_and_receiver())?, test.outcome.throughput()?.bits_per_second))
        });
        measured.collect()
    }
}
