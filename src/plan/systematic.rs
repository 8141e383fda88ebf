//! All pairs of nodes, slot by slot, by calculation.

use super::pairing::Pairings;
use super::{Slot, Step, Test};

/// Each pair of nodes `repeat` times, in conflict-free slots that are computed when they are asked
/// for.
///
/// The steps of a pairing follow each other directly, so that a drift of the network in time is
/// not mistaken for a difference between two directions or two paths. Repetitions follow each
/// other plan by plan, so that those of one pair are spread over the whole run.
#[derive(Debug, Clone)]
pub(super) struct Systematic {
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

impl Systematic {
    /// Plans all pairs of `nodes` nodes.
    ///
    /// `concurrency` bounds the tests of a slot (at least 1); without it a slot holds as many
    /// disjoint pairs as there are: N/2.
    pub(super) fn mesh(nodes: usize, steps: Vec<Step>, repeat: u32, concurrency: Option<usize>) -> Self {
        let pairings = Pairings::new(nodes);
        let widest = pairings.width().max(1);
        let concurrency = concurrency.unwrap_or(widest).clamp(1, widest);
        let cuts = widest.div_ceil(concurrency);
        Self { layout: Layout::Mesh(pairings), steps, repeat, cuts, concurrency }
    }

    /// Plans the pairs of each of `clients` nodes and one server, which is the node that follows
    /// them in the list, one after the other.
    pub(super) fn star(clients: usize, steps: Vec<Step>, repeat: u32) -> Self {
        Self { layout: Layout::Star(clients), steps, repeat, cuts: 1, concurrency: 1 }
    }

    /// How many pairs of nodes there are, in whichever order.
    fn pair_count(&self) -> usize {
        self.layout.pair_count()
    }

    /// How many tests there are: every step of every pair, as often as it is repeated.
    pub(super) fn test_count(&self) -> usize {
        self.pair_count() * self.steps.len() * self.repeat as usize
    }

    /// How many results there are: one for each direction of each test.
    pub(super) fn result_count(&self) -> usize {
        let directions: usize = self.steps.iter().map(|step| step.flow.directions().len()).sum();
        self.pair_count() * directions * self.repeat as usize
    }

    /// How many slots there are. For each ordered pair of a mesh once: 2(N−1) for an even number
    /// of nodes, 2N for an odd one; more by the cuts that a limit on concurrency makes.
    pub(super) fn slot_count(&self) -> usize {
        self.layout.len() * self.steps.len() * self.cuts * self.repeat as usize
    }

    /// How many slots run each variant.
    pub(super) fn slots_of_variant(&self, variant: usize) -> usize {
        let steps = self.steps.iter().filter(|step| step.variant == variant).count();
        self.layout.len() * steps * self.cuts * self.repeat as usize
    }

    /// The slot at a position.
    pub(super) fn slot(&self, index: usize) -> Slot {
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
