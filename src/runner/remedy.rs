//! Default remedies of failed tests.

use crate::document::{Failure, FailureKind, Path};
use crate::engine::Engine;

/// Adds the default remedy to a failure of `engine` over `path` that has none.
pub(super) fn add_default_remedy(
    failure: Failure,
    engine: &dyn Engine,
    path: Path,
    is_server_external: bool,
) -> Failure {
    let program = engine.program();
    let remedy = match failure.kind {
        // there is no network to repair on loopback
        _ if failure.remedy.is_some() || path == Path::Loopback => return failure,
        FailureKind::Unreachable if is_server_external => &format!(
            "check that the {program} server listens on that host and port, and that no firewall blocks the nodes"
        ),
        FailureKind::Unreachable => {
            "look for a NetworkPolicy, a firewall or a missing route between the nodes; --path pod,host shows \
             whether the overlay or the node network is at fault"
        }
        FailureKind::TimedOut => {
            "look for packet loss between the nodes; if the test succeeds with --mss 1200, the path MTU is too small"
        }
        FailureKind::ClientLost => "retry the failed tests: kubectl netbench matrix --resume latest",
        FailureKind::Busy => "another client is using the server: retry later, or use another --port",
        FailureKind::Incomplete => {
            "retry; if it fails again, look for restarted servers and broken connections: \
             kubectl get events --all-namespaces"
        }
        FailureKind::Engine => &format!(
            "this is a message of {program}: if an option is unknown, use an --image with a newer version; if an \
                 operation is not permitted, check the client's node"
        ),
        FailureKind::NodeUnusable | FailureKind::Refused | FailureKind::Unauthenticated => return failure,
    };
    failure.with_remedy(Some(remedy.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::tests::FakeEngine;

    #[test]
    fn failure_with_its_own_remedy_keeps_it() {
        let failure = || Failure::new(FailureKind::Unreachable, "no route to host");
        let remedy = |failure, path| add_default_remedy(failure, &FakeEngine, path, false).remedy;
        let external = add_default_remedy(failure(), &FakeEngine, Path::Pod, true).remedy;
        assert!(external.is_some_and(|remedy| remedy.contains("fake server listens")));
        assert!(remedy(failure(), Path::Pod).is_some_and(|remedy| remedy.contains("NetworkPolicy")));
        assert_eq!(remedy(failure().with_remedy(Some("ask".to_owned())), Path::Pod).as_deref(), Some("ask"));
        assert_eq!(remedy(failure(), Path::Loopback), None);
    }
}
