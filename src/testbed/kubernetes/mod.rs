//! A testbed in a cluster: servers in pods, and clients by exec or as Jobs.

mod cleanup;
mod clients;
mod context;
mod leftovers;
pub(crate) mod logs;
mod nodes;
mod notes;
pub(crate) mod objects;
pub(crate) mod pods;
mod restore;
mod scope;
mod servers;
mod survey;

pub use clients::exec_in_kept;
pub use leftovers::{FoundLeftovers, Kind, Leftover, OwnerState, Search, find as find_leftovers};
pub use nodes::{Choice, Chosen, SelectionError, Wanted, choose};
pub use objects::{Role, Settings, manifests};
pub use pods::StartLimits;
pub use scope::Scope;
pub use servers::kept::has_kept;
pub use survey::access::choose_client_mode;
pub use survey::dry_run::{DryRun, DryRunObject, DryRunScope, DryRuns, dry_runs};
pub use survey::facts::{
    Depth, Facts, GivenNamespace, Known, PermissionCheck, facts, has_client_jobs, is_needed,
};
pub use survey::permissions::{Necessity, Needs, Permission, Reach, required_permissions};

use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use tokio::sync::OnceCell;
use tokio_util::task::TaskTracker;

use self::clients::{Client, Clients};
use self::context::{ActiveScope, Context};
use self::notes::Notes;
use self::objects::Network;
use self::servers::Servers;
use self::survey::dry_run::dry_run_server;
use super::{
    ClientStarted, NodeServers, Output, RestoreOutcome, RestoreReason, ServerLines, StartProgress, Testbed,
    TestbedError,
};
use crate::cluster::{Cluster, Rejection, RequestError};
use crate::document::{Failure, FailureKind, NodeId, Note};
use crate::engine::ClientExit;
use crate::options::{ClientMode, Route};

/// Servers in pods of a cluster.
pub struct KubernetesTestbed {
    context: Context,
    clients: Clients,
    notes: Notes,
    active: OnceCell<ActiveScope>,
    servers: Servers,
}

impl KubernetesTestbed {
    /// A testbed on `nodes`. Creates nothing before [`Testbed::start`].
    pub fn new(
        cluster: Cluster,
        nodes: Vec<Chosen>,
        settings: Settings,
        scope: Scope,
        client_mode: ClientMode,
    ) -> Self {
        let requests = TaskTracker::new();
        Self {
            context: Context { cluster, scope, nodes, settings, relaxation: Mutex::default(), requests },
            clients: Clients::new(client_mode),
            notes: Notes::default(),
            active: OnceCell::new(),
            servers: Servers::default(),
        }
    }

    /// The shell command that removes all objects of the run.
    pub fn removal_command(&self) -> String {
        self.context.scope.removal_command(&self.context.cluster.kubectl_flags)
    }

    /// The node of a testbed with a single one.
    pub(super) fn only_node(&self) -> NodeId {
        self.context.nodes.first().map(|node| node.node.name).unwrap_or_default()
    }

    /// The pods in which clients can run by exec, one per node: those with a server.
    fn client_pods(&self, servers: &HashMap<NodeId, NodeServers>) -> Vec<String> {
        let Context { nodes, settings, .. } = &self.context;
        let pod = |node: &Chosen| {
            let (route, _) = servers.get(&node.node.name)?.iter().find(|(_, server)| server.is_ok())?;
            Some(settings.server_name(node, Network::of(route.path)))
        };
        nodes.iter().filter_map(pod).collect()
    }

    /// Finds out by a dry run whether the run's own namespace admits the server pods.
    async fn check_pod_security(&self) -> Result<(), TestbedError> {
        let Context { cluster, scope, settings, nodes, .. } = &self.context;
        let network = settings.networks().first().copied();
        let (Some(node), Some(network), None) = (nodes.first(), network, scope.given()) else {
            return Ok(());
        };
        match dry_run_server(cluster, &scope.namespace(), settings, node, network).await {
            Err(error) if error.rejection() == Some(Rejection::PodSecurity) => {
                let reason = error.without_name(&settings.server_name(node, network)).why();
                Err(TestbedError::PodSecurity { level: settings.pod_security().name(), reason })
            }
            // the creation of the pods shows any other obstacle
            _ => Ok(()),
        }
    }

    /// Notes what the cluster has changed in the server pods.
    fn note_changes(&self, active: &ActiveScope) {
        let Context { nodes, settings, .. } = &self.context;
        for network in settings.networks() {
            for node in nodes {
                if let Some(stored) = active.pods.pod(&settings.server_name(node, network)) {
                    let sent = objects::server_pod(settings, node, network, active.owner.clone());
                    self.notes.add_changes(node.node.name, &sent, &stored);
                }
            }
        }
    }

    async fn activated(&self) -> Result<&ActiveScope, RequestError> {
        self.active.get_or_try_init(|| self.context.activate()).await
    }
}

#[async_trait]
impl Testbed for KubernetesTestbed {
    async fn start(&self, progress: StartProgress<'_>) -> Result<HashMap<NodeId, NodeServers>, TestbedError> {
        let active = self.activated().await?;
        self.check_pod_security().await?;
        let servers = servers::start(&self.context, active, &self.servers, progress).await;
        if self.context.settings.role != Role::Servers {
            let note = self.clients.choose(&self.context, &self.client_pods(&servers)).await?;
            self.notes.add(note);
        }
        self.note_changes(active);
        Ok(servers)
    }

    fn take_notes(&self) -> Vec<Note> {
        self.notes.take()
    }

    async fn run_client(
        &self,
        client: NodeId,
        route: Route,
        command: &[String],
        started: ClientStarted<'_>,
        output: Output<'_>,
    ) -> Result<ClientExit, Failure> {
        let active = self.activated().await.map_err(|error| error.client_failure())?;
        let (context, network) = (&self.context, Network::of(route.path));
        let Some(node) = context.node(client) else {
            return Err(Failure::new(FailureKind::NodeUnusable, "not a node of this cluster"));
        };
        let client = Client { context, active, notes: &self.notes, node, network, command, started };
        self.clients.run(client, output).await
    }

    async fn read_server(&self, server: NodeId, route: Route, lines: ServerLines<'_>) -> Result<(), Failure> {
        let Some(node) = self.context.node(server) else { return Ok(()) };
        let network = Network::of(route.path);
        let read = servers::read_server_log(&self.context, &self.servers, node, network, lines).await;
        read.map_err(|error| error.client_failure())
    }

    async fn restore(&self, node: NodeId, reason: RestoreReason) -> RestoreOutcome {
        match (self.active.get(), self.context.node(node)) {
            (Some(active), Some(node)) => {
                restore::restore(&self.context, active, &self.servers, node, reason).await
            }
            // an external server
            _ => RestoreOutcome::Intact,
        }
    }

    async fn stop(&self) -> Result<(), TestbedError> {
        cleanup::stop(&self.context, self.active.get().map(|active| &active.pods)).await
    }
}

#[cfg(test)]
mod tests;
