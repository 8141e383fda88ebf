//! What to do about a test that failed, where its failure does not say so itself.

use crate::document::{Failure, FailureKind, Path};

/// The failure of a test over `path`, with what to do about it; `to_outside` if its server runs elsewhere.
pub(super) fn with_remedy(failure: Failure, path: Path, to_outside: bool) -> Failure {
    let remedy = match failure.kind {
        // there is nothing between a machine and itself
        _ if failure.remedy.is_some() || path == Path::Loopback => return failure,
        FailureKind::Unreachable if to_outside => {
            "see whether an iperf3 server listens there, on that port, and whether a firewall lets the nodes through"
        }
        FailureKind::Unreachable => {
            "see what keeps them apart: a NetworkPolicy, a firewall, a node that has no way to the other; \
             --path pod,host tells the overlay from the wire"
        }
        FailureKind::TimedOut => {
            "see what swallows packets between them; if it works with --mss 1200, it is the MTU"
        }
        FailureKind::ClientLost => "measure again what failed: a matrix with --resume latest",
        FailureKind::Busy => "somebody else measures against it: try again later, or with another --port",
        FailureKind::Incomplete => {
            "measure again; if it happens again, see what ends servers or breaks connections: \
             kubectl get events --all-namespaces"
        }
        FailureKind::Engine => {
            "these are the words of iperf itself: if it does not know an option, take an --image with a \
             newer one; if it was refused something, see the node of the client"
        }
        FailureKind::NodeUnusable | FailureKind::Refused => return failure,
    };
    failure.with_remedy(Some(remedy.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remedy_that_is_known_better_stays() {
        let failure = || Failure::new(FailureKind::Unreachable, "no route to host");
        let remedy = |failure, path| with_remedy(failure, path, false).remedy;
        let outside = with_remedy(failure(), Path::Pod, true).remedy;
        assert!(outside.is_some_and(|remedy| remedy.contains("listens there")));
        assert!(remedy(failure(), Path::Pod).is_some_and(|remedy| remedy.contains("NetworkPolicy")));
        assert_eq!(remedy(failure().with_remedy(Some("ask".to_owned())), Path::Pod).as_deref(), Some("ask"));
        assert_eq!(remedy(failure(), Path::Loopback), None);
    }
}
