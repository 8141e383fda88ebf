//! The slots of all pairs of nodes, computed by index.

use super::pairing::Pairings;
use super::{Slot, Step, Test, Variant};
use crate::document::NodeId;

/// Each pair of nodes `repeat` times, in conflict-free slots.
///
/// The steps of a pairing are consecutive, so that a drift of the network over time is not mistaken for a
/// difference between directions or paths. The whole sequence is repeated, so that the repetitions of a pair are
/// spread over the run.
#[derive(Debug, Clone)]
pub(super) struct Systematic {
    nodes: Vec<NodeId>,
    layout: Layout,
    steps: Vec<Step>,
    repeat: u32,
    /// Number of slots into which the concurrency limit splits one step of one pairing.
    parts: usize,
    concurrency: usize,
}

#[derive(Debug, Clone, Copy)]
enum Layout {
    /// Each node with each other.
    Mesh(Pairings),
    /// This many clients, each with the node that follows them.
    Star(usize),
}

impl Layout {
    /// Number of pairings.
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
    /// Plans all pairs of `nodes`.
    ///
    /// `concurrency` (at least 1) limits the tests of a slot; the default is all disjoint pairs, N/2.
    pub(super) fn mesh(nodes: &[NodeId], steps: Vec<Step>, repeat: u32, concurrency: Option<usize>) -> Self {
        let pairings = Pairings::new(nodes.len());
        let widest = pairings.width().max(1);
        let concurrency = concurrency.unwrap_or(widest).clamp(1, widest);
        let parts = widest.div_ceil(concurrency);
        Self { nodes: nodes.to_vec(), layout: Layout::Mesh(pairings), steps, repeat, parts, concurrency }
    }

    /// Plans the pairs of each node with the last one, one at a time.
    pub(super) fn star(nodes: &[NodeId], steps: Vec<Step>, repeat: u32) -> Self {
        let layout = Layout::Star(nodes.len().saturating_sub(1));
        Self { nodes: nodes.to_vec(), layout, steps, repeat, parts: 1, concurrency: 1 }
    }

    /// Number of unordered pairs.
    fn pair_count(&self) -> usize {
        self.layout.pair_count()
    }

    /// Number of tests: every step of every pair, times the repetitions.
    pub(super) fn test_count(&self) -> usize {
        self.pair_count() * self.steps.len() * self.repeat as usize
    }

    /// Number of results: one per direction of each test.
    pub(super) fn result_count(&self) -> usize {
        let directions: usize = self.steps.iter().map(|step| step.flow.directions().len()).sum();
        self.pair_count() * directions * self.repeat as usize
    }

    /// Number of slots; see [`Plan::slot_count`](super::Plan::slot_count).
    pub(super) fn slot_count(&self) -> usize {
        self.layout.len() * self.steps.len() * self.parts * self.repeat as usize
    }

    /// Number of slots of a variant.
    pub(super) fn slots_of_variant(&self, variant: Variant) -> usize {
        let steps = self.steps.iter().filter(|step| step.variant == variant).count();
        self.layout.len() * steps * self.parts * self.repeat as usize
    }

    /// The slot at an index, from 0.
    pub(super) fn slot(&self, index: usize) -> Slot {
        let step = self.steps[index % self.steps.len()];
        let index_of_part = index / self.steps.len();
        let (index_of_pairing, part) = (index_of_part / self.parts, index_of_part % self.parts);
        let repetition = (index_of_pairing / self.layout.len()) as u32 + 1;
        let tests = self
            .layout
            .pairing(index_of_pairing % self.layout.len())
            .skip(part * self.concurrency)
            .take(self.concurrency)
            .map(|(low, high)| {
                let (client, server) = if step.backward { (high, low) } else { (low, high) };
                let (client, server) = (self.nodes[client], self.nodes[server]);
                Test { client, server, variant: step.variant, flow: step.flow, repetition }
            })
            .collect();
        Slot { number: index + 1, tests }
    }
}
