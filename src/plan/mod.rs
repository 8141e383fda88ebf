//! What is measured, and in which order. Pure: no cluster, no clock.
//!
//! A [`Plan`] is a list of slots; a slot is a set of tests that run at the same time without
//! sharing a node, so that no measurement disturbs another. Slots are computed when they are
//! asked for: a plan for thousands of nodes costs nothing until it is run.

mod estimate;
mod pairing;

pub use estimate::{Estimate, format_duration};

use pairing::Pairings;

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

/// What is to be measured, each pair of nodes `repeat` times, in conflict-free slots.
///
/// The steps of a pairing follow each other directly, so that a drift of the network in time is
/// not mistaken for a difference between two directions or two paths. Repetitions follow each
/// other plan by plan, so that those of one pair are spread over the whole run.
#[derive(Debug, Clone)]
pub struct Plan {
    layout: Layout,
    steps: Vec<Step>,
    repeat: u32,
    /// Slots that one step of one pairing is cut into, by the limit on concurrency.
    cuts: usize,
    concurrency: usize,
}

/// Which nodes are paired.
#[derive(Debug, Clone, Copy)]
enum Layout {
    /// Each with each.
    Mesh(Pairings),
    /// So many, each with the one that follows them all.
    Star(usize),
}

impl Layout {
    fn nodes(self) -> usize {
        match self {
            Self::Mesh(pairings) => pairings.nodes(),
            Self::Star(clients) => clients + 1,
        }
    }

    /// How many pairings there are.
    fn len(self) -> usize {
        match self {
            Self::Mesh(pairings) => pairings.len(),
            Self::Star(clients) => clients,
        }
    }

    fn pair_count(self) -> usize {
        match self {
            Self::Mesh(pairings) => pairings.nodes() * pairings.nodes().saturating_sub(1) / 2,
            Self::Star(clients) => clients,
        }
    }

    /// The pairs of a pairing, the lower position first.
    fn pairing(self, index: usize) -> impl Iterator<Item = (usize, usize)> {
        let (mesh, star) = match self {
            Self::Mesh(pairings) => (Some(pairings.pairing(index)), None),
            Self::Star(clients) => (None, Some((index, clients))),
        };
        mesh.into_iter().flatten().chain(star)
    }
}

impl Plan {
    /// Plans all pairs of `nodes` nodes.
    ///
    /// `concurrency` bounds the tests of a slot (at least 1); without it a slot holds as many
    /// disjoint pairs as there are: N/2.
    pub fn mesh(nodes: usize, steps: Vec<Step>, repeat: u32, concurrency: Option<usize>) -> Self {
        let pairings = Pairings::new(nodes);
        let widest = pairings.width().max(1);
        let concurrency = concurrency.unwrap_or(widest).clamp(1, widest);
        let cuts = widest.div_ceil(concurrency);
        Self { layout: Layout::Mesh(pairings), steps, repeat, cuts, concurrency }
    }

    /// Plans the pairs of each of `clients` nodes and one server, which is the node that follows
    /// them in the list, one after the other.
    pub fn star(clients: usize, steps: Vec<Step>, repeat: u32) -> Self {
        Self { layout: Layout::Star(clients), steps, repeat, cuts: 1, concurrency: 1 }
    }

    /// How many nodes take part.
    pub fn node_count(&self) -> usize {
        self.layout.nodes()
    }

    /// How many pairs of nodes there are, in whichever order.
    pub fn pair_count(&self) -> usize {
        self.layout.pair_count()
    }

    /// How many tests there are: every step of every pair, as often as it is repeated.
    pub fn test_count(&self) -> usize {
        self.pair_count() * self.steps.len() * self.repeat as usize
    }

    /// How many results there are: one for each direction of each test.
    pub fn result_count(&self) -> usize {
        let directions: usize = self.steps.iter().map(|step| step.flow.directions().len()).sum();
        self.pair_count() * directions * self.repeat as usize
    }

    /// How many slots there are. For each ordered pair of a mesh once: 2(N−1) for an even number
    /// of nodes, 2N for an odd one; more by the cuts that a limit on concurrency makes.
    pub fn slot_count(&self) -> usize {
        self.layout.len() * self.steps.len() * self.cuts * self.repeat as usize
    }

    /// How many slots run each variant.
    pub fn slots_of_variant(&self, variant: usize) -> usize {
        let steps = self.steps.iter().filter(|step| step.variant == variant).count();
        self.layout.len() * steps * self.cuts * self.repeat as usize
    }

    /// All slots, in the order in which they run.
    pub fn slots(&self) -> impl Iterator<Item = Slot> + '_ {
        (0..self.slot_count()).map(|index| self.slot(index))
    }

    fn slot(&self, index: usize) -> Slot {
        let step = self.steps[index % self.steps.len()];
        let index_of_cut = index / self.steps.len();
        let (index_of_pairing, cut) = (index_of_cut / self.cuts, index_of_cut % self.cuts);
        let repetition = (index_of_pairing / self.layout.len()) as u32 + 1;
        let tests = self
            .layout
            .pairing(index_of_pairing % self.layout.len())
            .skip(cut * self.concurrency)
            .take(self.concurrency)
            .map(|(low, high)| {
                let (client, server) = if step.backward { (high, low) } else { (low, high) };
                Test { client, server, variant: step.variant, flow: step.flow, repetition }
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
        assert_eq!((plan.node_count(), plan.test_count(), plan.result_count()), (4, 3, 6));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
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
