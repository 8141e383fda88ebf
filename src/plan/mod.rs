//! What is measured, and in which order. Pure: no cluster, no clock.
//!
//! A [`Plan`] is a list of slots; a slot is a set of tests that run at the same time without
//! sharing a node, so that no measurement disturbs another. The slots of all pairs are computed
//! when they are asked for: a plan for thousands of nodes costs nothing until it is run.

mod estimate;
mod packing;
mod pairing;
mod systematic;

pub use estimate::{Estimate, format_duration};

use systematic::Systematic;

use crate::engine::Flow;

/// One measurement to make: between the node of a client and that of a server.
/// Nodes are positions in the list of nodes that the plan was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Test {
    /// The node whose client connects.
    pub client: usize,
    /// The node whose server answers.
    pub server: usize,
    /// Which of the variants of a measurement this is: a position in the list of the caller.
    pub variant: usize,
    /// Which way the data flows.
    pub flow: Flow,
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

/// One thing that is done with each pairing of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Which of the variants of a measurement it is.
    pub variant: usize,
    /// Whether the clients are on the nodes that come later in the list.
    pub backward: bool,
    /// Which way the data flows.
    pub flow: Flow,
}

/// What is to be measured, in conflict-free slots.
#[derive(Debug, Clone)]
pub struct Plan(Order);

#[derive(Debug, Clone)]
enum Order {
    Systematic(Systematic),
    Listed(Vec<Vec<Test>>),
}

impl Plan {
    /// Plans all pairs of `nodes` nodes.
    ///
    /// `concurrency` bounds the tests of a slot (at least 1); without it a slot holds as many
    /// disjoint pairs as there are: N/2.
    pub fn mesh(nodes: usize, steps: Vec<Step>, repeat: u32, concurrency: Option<usize>) -> Self {
        Self(Order::Systematic(Systematic::mesh(nodes, steps, repeat, concurrency)))
    }

    /// Plans the pairs of each of `clients` nodes and one server, which is the node that follows
    /// them in the list, one after the other.
    pub fn star(clients: usize, steps: Vec<Step>, repeat: u32) -> Self {
        Self(Order::Systematic(Systematic::star(clients, steps, repeat)))
    }

    /// Plans these tests, one at a time.
    pub fn one_by_one(tests: impl IntoIterator<Item = Test>) -> Self {
        Self(Order::Listed(tests.into_iter().map(|test| vec![test]).collect()))
    }

    /// The tests of this plan for which `is_wanted`, in as few slots as are found for them; no slot
    /// has more tests than the widest one of this plan.
    #[must_use]
    pub fn only(&self, is_wanted: impl Fn(&Test) -> bool) -> Self {
        let widest = self.slots().map(|slot| slot.tests.len()).max().unwrap_or(1);
        let tests = self.slots().flat_map(|slot| slot.tests).filter(is_wanted);
        Self(Order::Listed(packing::pack(tests, widest)))
    }

    /// How many tests there are.
    pub fn test_count(&self) -> usize {
        match &self.0 {
            Order::Systematic(order) => order.test_count(),
            Order::Listed(slots) => slots.iter().map(Vec::len).sum(),
        }
    }

    /// How many results there are: one for each direction of each test.
    pub fn result_count(&self) -> usize {
        match &self.0 {
            Order::Systematic(order) => order.result_count(),
            Order::Listed(slots) => slots.iter().flatten().map(|test| test.flow.directions().len()).sum(),
        }
    }

    /// How many slots there are. For each ordered pair of a mesh once: 2(N−1) for an even number
    /// of nodes, 2N for an odd one; more by the cuts that a limit on concurrency makes.
    pub fn slot_count(&self) -> usize {
        match &self.0 {
            Order::Systematic(order) => order.slot_count(),
            Order::Listed(slots) => slots.len(),
        }
    }

    /// How many slots run each variant.
    pub fn slots_of_variant(&self, variant: usize) -> usize {
        match &self.0 {
            Order::Systematic(order) => order.slots_of_variant(variant),
            Order::Listed(slots) => {
                slots.iter().filter(|tests| tests.iter().any(|test| test.variant == variant)).count()
            }
        }
    }

