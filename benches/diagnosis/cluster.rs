//! Generated clusters, and what a measurement of them gives.

use std::collections::HashSet;

use kubectl_netbench::analysis::diagnosis::{Cause, Grid};
use rand::RngExt;
use rand::rngs::StdRng;

/// A cluster, and what is wrong with it.
pub struct Cluster {
    pub nodes: usize,
    /// Of each node, whether the diagnosis knows it or not.
    pub zones: Vec<usize>,
    pub zones_known: bool,
    pub faults: Vec<(Cause, f64)>,
    /// What is left of the rate of a cell while other tests run.
    pub crowd: Vec<f64>,
    /// What nodes are faster or slower by nature, as senders and as receivers.
    pub nature: Vec<(f64, f64)>,
    pub noise: f64,
    pub base: f64,
}

#[derive(Clone, Copy, Default)]
pub struct Kind {
    /// At least so many nodes.
    pub least: usize,
    pub most_faults: usize,
    pub least_faults: usize,
    pub crowded: bool,
    pub nature: f64,
}

pub fn covers(cause: Cause, zones: &[usize], sender: usize, receiver: usize) -> bool {
    sender != receiver
        && match cause {
            Cause::Node(node) => sender == node || receiver == node,
            Cause::Sender(node) => sender == node,
            Cause::Receiver(node) => receiver == node,
            Cause::Pair(one, other) => {
                (sender, receiver) == (one, other) || (sender, receiver) == (other, one)
            }
            Cause::Link { sender: from, receiver: to } => (sender, receiver) == (from, to),
            Cause::Zones { from, to } => zones[sender] == from && zones[receiver] == to,
        }
}

pub fn kind_of(cause: Cause) -> usize {
    match cause {
        Cause::Node(_) => 0,
        Cause::Sender(_) => 1,
        Cause::Receiver(_) => 2,
        Cause::Pair(..) => 3,
        Cause::Link { .. } => 4,
        Cause::Zones { .. } => 5,
    }
}

/// Box and Muller, 1958.
pub fn normal(random: &mut StdRng) -> f64 {
    let (one, other): (f64, f64) = (random.random_range(1e-12..1.0), random.random_range(0.0..1.0));
    (-2.0 * one.ln()).sqrt() * (std::f64::consts::TAU * other).cos()
}

impl Cluster {
    pub fn draw(random: &mut StdRng, kind: Kind) -> Self {
        loop {
            let cluster = Self::draw_once(random, kind);
            if cluster.cells().any(|(sender, receiver)| cluster.part(sender, receiver) >= 1.0) {
                return cluster;
            }
        }
    }

    pub fn draw_once(random: &mut StdRng, kind: Kind) -> Self {
        // small clusters are the usual ones
        let nodes = (random.random_range((kind.least as f64).ln()..65f64.ln())).exp() as usize;
        let count = random.random_range(2..=4.min(nodes / 2));
        let zones: Vec<usize> = (0..nodes).map(|node| node * count / nodes).collect();
        let zones_known = random.random_bool(0.5);
        let mut faults: Vec<(Cause, f64)> = Vec::new();
        let wanted = random.random_range(kind.least_faults..=kind.most_faults);
        while faults.len() < wanted {
            let one = random.random_range(0..nodes);
            let other = (one + random.random_range(1..nodes)) % nodes;
            let cause = match random.random_range(0..if zones_known { 6 } else { 5 }) {
                0 => Cause::Node(one),
                1 => Cause::Sender(one),
                2 => Cause::Receiver(one),
                3 => Cause::Pair(one.min(other), one.max(other)),
                4 => Cause::Link { sender: one, receiver: other },
                _ => Cause::Zones { from: zones[one], to: zones[random.random_range(0..nodes)] },
            };
            if faults.iter().all(|(known, _)| *known != cause) {
                faults.push((cause, random.random_range(0.1..=0.7)));
            }
        }
        let mut crowd = vec![1.0; nodes * nodes];
        if kind.crowded {
            let (from, to) = (random.random_range(0..count), random.random_range(0..count));
            let part = random.random_range(0.3..0.7);
            // an uplink between two zones, one towards all others, or one that only some tests met on
            let shape = random.random_range(0..3);
            for (place, cell) in crowd.iter_mut().enumerate() {
                let (sender, receiver) = (zones[place / nodes], zones[place % nodes]);
                let shared = match shape {
                    0 => sender == from && receiver == to,
                    1 => sender == from && receiver != from,
                    _ => sender == from && receiver != from && random.random_bool(0.5),
                };
                *cell = if shared { part } else { 1.0 };
            }
        }
        let nature =
            (0..nodes).map(|_| (kind.nature * normal(random), kind.nature * normal(random))).collect();
        let noise = random.random_range(0.05..0.15);
        Self { nodes, zones, zones_known, faults, crowd, nature, noise, base: 9.4e9 }
    }

    pub fn cells(&self) -> impl Iterator<Item = (usize, usize)> {
        let all = (0..self.nodes).flat_map(|sender| (0..self.nodes).map(move |receiver| (sender, receiver)));
        all.filter(|(sender, receiver)| sender != receiver)
    }

    /// What the faults leave of a cell: the worst of them counts.
    pub fn part(&self, sender: usize, receiver: usize) -> f64 {
        let all = self.faults.iter().filter(|(cause, _)| covers(*cause, &self.zones, sender, receiver));
        all.map(|(_, part)| *part).fold(1.0, f64::min)
    }

    pub fn measure(&self, random: &mut StdRng, sender: usize, receiver: usize) -> f64 {
        let wobble = self.noise * normal(random) + self.nature[sender].0 + self.nature[receiver].1;
        self.base * self.part(sender, receiver) * wobble.exp()
    }

    pub fn grid(&self, random: &mut StdRng) -> Grid {
        let mut rates = vec![vec![None; self.nodes]; self.nodes];
        for (sender, receiver) in self.cells() {
            let crowd = self.crowd[sender * self.nodes + receiver];
            // the narrower of the two counts
            let part = self.part(sender, receiver);
            rates[sender][receiver] = Some(self.measure(random, sender, receiver) * part.min(crowd) / part);
        }
        Grid { rates, zones: self.zones.iter().map(|&zone| self.zones_known.then_some(zone)).collect() }
    }

    /// The cells in which a fault is the worst.
    pub fn visible(&self, fault: usize) -> Vec<(usize, usize)> {
        let (cause, part) = self.faults[fault];
        let cells = self.cells().filter(|&(sender, receiver)| covers(cause, &self.zones, sender, receiver));
        cells.filter(|&(sender, receiver)| self.part(sender, receiver) >= part).collect()
    }

    /// Whether the matrix, without noise, is the very same if the other cause stands in the fault's place: it
    /// covers all cells that show the fault, and beyond them only such as are hidden by worse faults.
    pub fn same_matrix(&self, fault: usize, other: Cause) -> bool {
        let part = self.faults[fault].1;
        let visible: HashSet<_> = self.visible(fault).into_iter().collect();
        self.cells().all(|(sender, receiver)| {
            let covered = covers(other, &self.zones, sender, receiver);
            if visible.contains(&(sender, receiver)) {
                covered
            } else {
                !covered || self.part(sender, receiver) < part
            }
        })
    }
}
