//! Round-robin pairings by the circle method, as chess tournaments are drawn.

/// All pairings of a number of nodes: each unordered pair is in exactly one pairing, and no node is twice in one.
///
/// The circle method (R. Schurig, 1886): one seat is fixed, the others rotate around it. With an odd number of
/// nodes the fixed seat is empty, and the node paired with it pauses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pairings {
    nodes: usize,
    /// `nodes`, rounded up to an even number.
    seats: usize,
}

impl Pairings {
    pub(super) fn new(nodes: usize) -> Self {
        Self { nodes, seats: nodes + nodes % 2 }
    }

    pub(super) fn nodes(self) -> usize {
        self.nodes
    }

    /// Number of pairings: N−1 for even N, N for odd N.
    pub(super) fn len(self) -> usize {
        if self.nodes < 2 { 0 } else { self.seats - 1 }
    }

    /// Number of pairs in each pairing.
    pub(super) fn width(self) -> usize {
        self.nodes / 2
    }

    /// The pairs of pairing `round`, the lower position first.
    pub(super) fn pairing(self, round: usize) -> impl Iterator<Item = (usize, usize)> {
        let circle = self.seats - 1;
        let with_fixed_seat = (self.nodes == self.seats).then_some((round, circle));
        let rotating = (1..self.seats / 2).map(move |step| {
            let ahead = (round + step) % circle;
            let behind = (round + circle - step) % circle;
            (ahead.min(behind), ahead.max(behind))
        });
        with_fixed_seat.into_iter().chain(rotating)
    }
}
