//! Generated clusters, and simulated measurements of them.

use std::collections::HashSet;

use kubectl_netbench::analysis::diagnosis::{Cause, Grid};
use rand::RngExt;
use rand::rngs::StdRng;

/// A cluster with its faults.
pub struct Cluster {
    pub nodes: usize,
    /// The zone of each node.
    pub zones: Vec<usize>,
    /// Whether the diagnosis knows the zones.
    pub has_zones: bool,
    /// The cause of each fault, and the fraction of the base rate that it leaves.
    pub faults: Vec<(Cause, f64)>,
    /// The fraction of the base rate that concurrent tests leave to each cell.
    pub congestion: Vec<f64>,
    /// The deviation of each node as a sender and as a receiver, as the logarithm of the factor.
    pub node_speeds: Vec<(f64, f64)>,
    /// Standard deviation of the logarithm of a measurement.
    pub noise: f64,
    /// The rate of a cell without faults, in bit/s.
    pub base: f64,
}

/// Parameters of generated clusters.
#[derive(Clone, Copy, Default)]
pub struct Kind {
    pub min_nodes: usize,
    pub min_faults: usize,
    pub max_faults: usize,
    /// Whether concurrent tests share links.
    pub is_congested: bool,
    /// Standard deviation of [`Cluster::node_speeds`].
    pub node_spread: f64,
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

/// A standard normal value (Box and Muller, 1958).
pub fn normal(random: &mut StdRng) -> f64 {
    let (one, other): (f64, f64) = (random.random_range(1e-12..1.0), random.random_range(0.0..1.0));
    (-2.0 * one.ln()).sqrt() * (std::f64::consts::TAU * other).cos()
}

impl Cluster {
    /// Generates a cluster with at least one healthy cell.
    pub fn generate(random: &mut StdRng, kind: Kind) -> Self {
        loop {
            let cluster = Self::generate_any(random, kind);
            if cluster.cells().any(|(sender, receiver)| cluster.fraction(sender, receiver) >= 1.0) {
                return cluster;
            }
        }
    }

    fn generate_any(random: &mut StdRng, kind: Kind) -> Self {
        // log-uniform: small clusters are more common
        let nodes = (random.random_range((kind.min_nodes as f64).ln()..65f64.ln())).exp() as usize;
        let count = random.random_range(2..=4.min(nodes / 2));
        let zones: Vec<usize> = (0..nodes).map(|node| node * count / nodes).collect();
        let has_zones = random.random_bool(0.5);
        let mut faults: Vec<(Cause, f64)> = Vec::new();
        let wanted = random.random_range(kind.min_faults..=kind.max_faults);
        while faults.len() < wanted {
            let one = random.random_range(0..nodes);
            let other = (one + random.random_range(1..nodes)) % nodes;
            let cause = match random.random_range(0..if has_zones { 6 } else { 5 }) {
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
        let mut congestion = vec![1.0; nodes * nodes];
        if kind.is_congested {
            let (from, to) = (random.random_range(0..count), random.random_range(0..count));
            let fraction = random.random_range(0.3..0.7);
            // a link between two zones, an uplink to all other zones, or one that only some tests share
            let shape = random.random_range(0..3);
            for (position, cell) in congestion.iter_mut().enumerate() {
                let (sender, receiver) = (zones[position / nodes], zones[position % nodes]);
                let shared = match shape {
                    0 => sender == from && receiver == to,
                    1 => sender == from && receiver != from,
                    _ => sender == from && receiver != from && random.random_bool(0.5),
                };
                *cell = if shared { fraction } else { 1.0 };
            }
        }
        let node_speeds = (0..nodes)
            .map(|_| (kind.node_spread * normal(random), kind.node_spread * normal(random)))
            .collect();
        let noise = random.random_range(0.05..0.15);
        Self { nodes, zones, has_zones, faults, congestion, node_speeds, noise, base: 9.4e9 }
    }

    pub fn cells(&self) -> impl Iterator<Item = (usize, usize)> {
        let all = (0..self.nodes).flat_map(|sender| (0..self.nodes).map(move |receiver| (sender, receiver)));
        all.filter(|(sender, receiver)| sender != receiver)
    }

    /// The fraction of the base rate that the faults leave to a cell: the worst fault counts.
    pub fn fraction(&self, sender: usize, receiver: usize) -> f64 {
        let all = self.faults.iter().filter(|(cause, _)| covers(*cause, &self.zones, sender, receiver));
        all.map(|(_, fraction)| *fraction).fold(1.0, f64::min)
    }

    /// The rate of a cell in a test in isolation.
    pub fn measure(&self, random: &mut StdRng, sender: usize, receiver: usize) -> f64 {
        let deviation =
            self.noise * normal(random) + self.node_speeds[sender].0 + self.node_speeds[receiver].1;
        self.base * self.fraction(sender, receiver) * deviation.exp()
    }

    /// The rates of all cells under concurrent load.
    pub fn grid(&self, random: &mut StdRng) -> Grid {
        let rates = self.cells().map(|(sender, receiver)| {
            let congestion = self.congestion[sender * self.nodes + receiver];
            // the narrower of the two counts
            let fraction = self.fraction(sender, receiver);
            let rate = self.measure(random, sender, receiver) * fraction.min(congestion) / fraction;
            ((sender, receiver), rate)
        });
        Grid {
            nodes: self.nodes,
            rates: rates.collect(),
            zones: self.zones.iter().map(|&zone| self.has_zones.then_some(zone)).collect(),
        }
    }

    /// The cells in which no other fault is worse.
    pub fn visible(&self, fault: usize) -> Vec<(usize, usize)> {
        let (cause, fraction) = self.faults[fault];
        let cells = self.cells().filter(|&(sender, receiver)| covers(cause, &self.zones, sender, receiver));
        cells.filter(|&(sender, receiver)| self.fraction(sender, receiver) >= fraction).collect()
    }

    /// Whether replacing the cause of a fault by `other` results in the same matrix without noise: `other` covers all
    /// visible cells of the fault, and besides them only cells with worse faults.
    pub fn results_in_same_matrix(&self, fault: usize, other: Cause) -> bool {
        let fraction = self.faults[fault].1;
        let visible: HashSet<_> = self.visible(fault).into_iter().collect();
        self.cells().all(|(sender, receiver)| {
            let covered = covers(other, &self.zones, sender, receiver);
            if visible.contains(&(sender, receiver)) {
                covered
            } else {
                !covered || self.fraction(sender, receiver) < fraction
            }
        })
    }
}
