//! Tests whose nodes go away: what is worth another try, and what is not.

use std::time::Duration;

use super::attempt::{self, MOST_ATTEMPTS, Results};
use super::nodes::Seen;
use super::{Run, Variant};
use crate::document::{Failure, FailureKind};
use crate::plan::Test;
use crate::testbed::{Server, Testbed, Trouble};

/// How long the cluster may take to tell that a server has died.
const NEWS_LIMIT: Duration = Duration::from_secs(3);

impl<T: Testbed> Run<'_, T> {
    /// Tries a test once, if both of its nodes are usable. One that was gone may be back.
    pub(super) async fn try_once(&self, test: Test, variant: Variant) -> Result<Results, Failure> {
        for node in [test.client, test.server] {
            if self.nodes.is_lost(node) {
                self.nodes.look(self.testbed, self.observer, node, Trouble::Gone).await;
            }
        }
        let server = self.server(test, variant)?;
        attempt::attempt(self, test, variant, &server).await
    }

    /// Looks what has become of both nodes of a test that has failed.
    pub(super) async fn look(&self, test: Test, attempt: u32, failure: &Failure) -> Seen {
        let trouble = match failure.kind {
            FailureKind::Refused | FailureKind::NodeUnusable => return Seen::Well,
            FailureKind::Busy if attempt < MOST_ATTEMPTS => return Seen::Well,
            FailureKind::Busy => Trouble::Stuck,
            _ => Trouble::Failed,
        };
        let seen = self.look_at_both(test, trouble).await;
        let may_have_died = matches!(
            failure.kind,
            FailureKind::Unreachable | FailureKind::Incomplete | FailureKind::ClientLost
        );
        if seen != Seen::Well || !may_have_died {
            return seen;
        }
        // both are asked: each has its own turn
        let worth = [test.client, test.server].map(|node| self.nodes.is_worth_another_look(node));
        if !worth.contains(&true) {
            return seen;
        }
        tokio::time::sleep(NEWS_LIMIT).await;
        self.look_at_both(test, trouble).await
    }

    async fn look_at_both(&self, test: Test, of_server: Trouble) -> Seen {
        let look = |node, trouble| self.nodes.look(self.testbed, self.observer, node, trouble);
        let (client, server) = tokio::join!(look(test.client, Trouble::Failed), look(test.server, of_server));
        match (client, server) {
            (Seen::Lost, _) | (_, Seen::Lost) => Seen::Lost,
            (Seen::Back, _) | (_, Seen::Back) => Seen::Back,
            (Seen::Well, Seen::Well) => Seen::Well,
        }
    }

    /// The server of a test, if both of its nodes are usable.
    pub(super) fn server(&self, test: Test, variant: Variant) -> Result<Server, Failure> {
        self.nodes.server(test.client, variant.route)?;
        self.nodes.server(test.server, variant.route)
    }
}