    /// All slots, in the order in which they run.
    pub fn slots(&self) -> impl Iterator<Item = Slot> + '_ {
        (0..self.slot_count()).map(|index| match &self.0 {
            Order::Systematic(order) => order.slot(index),
            Order::Listed(slots) => Slot { number: index + 1, tests: slots[index].clone() },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::{HashMap, HashSet};

    /// One variant, and each node as the client of each other.
    fn both_ways() -> Vec<Step> {
        [false, true].map(|backward| Step { variant: 0, backward, flow: Flow::Forward }).to_vec()
    }

    #[test]
    fn four_nodes_take_six_slots() {
        let plan = Plan::mesh(4, both_ways(), 1, None);
        assert_eq!((plan.test_count(), plan.slot_count()), (12, 6));
        assert!(plan.slots().all(|slot| slot.tests.len() == 2));
    }

    #[test]
    fn a_pair_is_measured_from_the_first_named_node_first() {
        let slots: Vec<Slot> = Plan::mesh(2, both_ways(), 1, None).slots().collect();
        let ends = |slot: &Slot| (slot.tests[0].client, slot.tests[0].server);
        assert_eq!(slots.iter().map(ends).collect::<Vec<_>>(), [(0, 1), (1, 0)]);
    }

    #[test]
    fn concurrency_one_runs_one_test_at_a_time() {
        let plan = Plan::mesh(5, both_ways(), 1, Some(1));
        assert_eq!(plan.slot_count(), plan.test_count());
    }

    #[test]
    fn one_node_has_nothing_to_measure() {
        assert_eq!(Plan::mesh(1, both_ways(), 1, None).slots().count(), 0);
        assert_eq!(Plan::mesh(0, both_ways(), 3, None).slots().count(), 0);
    }

    #[test]
    fn the_variants_of_a_pairing_follow_each_other() {
        let steps = [0, 1, 2].map(|variant| Step { variant, backward: false, flow: Flow::Forward });
        let plan = Plan::mesh(4, steps.to_vec(), 1, None);
        let slots: Vec<Slot> = plan.slots().collect();
        for three in slots.chunks(3) {
            let pairs =
                |slot: &Slot| slot.tests.iter().map(|test| (test.client, test.server)).collect::<Vec<_>>();
            assert_eq!(pairs(&three[0]), pairs(&three[1]));
            assert_eq!(pairs(&three[0]), pairs(&three[2]));
            let variants: Vec<usize> = three.iter().map(|slot| slot.tests[0].variant).collect();
            assert_eq!(variants, [0, 1, 2]);
        }
        assert_eq!(plan.slots_of_variant(1), 3);
    }

    #[test]
    fn a_star_goes_from_each_node_to_the_last() {
        let steps = vec![Step { variant: 0, backward: false, flow: Flow::Both }];
        let plan = Plan::star(3, steps, 1);
        let ends: Vec<_> =
            plan.slots().flat_map(|slot| slot.tests).map(|test| (test.client, test.server)).collect();
        assert_eq!(ends, [(0, 3), (1, 3), (2, 3)]);
        assert_eq!((plan.test_count(), plan.result_count()), (3, 6));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        /// What is left of a plan is planned again: each test once, no node twice in a slot, and
        /// not in more than twice the slots that the busiest node needs.
        #[test]
        fn what_is_left_is_packed(
            nodes in 2usize..=24,
            wanted in proptest::collection::vec(any::<bool>(), 24 * 24 * 2),
            concurrency in proptest::option::of(1usize..=6),
        ) {
            let mut steps = both_ways();
            steps.extend(both_ways().into_iter().map(|step| Step { variant: 1, ..step }));
            let plan = Plan::mesh(nodes, steps, 1, concurrency);
            let is_wanted =
                |test: &Test| wanted[(test.client * 24 + test.server) * 2 + test.variant];
            let left = plan.only(is_wanted);
            let expected: HashSet<Test> =
                plan.slots().flat_map(|slot| slot.tests).filter(is_wanted).collect();
            let tests: Vec<Test> = left.slots().flat_map(|slot| slot.tests).collect();
            prop_assert_eq!(tests.len(), expected.len());
            prop_assert_eq!(left.test_count(), expected.len());
            prop_assert_eq!(tests.iter().copied().collect::<HashSet<_>>(), expected);
            let mut load: HashMap<(usize, usize), usize> = HashMap::new();
            for slot in left.slots() {
                let mut busy = HashSet::new();
                prop_assert!(concurrency.is_none_or(|limit| slot.tests.len() <= limit));
                for test in &slot.tests {
                    prop_assert!(busy.insert(test.client) && busy.insert(test.server));
                    prop_assert_eq!(test.variant, slot.tests[0].variant);
                    for node in [test.client, test.server] {
                        *load.entry((test.variant, node)).or_default() += 1;
                    }
                }
            }
            if concurrency.is_none() {
                let busiest = |variant| load.iter().filter(|(key, _)| key.0 == variant).map(|(_, &tests)| tests).max();
                let bound: usize = [0, 1].into_iter().map(|variant| 2 * busiest(variant).unwrap_or(0)).sum();
                prop_assert!(left.slot_count() <= bound, "{} slots for {bound}", left.slot_count());
            }
        }


        #[test]
        fn every_step_of_every_pair_exactly_once_and_no_node_twice_in_a_slot(
            nodes in 2usize..=200,
            repeat in 1u32..=2,
            variants in 1usize..=2,
            concurrency in proptest::option::of(1usize..=120),
        ) {
            let steps: Vec<Step> = (0..variants)
                .flat_map(|variant| both_ways().into_iter().map(move |step| Step { variant, ..step }))
                .collect();
            let plan = Plan::mesh(nodes, steps, repeat, concurrency);
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
            prop_assert_eq!(seen.len(), nodes * (nodes - 1) * variants * repeat as usize);
            prop_assert!(seen.values().all(|&count| count == 1));
            if concurrency.is_none() {
                let rounds = if nodes % 2 == 0 { nodes - 1 } else { nodes };
                prop_assert_eq!(slots, 2 * rounds * variants * repeat as usize);
            }
        }
    }
}
