//! What is known of the servers of each node while tests run.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::{Event, Observer};
use crate::document::{Failure, FailureKind};
use crate::testbed::{NodeServers, Restored, Server, Starting, Testbed, Trouble, Unusable};

/// How long the nodes may take, after a server listens, until each knows the way to its Service.
const SETTLE_LIMIT: Duration = Duration::from_secs(15);

/// The servers of all nodes.
pub(super) struct Nodes<'a> {
    names: &'a [String],
    states: Vec<Mutex<State>>,
}

struct State {
    /// As they were started, or put back.
    servers: NodeServers,
    /// Why there are none at the moment.
    lost: Option<Unusable>,
    /// When every Service in front of them must be reachable from everywhere.
    settled_at: Instant,
    /// Whether it was looked twice already, although nothing was known against it.
    is_trusted: bool,
}

/// What came of a look at a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// Nothing is known against it.
    Well,
    /// Its servers were gone, and are back.
    Back,
    /// Its servers are gone.
    Lost,
}

impl State {
    /// Servers that listen since now.
    fn new(servers: NodeServers) -> Self {
        Self { servers, lost: None, settled_at: Instant::now() + SETTLE_LIMIT, is_trusted: false }
    }
}

impl<'a> Nodes<'a> {
    pub(super) fn new(names: &'a [String], servers: Vec<NodeServers>) -> Self {
        let states = servers.into_iter().map(|servers| Mutex::new(State::new(servers)));
        Self { names, states: states.collect() }
    }

    /// Whether every node must know the way to the Service of this one by now.
    pub(super) fn is_settled(&self, node: usize) -> bool {
        Instant::now() >= self.state(node).settled_at
    }

    /// The version of the program that measures throughput on each node, where it is known.
    pub(super) fn versions(&self) -> Vec<Option<String>> {
        let version =
            |servers: &NodeServers| servers.iter().flatten().find_map(|server| server.version.clone());
        (0..self.states.len()).map(|node| version(&self.state(node).servers)).collect()
    }

    /// The server of a node on one route.
    ///
    /// # Errors
    /// It has none: a failure of the test that needs it.
    pub(super) fn server(&self, node: usize, route: usize) -> Result<Server, Failure> {
        let state = self.state(node);
        let server = state.lost.as_ref().map_or(state.servers[route].as_ref(), Err);
        server.cloned().map_err(|unusable| {
            let reason = format!("{}: {}", self.names[node], unusable.reason());
            Failure::new(FailureKind::NodeUnusable, reason).with_remedy(unusable.remedy().map(str::to_owned))
        })
    }

    /// Whether the servers of a node were gone when it was last looked.
    pub(super) fn is_lost(&self, node: usize) -> bool {
        self.state(node).lost.is_some()
    }

    /// Looks what has become of the servers of a node that had some, and has them put back.
    pub(super) async fn look(
        &self,
        testbed: &impl Testbed,
        observer: &dyn Observer,
        node: usize,
        trouble: Trouble,
    ) -> Seen {
        if self.state(node).servers.iter().all(Result::is_err) {
            return Seen::Well;
        }
        let restored = testbed.restore(node, trouble).await;
        if let Restored::Back { lost, .. } = &restored {
            observer.observe(&Event::Server { node: &self.names[node], starting: Starting::PutBack(lost) });
        }
        let mut state = self.state(node);
        match restored {
            Restored::Intact => {
                state.lost = None;
                Seen::Well
            }
            Restored::Back { servers, .. } => {
                *state = State::new(servers);
                Seen::Back
            }
            Restored::Gone { servers } => {
                *state = State { is_trusted: true, ..State::new(servers) };
                Seen::Lost
            }
            Restored::Lost(lost) => {
                state.lost = Some(lost);
                Seen::Lost
            }
        }
    }

    /// Whether a node of which nothing bad is known should be looked at once more: that its servers
    /// died is known a moment after their tests have failed. Only once for each node, since a
    /// network that lets nothing through fails all tests.
    pub(super) fn is_worth_another_look(&self, node: usize) -> bool {
        !std::mem::replace(&mut self.state(node).is_trusted, true)
    }

    fn state(&self, node: usize) -> MutexGuard<'_, State> {
        // nothing panics while it is locked
        self.states[node].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
