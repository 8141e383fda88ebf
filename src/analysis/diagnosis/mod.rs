//! Which node, direction, link or zone explains a matrix of throughputs. No I/O.
//!
//! [`find_suspects`] finds the fewest causes that explain the matrix, [`select_pairs_to_retest`] selects
//! pairs to retest in isolation, and [`judge`] combines both results. Without a retest, [`retain_certain`]
//! keeps the faults that need none.

mod cells;
mod fit;
mod judge;
mod model;
mod polish;
mod search;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};

pub use judge::{RetestVerdict, judge};
use model::FittedModel;

/// The measured rates of one route.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Grid {
    /// The number of nodes.
    pub nodes: usize,
    /// Bits per second, by sender and receiver. Pairs whose tests failed or are missing are not included.
    pub rates: BTreeMap<(usize, usize), f64>,
    /// The zone of each node, if known.
    pub zones: Vec<Option<usize>>,
}

/// What may be slow. Nodes and zones are identified by their index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cause {
    /// A node in both directions.
    Node(usize),
    /// A node that sends.
    Sender(usize),
    /// A node that receives.
    Receiver(usize),
    /// Two nodes, in both directions; the smaller index is first.
    Pair(usize, usize),
    /// Two nodes, in one direction.
    Link {
        /// The sending node.
        sender: usize,
        /// The receiving node.
        receiver: usize,
    },
    /// From all nodes of a zone to all nodes of a zone, which may be the same.
    Zones {
        /// The sending zone.
        from: usize,
        /// The receiving zone.
        to: usize,
    },
}

/// A cause and the evidence for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// What is slow.
    pub cause: Cause,
    /// The measured rate divided by the expected one, from 0 to 1.
    pub ratio: f64,
    /// The number of measured pairs that are slow.
    pub slow_pairs: usize,
    /// The number of measured pairs that the cause covers.
    pub measured_pairs: usize,
    /// The pairs that show this fault and no worse one, as (sender, receiver): the clearest first, and those
    /// that share an end with earlier ones later.
    pub evidence: Vec<(usize, usize)>,
    /// How much shorter the fault makes the description of the matrix, its own description included, in nats:
    /// the logarithm of the odds of the fault. Below zero, chance explains the pairs as well.
    pub significance: f64,
}

impl Fault {
    /// Whether the fault needs no retest.
    pub fn is_certain(&self) -> bool {
        self.significance >= CERTAIN
    }
}

const MAX_TESTS_PER_FAULT: usize = 3;
/// The largest number of retests on a route.
pub const MAX_RETESTS: usize = 16;
/// A fault of this significance, odds of about twenty to one, needs no retest.
const CERTAIN: f64 = 3.0;

/// The faults that explain the matrix: first those of positive significance, the most severe first, then mere
/// suspicions, which are not worth reporting unless a retest confirms them.
pub fn find_suspects(grid: &Grid) -> Vec<Fault> {
    let Some(model) = FittedModel::fit(grid) else { return Vec::new() };
    let mut faults = model.faults();
    faults.sort_by(|one, other| severity(other).total_cmp(&severity(one)));
    let suspicions = model.suspicions();
    faults.into_iter().chain(suspicions).collect()
}

/// The lost throughput, in rates of healthy pairs.
fn severity(fault: &Fault) -> f64 {
    (1.0 - fault.ratio) * fault.slow_pairs as f64
}

/// Keeps the faults that need no retest.
pub fn retain_certain(faults: Vec<Fault>) -> Vec<Fault> {
    faults.into_iter().filter(Fault::is_certain).collect()
}

/// Selects pairs to retest in isolation: up to three per fault and [`MAX_RETESTS`] in total, the first pair of
/// each fault before the second of any. Suspicions get at most half as many tests as there are nodes, which
/// is little compared with the whole matrix.
pub fn select_pairs_to_retest(faults: &[Fault], nodes: usize) -> Vec<(usize, usize)> {
    let mut selected = HashSet::new();
    let mut budget_for_suspicions = nodes / 2;
    let rounds = (0..MAX_TESTS_PER_FAULT).flat_map(|round| {
        faults.iter().filter_map(move |fault| Some((fault.significance < 0.0, *fault.evidence.get(round)?)))
    });
    let affordable = rounds.filter(|&(is_suspicion, pair)| {
        if selected.contains(&pair) || (is_suspicion && budget_for_suspicions == 0) {
            return false;
        }
        budget_for_suspicions -= usize::from(is_suspicion);
        selected.insert(pair)
    });
    affordable.map(|(_, pair)| pair).take(MAX_RETESTS).collect()
}
