//! A testbed on a cluster: servers in pods, clients by exec or by Job.

mod clients;
mod lifetime;
mod manifests;
mod nodes;
pub(crate) mod objects;
pub(crate) mod pods;
mod servers;
mod survey;

pub use lifetime::leftovers::{
    Found as FoundLeftovers, Kind, Leftover, OwnerState, Search, find as find_leftovers,
};
pub use lifetime::scope::Scope;
pub use manifests::manifests;
pub use nodes::{Choice, Chosen, SelectionError, Wanted, choose};
pub use objects::{Amount, Marks, PodOptions, Role, Settings};
pub use servers::START_LIMIT;
pub use servers::kept::has_kept;
pub use survey::access::choose_client_way;
pub use survey::facts::{Depth, Facts, GivenNamespace, Granted, Known, SecurityPolicy, facts};
pub use survey::rights::{Clients, Necessity, Needs, Reach, Right, rights};

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use futures_util::future::join_all;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::Api;
use kube::api::PostParams;
use tokio::sync::{Mutex, OnceCell};
use tokio_util::task::TaskTracker;

use self::objects::{Network, RUN_LABEL, network_policy};
use self::pods::Pods;
use self::pods::log::LogPosition;
use self::pods::state::PodState;
use self::servers::{Found, StartedNode};
use super::{NodeServers, Output, Restored, ServerLines, StartProgress, Testbed, TestbedError, Trouble};
use crate::cluster::{Cluster, RequestError, until_answered};
use crate::document::{Failure, Via};
use crate::engine::ClientExit;

/// How long starting a client may take an API server that does not answer. Less than the time that
/// a runner grants a client beyond its own.
const CLIENT_START_LIMIT: Duration = Duration::from_secs(10);

/// How clients are started on a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientWay {
    /// Inside the pod that already runs on the client's node.
    Exec,
    /// By a Job for each test.
    Job,
}

impl From<ClientWay> for Via {
    fn from(way: ClientWay) -> Self {
        match way {
            ClientWay::Exec => Self::Exec,
            ClientWay::Job => Self::Job,
        }
    }
}

/// Servers in pods of a cluster.
pub struct KubernetesTestbed {
    cluster: Cluster,
    nodes: Vec<Chosen>,
    settings: Settings,
    scope: Scope,
    client_way: ClientWay,
    made: OnceCell<Made>,
    /// How far the logs of servers have been read.
    server_logs: Mutex<HashMap<(usize, Network), SharedPosition>>,
    /// The Jobs made so far.
    jobs: AtomicUsize,
    /// The servers of each node, as they were handed out.
    started: Mutex<Vec<StartedNode>>,
    /// The nodes whose servers went away and were put back.
    put_back: Mutex<HashSet<usize>>,
    /// Requests that make or remove something. They are carried through even if nobody waits for
    /// them any more, so that nothing is made behind the back of a removal.
    requests: TaskTracker,
}

/// How far a log has been read, each on its own: one that is slow keeps no other waiting.
type SharedPosition = Arc<Mutex<LogPosition>>;

/// What exists once the scope is made.
struct Made {
    owner: Option<OwnerReference>,
    pods: Pods,
}

impl KubernetesTestbed {
    /// A testbed of `nodes`. Nothing is made before [`Testbed::start`].
    pub fn new(
        cluster: Cluster,
        nodes: Vec<Chosen>,
        settings: Settings,
        scope: Scope,
        client_way: ClientWay,
    ) -> Self {
        Self {
            cluster,
            nodes,
            settings,
            scope,
            client_way,
            made: OnceCell::new(),
            server_logs: Mutex::default(),
            jobs: AtomicUsize::new(0),
            started: Mutex::default(),
            put_back: Mutex::default(),
            requests: TaskTracker::new(),
        }
    }

    /// The command by which a person removes what the run has made.
    pub fn removal_command(&self) -> String {
        self.scope.removal_command(&self.cluster.kubectl_flags)
    }

    /// The name of the pod with the servers of the node at position `index`.
    fn server_name(&self, index: usize, network: Network) -> String {
        self.settings.server_name(index, network, &self.nodes[index])
    }

    fn network(&self, way: usize) -> Network {
        Network::of(self.settings.ways[way].path)
    }

    /// Carries a request through, whatever happens to the caller.
    async fn tracked<T: Send + 'static>(
        &self,
        request: impl Future<Output = Result<T, RequestError>> + Send + 'static,
    ) -> Result<T, RequestError> {
        match self.requests.spawn(request).await {
            Ok(answer) => answer,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }

    /// Makes the policy that lets only the run's own clients in, if it is wanted: before there is
    /// anything to let them into.
    async fn make_policy(&self, owner: Option<OwnerReference>) -> Result<(), RequestError> {
        let Some(policy) = network_policy(&self.settings, &self.nodes, owner) else {
            return Ok(());
        };
        let (cluster, namespace) = (self.cluster.clone(), self.scope.namespace());
        let create = async move {
            let api: Api<NetworkPolicy> = Api::namespaced(cluster.client.clone(), &namespace);
            let parameters = PostParams::default();
            let create = || cluster.call("make a NetworkPolicy", api.create(&parameters, &policy));
            match until_answered(create).await {
                // a repeated request finds what the first one made
                Err(error) if error.is_conflict() => Ok(()),
                other => other.map(drop),
            }
        };
        self.tracked(create).await
    }

    async fn made(&self) -> Result<&Made, RequestError> {
        let make = async || {
            let (scope, cluster) = (self.scope.clone(), self.cluster.clone());
            let owner = self.tracked(async move { scope.create(&cluster).await }).await?;
            self.make_policy(owner.clone()).await?;
            let pods: Api<Pod> = Api::namespaced(self.cluster.client.clone(), &self.scope.namespace());
            Ok(Made { owner, pods: Pods::watch(pods, &format!("{RUN_LABEL}={}", self.settings.run())) })
        };
        self.made.get_or_try_init(make).await
    }
}

impl Testbed for KubernetesTestbed {
    async fn start(&self, progress: StartProgress<'_>) -> Result<Vec<NodeServers>, TestbedError> {
        let made = self.made().await?;
        let found = if self.settings.keep { Found::Perhaps { is_fit: true } } else { Found::Nothing };
        let networks = self.settings.networks();
        let start = |index| self.start_node(made, index, &networks, found, progress);
        let nodes = join_all((0..self.nodes.len()).map(start)).await;
        let servers = nodes.iter().map(|node| node.servers.clone()).collect();
        *self.started.lock().await = nodes;
        Ok(servers)
    }

    async fn run_client(
        &self,
        client: usize,
        way: usize,
        command: &[String],
        output: Output<'_>,
    ) -> Result<ClientExit, Failure> {
        let made = self.made().await.map_err(|error| error.failure_of_client())?;
        let network = self.network(way);
        match self.client_way {
            ClientWay::Job => self.run_by_job(made, client, network, command, output).await,
            ClientWay::Exec => self.run_by_exec(client, network, command, output).await,
        }
    }

    async fn read_server(&self, server: usize, way: usize, lines: ServerLines<'_>) -> Result<(), Failure> {
        let read = self.read_server_log(server, self.network(way), lines).await;
        read.map_err(|error| error.failure_of_client())
    }

    async fn restore(&self, node: usize, trouble: Trouble) -> Restored {
        self.restored(node, trouble).await
    }

    async fn stop(&self) -> Result<(), TestbedError> {
        self.remove().await
    }
}

#[cfg(test)]
mod tests;
