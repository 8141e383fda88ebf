//! Which node, direction, link or zone explains a matrix of throughputs. Pure.
//!
//! [`suspects`] finds the fewest causes that explain the matrix, [`to_measure_again`] says which pairs to
//! measure once more, each alone, and [`judge`] says what that leaves of the suspicion. Where nothing is
//! measured again, [`certain`] keeps what is beyond doubt as it is.

mod cells;
mod fit;
mod judge;
mod picture;
mod polish;
mod search;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

pub use judge::{Verdict, judge};
use picture::Picture;

/// What was measured.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Grid {
    /// Bits per second: rows send, columns receive. None on the diagonal, and where a test failed or is missing.
    pub rates: Vec<Vec<Option<f64>>>,
    /// The zone of each node, where it is known.
    pub zones: Vec<Option<usize>>,
}

/// What may be slow. Nodes and zones go by their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cause {
    /// A node, whether it sends or receives.
    Node(usize),
    /// A node that sends.
    Sender(usize),
    /// A node that receives.
    Receiver(usize),
    /// Two nodes, both ways; the smaller number is first.
    Pair(usize, usize),
    /// Two nodes, one way only.
    Link {
        /// The node that sends.
        sender: usize,
        /// The node that receives.
        receiver: usize,
    },
    /// All nodes of a zone towards all nodes of a zone, which may be the same.
    Zones {
        /// The zone that sends.
        from: usize,
        /// The zone that receives.
        to: usize,
    },
}

/// A cause, and what speaks for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// What is slow.
    pub cause: Cause,
    /// What is left of the expected rate, from 0 to 1.
    pub part: f64,
    /// How many of its measured pairs are slow.
    pub slow: usize,
    /// How many measured pairs it has.
    pub of: usize,
    /// The pairs that show it and no worse fault, as (sender, receiver): clearest first, and those that share
    /// an end later.
    pub evidence: Vec<(usize, usize)>,
    /// How much shorter the fault makes the description of the matrix, in nats, its own statement included:
    /// the logarithm of the odds for it. Below zero, chance explains the pairs as well.
    pub significance: f64,
}

impl Fault {
    /// Whether it needs no second measurement.
    pub fn is_certain(&self) -> bool {
        self.significance >= CERTAIN
    }
}

/// As many tests a fault deserves.
const TESTS_PER_FAULT: usize = 3;
/// And as many all of them.
pub const MOST_TESTS: usize = 16;
/// From these odds on, a fault needs no second measurement: about one in twenty.
const CERTAIN: f64 = 3.0;

/// The faults that explain the matrix, clear ones first, and the gravest first among them. Those whose
/// significance is below zero are mere suspicions, good for nothing but to be measured again.
pub fn suspects(grid: &Grid) -> Vec<Fault> {
    let Some(picture) = Picture::of(grid) else { return Vec::new() };
    let mut clear = picture.clear();
    clear.sort_by(|one, other| weight(other).total_cmp(&weight(one)));
    let thin = picture.thin();
    clear.into_iter().chain(thin).collect()
}

/// What a fault takes away, in rates of healthy pairs.
fn weight(fault: &Fault) -> f64 {
    (1.0 - fault.part) * fault.slow as f64
}

/// The faults that need no second measurement.
pub fn certain(faults: Vec<Fault>) -> Vec<Fault> {
    faults.into_iter().filter(Fault::is_certain).collect()
}

/// Which pairs of so many nodes to measure again, each alone: up to three for each fault, and not more
/// than 16 together. Each fault gets its first before one gets a second. Mere suspicions get no more tests
/// than half as many as there are nodes: few, beside what the whole matrix takes.
pub fn to_measure_again(faults: &[Fault], nodes: usize) -> Vec<(usize, usize)> {
    let mut known = HashSet::new();
    let mut doubtful = nodes / 2;
    let rounds = (0..TESTS_PER_FAULT).flat_map(|round| {
        faults.iter().filter_map(move |fault| Some((fault.significance < 0.0, *fault.evidence.get(round)?)))
    });
    let affordable = rounds.filter(|&(is_doubtful, pair)| {
        if known.contains(&pair) || (is_doubtful && doubtful == 0) {
            return false;
        }
        doubtful -= usize::from(is_doubtful);
        known.insert(pair)
    });
    affordable.map(|(_, pair)| pair).take(MOST_TESTS).collect()
}
