//! Round-robin pairings by the circle method, as chess tournaments are drawn.

/// The pairings of a number of nodes: each unordered pair is in exactly one of them, and no node
/// is twice in one.
///
/// The circle method (R. Schurig, 1886): one node stands still, the others move around it. With an
/// odd number of nodes the one that stands still is nobody, and whoever meets it rests.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pairings {
    nodes: usize,
    /// `nodes`, made even.
    seats: usize,
}

impl Pairings {
    pub(super) fn new(nodes: usize) -> Self {
        Self { nodes, seats: nodes + nodes % 2 }
    }

    /// How many nodes there are.
    pub(super) fn nodes(self) -> usize {
        self.nodes
    }

    /// How many pairings there are: N−1 for even N, N for odd N.
    pub(super) fn len(self) -> usize {
        if self.nodes < 2 { 0 } else { self.seats - 1 }
    }

    /// How many pairs each of them holds.
    pub(super) fn width(self) -> usize {
        self.nodes / 2
    }

    /// The pairs of pairing `round`, the lower position first.
    pub(super) fn pairing(self, round: usize) -> impl Iterator<Item = (usize, usize)> {
        let circle = self.seats - 1;
        let against_the_still_one = (self.nodes == self.seats).then_some((round, circle));
        let around = (1..self.seats / 2).map(move |step| {
            let ahead = (round + step) % circle;
            let behind = (round + circle - step) % circle;
            (ahead.min(behind), ahead.max(behind))
        });
        against_the_still_one.into_iter().chain(around)
    }
}
