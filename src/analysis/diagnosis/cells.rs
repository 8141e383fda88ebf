//! The cells of a matrix as logarithms of rates, and the causes that could explain them.

use std::collections::BTreeMap;
use std::ops::Range;

use super::{Cause, Grid};

/// The logarithms of the measured rates. Noise is proportional to the rate, so it is additive here.
#[derive(Debug, Clone)]
pub(super) struct Cells {
    pub nodes: usize,
    /// By cell.
    pub values: Vec<f64>,
    /// Sender and receiver of each cell, in this order.
    pairs: Vec<(usize, usize)>,
    /// By sender: its cells.
    rows: Vec<Range<usize>>,
    /// By receiver: its cells.
    columns: Vec<Vec<usize>>,
    /// The zone of each node.
    zones: Vec<Option<usize>>,
    /// The nodes of each zone.
    zone_nodes: BTreeMap<usize, Vec<usize>>,
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
    /// Ignores rates that are not positive.
    pub fn new(grid: &Grid) -> Self {
        let nodes = grid.nodes;
        let is_cell = |&((sender, receiver), rate): &((usize, usize), f64)| {
            sender != receiver && sender < nodes && receiver < nodes && rate > 0.0 && rate.is_finite()
        };
        let cells = grid.rates.iter().map(|(pair, rate)| (*pair, *rate)).filter(is_cell);
        let (pairs, values): (Vec<_>, Vec<f64>) = cells.map(|(pair, rate)| (pair, rate.ln())).unzip();
        let first_of = |sender: usize| pairs.partition_point(|pair: &(usize, usize)| pair.0 < sender);
        let rows = (0..nodes).map(|sender| first_of(sender)..first_of(sender + 1)).collect();
        let mut columns = vec![Vec::new(); nodes];
        for (cell, (_, receiver)) in pairs.iter().enumerate() {
            columns[*receiver].push(cell);
        }
        let zones: Vec<Option<usize>> =
            (0..nodes).map(|node| grid.zones.get(node).copied().flatten()).collect();
        let mut zone_nodes: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (node, zone) in zones.iter().enumerate() {
            if let Some(zone) = zone {
                zone_nodes.entry(*zone).or_default().push(node);
            }
        }
        Self { nodes, values, pairs, rows, columns, zones, zone_nodes }
    }

    /// The number of cells.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Calls `visit` with each cell that the cause covers.
    pub fn for_each_covered(&self, cause: Cause, mut visit: impl FnMut(usize)) {
        let row = |node: usize| self.rows.get(node).cloned().unwrap_or_default();
        let column = |node: usize| self.columns.get(node).into_iter().flatten().copied();
        match cause {
            Cause::Node(node) => row(node).chain(column(node)).for_each(visit),
            Cause::Sender(node) => row(node).for_each(visit),
            Cause::Receiver(node) => column(node).for_each(visit),
            Cause::Pair(one, other) => {
                self.index(one, other).into_iter().chain(self.index(other, one)).for_each(visit);
            }
            Cause::Link { sender, receiver } => self.index(sender, receiver).into_iter().for_each(visit),
            Cause::Zones { from, to } => {
                for &sender in self.zone_nodes.get(&from).into_iter().flatten() {
                    row(sender)
                        .filter(|&cell| self.zones[self.pairs[cell].1] == Some(to))
                        .for_each(&mut visit);
                }
            }
        }
    }

    /// The cells that the cause covers.
    pub fn covered(&self, cause: Cause) -> Vec<usize> {
        let mut covered = Vec::new();
        self.for_each_covered(cause, |cell| covered.push(cell));
        covered
    }

    /// All distinguishable causes: of those that cover the same cells, only the narrowest.
    pub fn candidates(&self) -> Vec<Candidate> {
        let nodes = 0..self.nodes;
        let zones: Vec<usize> = self.zone_nodes.keys().copied().collect();
        let kinds: [Vec<Cause>; 6] = [
            nodes.clone().map(Cause::Sender).collect(),
            nodes.clone().map(Cause::Receiver).collect(),
            nodes.clone().map(Cause::Node).collect(),
            self.pairs
                .iter()
                .filter(|(one, other)| one < other)
                .map(|&(one, other)| Cause::Pair(one, other))
                .collect(),
            self.pairs.iter().map(|&(sender, receiver)| Cause::Link { sender, receiver }).collect(),
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

    /// The cell of a pair; none if it was not measured.
    pub fn index(&self, sender: usize, receiver: usize) -> Option<usize> {
        let row = self.rows.get(sender)?;
        let position = self.pairs[row.clone()].binary_search_by_key(&receiver, |pair| pair.1).ok()?;
        Some(row.start + position)
    }

    /// Sender and receiver of a cell.
    pub fn pair(&self, cell: usize) -> (usize, usize) {
        self.pairs[cell]
    }
}
