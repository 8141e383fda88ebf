//! The measured cells as logarithms, and the causes that could explain them.

use std::collections::BTreeMap;

use super::{Cause, Grid};

/// The logarithms of the rates. Noise multiplies rates, so that it adds to these.
#[derive(Debug, Clone)]
pub(super) struct Cells {
    pub nodes: usize,
    /// Row by row, NaN where nothing was measured.
    pub values: Vec<f64>,
    /// How many were measured.
    pub measured: usize,
    zones: BTreeMap<usize, Vec<usize>>,
}

/// A cause that is thought of, and how much it has to explain to be worth stating.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    pub cause: Cause,
    pub cost: f64,
}

/// What any fault costs, in nats: that there is one at all, and of which of the six kinds. With the half
/// logarithm of its cells, it also covers the choice of its level (Schwarz, 1978).
const COST: f64 = 3.5;

impl Cells {
    pub fn new(grid: &Grid) -> Self {
        let nodes = grid.rates.len();
        let mut values = vec![f64::NAN; nodes * nodes];
        for (sender, row) in grid.rates.iter().enumerate() {
            for (receiver, rate) in row.iter().enumerate().take(nodes) {
                match rate {
                    Some(rate) if sender != receiver && *rate > 0.0 && rate.is_finite() => {
                        values[sender * nodes + receiver] = rate.ln();
                    }
                    _ => {}
                }
            }
        }
        let mut zones: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (node, zone) in grid.zones.iter().enumerate().take(nodes) {
            if let Some(zone) = zone {
                zones.entry(*zone).or_default().push(node);
            }
        }
        let measured = values.iter().filter(|value| !value.is_nan()).count();
        Self { nodes, values, measured, zones }
    }

    /// The measured cells that a cause makes slow.
    pub fn each(&self, cause: Cause, mut visit: impl FnMut(usize)) {
        let size = self.nodes;
        let mut cell = |sender: usize, receiver: usize| {
            let place = sender * size + receiver;
            if self.values.get(place).is_some_and(|value| !value.is_nan()) {
                visit(place);
            }
        };
        match cause {
            Cause::Node(node) => {
                for other in 0..size {
                    cell(node, other);
                    cell(other, node);
                }
            }
            Cause::Sender(node) => (0..size).for_each(|other| cell(node, other)),
            Cause::Receiver(node) => (0..size).for_each(|other| cell(other, node)),
            Cause::Pair(one, other) => {
                cell(one, other);
                cell(other, one);
            }
            Cause::Link { sender, receiver } => cell(sender, receiver),
            Cause::Zones { from, to } => {
                if let (Some(from), Some(to)) = (self.zones.get(&from), self.zones.get(&to)) {
                    for &sender in from {
                        for &receiver in to {
                            cell(sender, receiver);
                        }
                    }
                }
            }
        }
    }

    /// All measured cells of a cause.
    pub fn of(&self, cause: Cause) -> Vec<usize> {
        let mut all = Vec::new();
        self.each(cause, |place| all.push(place));
        all
    }

    /// All causes that can be told apart. Of those with the same cells, it is the narrowest that is kept.
    pub fn candidates(&self) -> Vec<Candidate> {
        let nodes = 0..self.nodes;
        let zones: Vec<usize> = self.zones.keys().copied().collect();
        let kinds: [Vec<Cause>; 6] = [
            nodes.clone().map(Cause::Sender).collect(),
            nodes.clone().map(Cause::Receiver).collect(),
            nodes.clone().map(Cause::Node).collect(),
            nodes.clone().flat_map(|one| (0..one).map(move |other| Cause::Pair(other, one))).collect(),
            nodes
                .clone()
                .flat_map(|sender| (0..self.nodes).map(move |receiver| Cause::Link { sender, receiver }))
                .collect(),
            zones.iter().flat_map(|&from| zones.iter().map(move |&to| Cause::Zones { from, to })).collect(),
        ];
        let mut all = Vec::new();
        for kind in kinds {
            let sized = kind.into_iter().filter_map(|cause| Some((cause, self.size_to_tell(cause)?)));
            let sized: Vec<(Cause, usize)> = sized.collect();
            let choice = (sized.len() as f64).ln();
            all.extend(
                sized
                    .into_iter()
                    .map(|(cause, size)| Candidate { cause, cost: COST + choice + 0.5 * (size as f64).ln() }),
            );
        }
        all
    }

    /// How many cells a cause has, unless a narrower one has the same.
    fn size_to_tell(&self, cause: Cause) -> Option<usize> {
        let (mut size, mut first, mut spread) = (0, (0, 0), (false, false));
        self.each(cause, |place| {
            let (sender, receiver) = self.pair(place);
            if size == 0 {
                first = (sender, receiver);
            }
            size += 1;
            spread = (spread.0 || sender != first.0, spread.1 || receiver != first.1);
        });
        let told = match cause {
            Cause::Link { .. } => size == 1,
            Cause::Sender(_) | Cause::Receiver(_) => size > 1,
            Cause::Pair(..) => size == 2,
            // neither a row, nor a column, nor a pair: a zone with itself only where it has three nodes
            Cause::Node(_) | Cause::Zones { .. } => size > 2 && spread.0 && spread.1,
        };
        told.then_some(size)
    }

    /// Where a pair is.
    pub fn place(&self, sender: usize, receiver: usize) -> usize {
        sender * self.nodes + receiver
    }

    /// Sender and receiver of a cell.
    pub fn pair(&self, place: usize) -> (usize, usize) {
        (place / self.nodes.max(1), place % self.nodes.max(1))
    }
}
