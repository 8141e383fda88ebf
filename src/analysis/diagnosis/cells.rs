//! The cells of a matrix as logarithms of rates, and the causes that could explain them.

use std::collections::BTreeMap;

use super::{Cause, Grid};

/// The logarithms of the rates. Noise is proportional to the rate, so it is additive here.
#[derive(Debug, Clone)]
pub(super) struct Cells {
    pub nodes: usize,
    /// By row; NaN where nothing was measured.
    pub values: Vec<f64>,
    /// The number of measured cells.
    pub measured: usize,
    /// The nodes of each zone.
    zones: BTreeMap<usize, Vec<usize>>,
}

/// A possible cause, and the description length in nats that it must save to be worth including.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    pub cause: Cause,
    pub cost: f64,
}

/// The description length of a fault of any of the six kinds, in nats. Together with half the logarithm of
/// the number of its cells, it also covers the choice of its level (Schwarz, 1978).
const BASE_COST: f64 = 3.5;

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

    /// Calls `visit` with the index of each measured cell that the cause covers.
    pub fn for_each_covered(&self, cause: Cause, mut visit: impl FnMut(usize)) {
        let size = self.nodes;
        let mut cell = |sender: usize, receiver: usize| {
            let cell = sender * size + receiver;
            if self.values.get(cell).is_some_and(|value| !value.is_nan()) {
                visit(cell);
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

    /// The indices of the measured cells that the cause covers.
    pub fn covered(&self, cause: Cause) -> Vec<usize> {
        let mut covered = Vec::new();
        self.for_each_covered(cause, |cell| covered.push(cell));
        covered
    }

    /// All distinguishable causes: of those that cover the same cells, only the narrowest.
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
            let sized = kind.into_iter().filter_map(|cause| Some((cause, self.size_if_distinct(cause)?)));
            let sized: Vec<(Cause, usize)> = sized.collect();
            let choice_cost = (sized.len() as f64).ln();
            all.extend(sized.into_iter().map(|(cause, size)| Candidate {
                cause,
                cost: BASE_COST + choice_cost + 0.5 * (size as f64).ln(),
            }));
        }
        all
    }

    /// The number of measured cells that a cause covers; none if a narrower cause covers the same.
    fn size_if_distinct(&self, cause: Cause) -> Option<usize> {
        let (mut size, mut first) = (0, (0, 0));
        let (mut has_several_senders, mut has_several_receivers) = (false, false);
        self.for_each_covered(cause, |cell| {
            let (sender, receiver) = self.pair(cell);
            if size == 0 {
                first = (sender, receiver);
            }
            size += 1;
            has_several_senders |= sender != first.0;
            has_several_receivers |= receiver != first.1;
        });
        let is_distinct = match cause {
            Cause::Link { .. } => size == 1,
            Cause::Sender(_) | Cause::Receiver(_) => size > 1,
            Cause::Pair(..) => size == 2,
            // neither a row, nor a column, nor a pair: a zone with itself needs three nodes
            Cause::Node(_) | Cause::Zones { .. } => size > 2 && has_several_senders && has_several_receivers,
        };
        is_distinct.then_some(size)
    }

    /// The index of the cell of a pair.
    pub fn index(&self, sender: usize, receiver: usize) -> usize {
        sender * self.nodes + receiver
    }

    /// Sender and receiver of a cell.
    pub fn pair(&self, cell: usize) -> (usize, usize) {
        (cell / self.nodes.max(1), cell % self.nodes.max(1))
    }
}
