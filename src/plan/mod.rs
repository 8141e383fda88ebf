//! What is measured, and in which order. Pure: no cluster, no clock.
//!
//! A [`Plan`] is a list of slots; a slot is a set of tests that run at the same time without
//! sharing a node, so that no measurement disturbs another. Slots are computed when they are
//! asked for: a plan for thousands of nodes costs nothing until it is run.

mod estimate;
mod pairing;

pub use estimate::{Estimate, format_duration};

use pairing::Pairings;

/// One measurement to make: from the node of the client to the node of the server.
/// Nodes are positions in the list of nodes that the plan was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Test {
    /// The node that sends.
    pub client: usize,
    /// The node that receives.
    pub server: usize,
    /// Which repetition of this pair, from 1.
    pub repetition: u32,
}

/// Tests that run at the same time. No node is in two of them. Shown to users as a round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Position in the plan, from 1.
    pub number: usize,
    /// The tests, at least one.
    pub tests: Vec<Test>,
}

/// Every ordered pair of `nodes` nodes, each `repeat` times, in conflict-free slots.
#[derive(Debug, Clone)]
pub struct Plan {
    nodes: usize,
    repeat: u32,
    pairings: Pairings,
    /// Slots that one direction of one pairing is cut into, by the limit on concurrency.
    cuts: usize,
    concurrency: usize,
}

impl Plan {
    /// Plans all ordered pairs of `nodes` nodes.
    ///
    /// `concurrency` bounds the tests of a slot (at least 1); without it a slot holds as many
    /// disjoint pairs as there are: N/2. Repetitions follow each other matrix by matrix, so that
    /// the repetitions of one pair are spread over the whole run.
    pub fn matrix(nodes: usize, repeat: u32, concurrency: Option<usize>) -> Self {
        let pairings = Pairings::new(nodes);
        let widest = pairings.width().max(1);
        let concurrency = concurrency.unwrap_or(widest).clamp(1, widest);
        Self { nodes, repeat, pairings, cuts: widest.div_ceil(concurrency), concurrency }
    }

    /// How many nodes take part.
    pub fn node_count(&self) -> usize {
        self.nodes
    }

    /// How many ordered pairs there are, N(N−1).
    pub fn pair_count(&self) -> usize {
        self.nodes * self.nodes.saturating_sub(1)
    }

    /// How many tests there are: every pair, as often as it is repeated.
    pub fn test_count(&self) -> usize {
        self.pair_count() * self.repeat as usize
    }

    /// How many slots there are: 2(N−1) for an even number of nodes, 2N for an odd one, times the
    /// repetitions, and times the cuts that a limit on concurrency makes.
    pub fn slot_count(&self) -> usize {
        self.pairings.len() * 2 * self.cuts * self.repeat as usize
    }

    /// All slots, in the order in which they run.
    pub fn slots(&self) -> impl Iterator<Item = Slot> + '_ {
        (0..self.slot_count()).map(|index| self.slot(index))
    }

    /// Both directions of a pairing follow each other directly, so that a drift of the network
    /// in time is not mistaken for a difference between the two.
    fn slot(&self, index: usize) -> Slot {
        let (index_of_direction, cut) = (index / self.cuts, index % self.cuts);
        let backward = index_of_direction % 2 == 1;
        let index_of_pairing = index_of_direction / 2;
        let repetition = (index_of_pairing / self.pairings.len()) as u32 + 1;
        let tests = self
            .pairings
            .pairing(index_of_pairing % self.pairings.len())
            .skip(cut * self.concurrency)
            .take(self.concurrency)
            .map(|(low, high)| {
                let (client, server) = if backward { (high, low) } else { (low, high) };
                Test { client, server, repetition }
            })
            .collect();
        Slot { number: index + 1, tests }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::{HashMap, HashSet};

    #[test]
    fn four_nodes_take_six_slots() {
        let plan = Plan::matrix(4, 1, None);
        assert_eq!((plan.pair_count(), plan.slot_count()), (12, 6));
        assert!(plan.slots().all(|slot| slot.tests.len() == 2));
    }

    #[test]
    fn a_pair_is_measured_from_the_first_named_node_first() {
        let slots: Vec<Slot> = Plan::matrix(2, 1, None).slots().collect();
        let ends = |slot: &Slot| (slot.tests[0].client, slot.tests[0].server);
        assert_eq!(slots.iter().map(ends).collect::<Vec<_>>(), [(0, 1), (1, 0)]);
    }

    #[test]
    fn concurrency_one_runs_one_test_at_a_time() {
        let plan = Plan::matrix(5, 1, Some(1));
        assert_eq!(plan.slot_count(), plan.test_count());
    }

    #[test]
    fn one_node_has_nothing_to_measure() {
        assert_eq!(Plan::matrix(1, 1, None).slots().count(), 0);
        assert_eq!(Plan::matrix(0, 3, None).slots().count(), 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn every_ordered_pair_exactly_once_and_no_node_twice_in_a_slot(
            nodes in 2usize..=200,
            repeat in 1u32..=2,
            concurrency in proptest::option::of(1usize..=120),
        ) {
            let plan = Plan::matrix(nodes, repeat, concurrency);
            let mut seen: HashMap<Test, usize> = HashMap::new();
            let mut slots = 0;
            for (index, slot) in plan.slots().enumerate() {
                slots += 1;
                prop_assert_eq!(slot.number, index + 1);
                prop_assert!(!slot.tests.is_empty());
                prop_assert!(concurrency.is_none_or(|limit| slot.tests.len() <= limit));
                let mut busy = HashSet::new();
                for test in slot.tests {
                    prop_assert!(busy.insert(test.client) && busy.insert(test.server));
                    prop_assert!(test.client < nodes && test.server < nodes);
                    *seen.entry(test).or_default() += 1;
                }
            }
            prop_assert_eq!(slots, plan.slot_count());
            prop_assert_eq!(seen.len(), plan.test_count());
            prop_assert!(seen.values().all(|&count| count == 1));
            if concurrency.is_none() {
                let rounds = if nodes % 2 == 0 { nodes - 1 } else { nodes };
                prop_assert_eq!(slots, 2 * rounds * repeat as usize);
            }
        }
    }
}
