//! Default remedies of failed tests.

use super::Run;
use crate::document::{Failure, FailureKind, Path};
use crate::plan::Test;

/// Adds the default remedy to a failure of `test` that has none.
pub(super) fn add_default_remedy(failure: Failure, run: &Run<'_>, test: Test) -> Failure {
    let engine = run.settings.engine(test.variant.measure);
    let is_server_external = run.settings.external_server == Some(test.server);
    let remedy = remedy(failure.kind, engine.program(), is_server_external);
    // there is no network to repair on loopback
    if failure.remedy.is_some() || test.variant.route.path == Path::Loopback {
        return failure;
    }
    failure.with_remedy(remedy)
}

fn remedy(kind: FailureKind, program: &str, is_server_external: bool) -> Option<String> {
    let remedy = match kind {
        FailureKind::Unreachable if is_server_external => &format!(
            "check that the {program} server listens on that host and port, and that no firewall blocks the nodes"
        ),
        FailureKind::Unreachable => {
            "look for a NetworkPolicy, a firewall or a missing route between the nodes; --path pod,host shows \
             whether the overlay or the node network is at fault"
        }
        FailureKind::TimedOut | FailureKind::NoData => {
            "look for packet loss, firewalls and overloaded nodes between the two ends"
        }
        FailureKind::Unresponsive if is_server_external => &format!(
            "restart the {program} server; if several servers share the address, use that of one of them: all \
             connections of a test must reach the same server"
        ),
        FailureKind::Unresponsive => "check the server's node: `kubectl describe node` and its kubelet",
        FailureKind::ConnectionLost => {
            "look for NAT, firewalls and load balancers that end connections which are silent during a test, such as by \
             nf_conntrack_tcp_timeout_established; iperf3 3.19 and later sends keepalives"
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
        FailureKind::PacketSize
        | FailureKind::NodeUnusable
        | FailureKind::Refused
        | FailureKind::Unauthenticated => return None,
    };
    Some(remedy.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn only_external_servers_are_asked_for_by_name() {
        let of = |is_external| remedy(FailureKind::Unreachable, "fake", is_external).unwrap();
        assert!(of(true).contains("fake server listens"));
        assert!(of(false).contains("NetworkPolicy"));
    }

    #[test]
    fn failure_of_a_server_that_hangs_does_not_blame_the_path() {
        for is_external in [true, false] {
            let remedy = remedy(FailureKind::Unresponsive, "fake", is_external).unwrap();
            assert!(!remedy.contains("MTU") && !remedy.contains("packet"), "{remedy}");
        }
    }
}
