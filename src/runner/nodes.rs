//! What is known about the servers of each node while tests run.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::{Event, Observer};
use crate::document::{Failure, FailureKind, NodeId};
use crate::options::Route;
use crate::testbed::{NodeServers, RestoreOutcome, RestoreReason, Server, ServerState, Testbed, Unusable};

/// How long kube-proxy (or its replacement) may take, after a server listens, to program the Service on every
/// node.
const SETTLE_LIMIT: Duration = Duration::from_secs(15);

/// The servers of all nodes.
pub(super) struct Nodes {
    states: HashMap<NodeId, Mutex<State>>,
}

struct State {
    /// As they were started or restored.
    servers: NodeServers,
    /// Why there are none at the moment.
    lost: Option<Unusable>,
    /// When every node must be able to reach the Services in front of them.
    settled_at: Instant,
    /// Whether the node's only recheck is used up.
    is_rechecked: bool,
}

/// The health of a node after a check; ordered from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum NodeHealth {
    /// No problem is known.
    Healthy,
    /// Its servers were lost, and have been restored.
    Recovered,
    /// Its servers are lost.
    Lost,
}

impl State {
    /// Servers that have just started to listen.
    fn new(servers: NodeServers) -> Self {
        Self { servers, lost: None, settled_at: Instant::now() + SETTLE_LIMIT, is_rechecked: false }
    }
}

impl Nodes {
    pub(super) fn new(servers: HashMap<NodeId, NodeServers>) -> Self {
        let states = servers.into_iter().map(|(node, servers)| (node, Mutex::new(State::new(servers))));
        Self { states: states.collect() }
    }

    /// Whether every node must be able to reach the Service of this one by now.
    pub(super) fn is_settled(&self, node: NodeId) -> bool {
        Instant::now() >= self.state(node).settled_at
    }

    /// The version of the throughput engine on each node, where it is known.
    pub(super) fn versions(&self) -> HashMap<NodeId, String> {
        let version =
            |servers: &NodeServers| servers.values().flatten().find_map(|server| server.version.clone());
        self.states.keys().filter_map(|&node| Some((node, version(&self.state(node).servers)?))).collect()
    }

    /// The server of a node on one route.
    ///
    /// # Errors
    /// It has none: a failure of the test that needs it.
    pub(super) fn server(&self, node: NodeId, route: Route) -> Result<Server, Failure> {
        let state = self.state(node);
        let server = state.lost.as_ref().map_or(state.servers[&route].as_ref(), Err);
        server.cloned().map_err(|unusable| {
            Failure::new(FailureKind::NodeUnusable, unusable.reason())
                .on(node)
                .with_remedy(unusable.remedy().map(Cow::into_owned))
        })
    }

    /// Whether the servers of a node were lost at the last check.
    pub(super) fn is_lost(&self, node: NodeId) -> bool {
        self.state(node).lost.is_some()
    }

    /// Checks the servers of a node that started with some, and restores them if they are gone.
    pub(super) async fn recover(
        &self,
        testbed: &dyn Testbed,
        observer: &dyn Observer,
        node: NodeId,
        reason: RestoreReason,
    ) -> NodeHealth {
        if self.state(node).servers.values().all(Result::is_err) {
            return NodeHealth::Healthy;
        }
        let restored = testbed.restore(node, reason).await;
        if let RestoreOutcome::Recreated { lost, .. } = &restored {
            observer.observe(&Event::Server { node, state: ServerState::Restored(lost) });
        }
        let mut state = self.state(node);
        match restored {
            RestoreOutcome::Intact => {
                state.lost = None;
                NodeHealth::Healthy
            }
            RestoreOutcome::Recreated { servers, .. } => {
                *state = State::new(servers);
                NodeHealth::Recovered
            }
            RestoreOutcome::Unrecoverable { servers } => {
                *state = State { is_rechecked: true, ..State::new(servers) };
                NodeHealth::Lost
            }
            RestoreOutcome::Unavailable(lost) => {
                state.lost = Some(lost);
                NodeHealth::Lost
            }
        }
    }

    /// Uses up the recheck of a node: true the first time.
    ///
    /// The cluster reports the death of a server a moment after its tests have failed, so that a node that
    /// looks healthy is worth a second check. Only one for each node: a network that drops everything fails
    /// all tests.
    pub(super) fn take_recheck(&self, node: NodeId) -> bool {
        !std::mem::replace(&mut self.state(node).is_rechecked, true)
    }

    fn state(&self, node: NodeId) -> MutexGuard<'_, State> {
        // a plan has only nodes of the testbed, and nothing panics while holding the lock
        self.states[&node].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
