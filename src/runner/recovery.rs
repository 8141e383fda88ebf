//! Tests whose nodes lose their servers: which failures are worth a retry.

use std::time::Duration;

use super::Run;
use super::attempt::{self, Failed, MAX_BUSY_ATTEMPTS, Results};
use super::nodes::NodeHealth;
use crate::document::{Failure, FailureKind};
use crate::plan::Test;
use crate::testbed::{RestoreReason, Server};

/// How long the cluster may take to report that a server has died.
const REPORT_DELAY: Duration = Duration::from_secs(3);

impl Run<'_> {
    /// Attempts a test if both of its nodes are usable. Lost nodes are checked first: they may have recovered.
    pub(super) async fn try_once(&self, test: Test) -> Result<Results, Failed> {
        for node in [test.client, test.server] {
            if self.nodes.is_lost(node) {
                self.nodes.recover(self.testbed, self.observer, node, RestoreReason::LostBefore).await;
            }
        }
        let server = self.server(test)?;
        attempt::attempt(self, test, &server).await
    }

    /// Checks both nodes of a failed test, and restores their servers where possible.
    pub(super) async fn recover(&self, test: Test, attempt: u32, failure: &Failure) -> NodeHealth {
        let reason = match failure.kind {
            FailureKind::Refused | FailureKind::NodeUnusable | FailureKind::Unauthenticated => {
                return NodeHealth::Healthy;
            }
            FailureKind::Busy if attempt < MAX_BUSY_ATTEMPTS => return NodeHealth::Healthy,
            FailureKind::Busy => RestoreReason::Stuck,
            _ => RestoreReason::TestFailed,
        };
        let health = self.recover_both(test, reason).await;
        let may_have_died = matches!(
            failure.kind,
            FailureKind::Unreachable
                | FailureKind::Incomplete
                | FailureKind::ConnectionLost
                | FailureKind::ClientLost
        );
        if health != NodeHealth::Healthy || !may_have_died {
            return health;
        }
        // evaluated for both: each node has a recheck of its own
        let rechecks = [test.client, test.server].map(|node| self.nodes.take_recheck(node));
        if !rechecks.contains(&true) {
            return health;
        }
        tokio::time::sleep(REPORT_DELAY).await;
        self.recover_both(test, reason).await
    }

    pub(super) async fn recover_both(&self, test: Test, server_trouble: RestoreReason) -> NodeHealth {
        let recover = |node, reason| self.nodes.recover(self.testbed, self.observer, node, reason);
        let (client, server) = tokio::join!(
            recover(test.client, RestoreReason::TestFailed),
            recover(test.server, server_trouble)
        );
        client.max(server)
    }

    /// The server of a test, if both of its nodes are usable.
    pub(super) fn server(&self, test: Test) -> Result<Server, Failure> {
        self.nodes.server(test.client, test.variant.route)?;
        self.nodes.server(test.server, test.variant.route)
    }
}
