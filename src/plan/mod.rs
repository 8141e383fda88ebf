//! Plans which tests run in which order. Pure: no cluster, no clock.
//!
//! A [`Plan`] is a list of slots; a slot is a set of tests that run at the same time without
//! sharing a node, so that they do not affect each other's results. Slots are computed lazily: a plan for
//! thousands of nodes takes no memory.

mod estimate;
mod packing;
mod pairing;
mod systematic;

pub use estimate::{Estimate, format_duration};

use systematic::Systematic;

use crate::document::{Measure, NodeId};
use crate::engine::Flow;
use crate::options::Route;

/// What is measured of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Variant {
    /// The route of the packets.
    pub route: Route,
    /// Throughput or latency.
    pub measure: Measure,
}

/// A planned test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Test {
    /// The node of the client.
    pub client: NodeId,
    /// The node of the server.
    pub server: NodeId,
    /// What is measured.
    pub variant: Variant,
    /// The direction of the data.
    pub flow: Flow,
    /// The repetition of this pair, from 1.
    pub repetition: u32,
}

/// Tests that run at the same time, no two of which share a node. Called a round in output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Position in the plan, from 1.
    pub number: usize,
    /// The tests, at least one.
    pub tests: Vec<Test>,
}

/// A measurement of each pairing of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// What is measured.
    pub variant: Variant,
    /// Whether the clients are on the nodes that come later in the list.
    pub backward: bool,
    /// The direction of the data.
    pub flow: Flow,
}

/// A sequence of conflict-free slots.
#[derive(Debug, Clone)]
pub struct Plan(Order);

#[derive(Debug, Clone)]
enum Order {
    Systematic(Systematic),
    Listed(Vec<Vec<Test>>),
}

impl Plan {
    /// Plans all pairs of `nodes`.
    ///
    /// `concurrency` (at least 1) limits the tests of a slot; the default is all disjoint pairs, N/2.
    pub fn mesh(nodes: &[NodeId], steps: Vec<Step>, repeat: u32, concurrency: Option<usize>) -> Self {
        Self(Order::Systematic(Systematic::mesh(nodes, steps, repeat, concurrency)))
    }

    /// Plans the pairs of each node with the last one, one at a time.
    pub fn star(nodes: &[NodeId], steps: Vec<Step>, repeat: u32) -> Self {
        Self(Order::Systematic(Systematic::star(nodes, steps, repeat)))
    }

    /// Plans tests one at a time.
    pub fn one_by_one(tests: impl IntoIterator<Item = Test>) -> Self {
        Self(Order::Listed(tests.into_iter().map(|test| vec![test]).collect()))
    }

    /// The tests of this plan for which `is_wanted`, packed into few slots. No slot has more tests than the
    /// widest slot of this plan.
    #[must_use]
    pub fn only(&self, is_wanted: impl Fn(&Test) -> bool) -> Self {
        let widest = self.slots().map(|slot| slot.tests.len()).max().unwrap_or(1);
        let tests = self.slots().flat_map(|slot| slot.tests).filter(is_wanted);
        Self(Order::Listed(packing::pack(tests, widest)))
    }

    /// Number of tests.
    pub fn test_count(&self) -> usize {
        match &self.0 {
            Order::Systematic(order) => order.test_count(),
            Order::Listed(slots) => slots.iter().map(Vec::len).sum(),
        }
    }

    /// Number of results: one per direction of each test.
    pub fn result_count(&self) -> usize {
        match &self.0 {
            Order::Systematic(order) => order.result_count(),
            Order::Listed(slots) => slots.iter().flatten().map(|test| test.flow.directions().len()).sum(),
        }
    }

    /// Number of slots. A mesh with each ordered pair once has 2(N−1) for even N and 2N for odd N, times the parts
    /// into which a concurrency limit splits each slot.
    pub fn slot_count(&self) -> usize {
        match &self.0 {
            Order::Systematic(order) => order.slot_count(),
            Order::Listed(slots) => slots.len(),
        }
    }

    /// Number of slots of a variant.
    pub fn slots_of_variant(&self, variant: Variant) -> usize {
        match &self.0 {
            Order::Systematic(order) => order.slots_of_variant(variant),
            Order::Listed(slots) => {
                slots.iter().filter(|tests| tests.iter().any(|test| test.variant == variant)).count()
            }
        }
    }

    /// All slots in order.
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
    use crate::options::Path;
    use proptest::prelude::*;
    use std::collections::{HashMap, HashSet};

    pub(super) fn nodes(count: usize) -> Vec<NodeId> {
        (0..count).map(|index| NodeId::from(index.to_string().as_str())).collect()
    }

    pub(super) fn variant(index: usize) -> Variant {
        let path = [Path::Pod, Path::Host, Path::Service][index];
        Variant { route: path.into(), measure: Measure::Throughput }
    }

    fn index(node: NodeId) -> usize {
        node.parse().unwrap()
    }

    /// One variant, each node as the client of each other.
    fn both_directions() -> Vec<Step> {
        [false, true].map(|backward| Step { variant: variant(0), backward, flow: Flow::Forward }).to_vec()
    }

    #[test]
    fn mesh_of_four_nodes_has_six_slots() {
        let plan = Plan::mesh(&nodes(4), both_directions(), 1, None);
        assert_eq!((plan.test_count(), plan.slot_count()), (12, 6));
        assert!(plan.slots().all(|slot| slot.tests.len() == 2));
    }

    #[test]
    fn pair_starts_with_the_first_node_as_client() {
        let slots: Vec<Slot> = Plan::mesh(&nodes(2), both_directions(), 1, None).slots().collect();
        let ends = |slot: &Slot| (index(slot.tests[0].client), index(slot.tests[0].server));
        assert_eq!(slots.iter().map(ends).collect::<Vec<_>>(), [(0, 1), (1, 0)]);
    }

    #[test]
    fn concurrency_of_one_has_one_test_per_slot() {
        let plan = Plan::mesh(&nodes(5), both_directions(), 1, Some(1));
        assert_eq!(plan.slot_count(), plan.test_count());
    }

    #[test]
    fn single_node_has_no_slots() {
        assert_eq!(Plan::mesh(&nodes(1), both_directions(), 1, None).slots().count(), 0);
        assert_eq!(Plan::mesh(&nodes(0), both_directions(), 3, None).slots().count(), 0);
    }

    #[test]
    fn variants_of_a_pairing_are_consecutive() {
        let steps =
            [0, 1, 2].map(|index| Step { variant: variant(index), backward: false, flow: Flow::Forward });
        let plan = Plan::mesh(&nodes(4), steps.to_vec(), 1, None);
        let slots: Vec<Slot> = plan.slots().collect();
        for three in slots.chunks(3) {
            let pairs =
                |slot: &Slot| slot.tests.iter().map(|test| (test.client, test.server)).collect::<Vec<_>>();
            assert_eq!(pairs(&three[0]), pairs(&three[1]));
            assert_eq!(pairs(&three[0]), pairs(&three[2]));
            let variants: Vec<Variant> = three.iter().map(|slot| slot.tests[0].variant).collect();
            assert_eq!(variants, [0, 1, 2].map(variant));
        }
        assert_eq!(plan.slots_of_variant(variant(1)), 3);
    }

    #[test]
    fn star_tests_each_node_against_the_last() {
        let steps = vec![Step { variant: variant(0), backward: false, flow: Flow::Both }];
        let plan = Plan::star(&nodes(4), steps, 1);
        let ends: Vec<_> = plan
            .slots()
            .flat_map(|slot| slot.tests)
            .map(|test| (index(test.client), index(test.server)))
            .collect();
        assert_eq!(ends, [(0, 3), (1, 3), (2, 3)]);
        assert_eq!((plan.test_count(), plan.result_count()), (3, 6));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        /// Each wanted test once, no node twice in a slot, and at most twice the slots that the busiest node needs.
        #[test]
        fn filtered_plan_is_packed_without_conflicts(
            count in 2usize..=24,
            wanted in proptest::collection::vec(any::<bool>(), 24 * 24 * 2),
            concurrency in proptest::option::of(1usize..=6),
        ) {
            let mut steps = both_directions();
            steps.extend(both_directions().into_iter().map(|step| Step { variant: variant(1), ..step }));
            let plan = Plan::mesh(&nodes(count), steps, 1, concurrency);
            let is_wanted =
                |test: &Test| wanted[(index(test.client) * 24 + index(test.server)) * 2 + usize::from(test.variant == variant(1))];
            let left = plan.only(is_wanted);
            let expected: HashSet<Test> =
                plan.slots().flat_map(|slot| slot.tests).filter(is_wanted).collect();
            let tests: Vec<Test> = left.slots().flat_map(|slot| slot.tests).collect();
            prop_assert_eq!(tests.len(), expected.len());
            prop_assert_eq!(left.test_count(), expected.len());
            prop_assert_eq!(tests.iter().copied().collect::<HashSet<_>>(), expected);
            let mut load: HashMap<(Variant, NodeId), usize> = HashMap::new();
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
                let bound: usize = [0, 1].into_iter().map(|index| 2 * busiest(variant(index)).unwrap_or(0)).sum();
                prop_assert!(left.slot_count() <= bound, "{} slots for {bound}", left.slot_count());
            }
        }

        #[test]
        fn mesh_has_every_step_of_every_pair_once_and_no_node_twice_in_a_slot(
            count in 2usize..=200,
            repeat in 1u32..=2,
            variants in 1usize..=2,
            concurrency in proptest::option::of(1usize..=120),
        ) {
            let steps: Vec<Step> = (0..variants)
                .flat_map(|index| both_directions().into_iter().map(move |step| Step { variant: variant(index), ..step }))
                .collect();
            let all = nodes(count);
            let plan = Plan::mesh(&all, steps, repeat, concurrency);
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
                    prop_assert!([test.client, test.server].iter().all(|node| all.contains(node)));
                    *seen.entry(test).or_default() += 1;
                }
            }
            prop_assert_eq!(slots, plan.slot_count());
            prop_assert_eq!(seen.len(), plan.test_count());
            prop_assert_eq!(seen.len(), count * (count - 1) * variants * repeat as usize);
            prop_assert!(seen.values().all(|&count| count == 1));
            if concurrency.is_none() {
                let rounds = if count % 2 == 0 { count - 1 } else { count };
                prop_assert_eq!(slots, 2 * rounds * variants * repeat as usize);
            }
        }
    }
}
