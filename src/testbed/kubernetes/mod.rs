//! A testbed on a cluster: servers in pods, clients by exec or by Job.

mod access;
mod connect;
mod exec;
#[cfg(test)]
mod fake_api;
mod job;
mod nodes;
mod objects;
mod pod_state;
mod pods;
mod removal;
mod request;
mod scope;
mod servers;
mod warnings;

pub use access::choose_via;
pub use connect::{ConnectError, ConnectionOptions, Environment, connect};
pub use nodes::{Choice, Chosen, SelectionError, Wanted, choose};
pub use objects::PodSettings;
pub use request::{Cluster, RequestError, RequestErrorKind};
pub use scope::Scope;

use std::sync::atomic::AtomicUsize;

use futures_util::future::join_all;
use k8s_openapi::api::core::v1::{Node, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::Api;
use kube::api::ListParams;
use tokio::sync::OnceCell;
use tokio_util::task::TaskTracker;

use self::pod_state::PodState;
use self::pods::Pods;
use super::{Output, Server, StartProgress, Testbed, TestbedError, Unusable};
use crate::document::{Failure, FailureKind, Via};
use crate::engine::iperf3::ClientExit;

impl Cluster {
    /// The cluster's nodes, all or those that match a label selector.
    ///
    /// # Errors
    /// The request failed.
    pub async fn nodes(&self, selector: Option<&str>) -> Result<Vec<Node>, RequestError> {
        let parameters = ListParams { label_selector: selector.map(str::to_owned), ..ListParams::default() };
        let api = Api::<Node>::all(self.client.clone());
        let nodes = self.call("list the nodes", api.list(&parameters)).await?;
        Ok(nodes.items)
    }

    /// The API server's version: `v1.34.1`.
    ///
    /// # Errors
    /// The request failed.
    pub async fn version(&self) -> Result<String, RequestError> {
        let version = self.call("ask the cluster for its version", self.client.apiserver_version()).await?;
        Ok(version.git_version)
    }
}

/// Servers in pods of a cluster.
pub struct KubernetesTestbed {
    cluster: Cluster,
    nodes: Vec<Chosen>,
    settings: PodSettings,
    scope: Scope,
    via: Via,
    made: OnceCell<Made>,
    /// The Jobs made so far.
    jobs: AtomicUsize,
    /// Requests that make or remove something. They are carried through even if nobody waits for
    /// them any more, so that nothing is made behind the back of a removal.
    requests: TaskTracker,
}

/// What exists once the scope is made.
struct Made {
    owner: Option<OwnerReference>,
    pods: Pods,
}

impl KubernetesTestbed {
    /// A testbed of `nodes`. Nothing is made before [`Testbed::start`].
    pub fn new(cluster: Cluster, nodes: Vec<Chosen>, settings: PodSettings, scope: Scope, via: Via) -> Self {
        Self {
            cluster,
            nodes,
            settings,
            scope,
            via,
            made: OnceCell::new(),
            jobs: AtomicUsize::new(0),
            requests: TaskTracker::new(),
        }
    }

    /// The command by which a person removes what the run has made.
    pub fn removal_command(&self) -> String {
        self.scope.removal_command(self.cluster.context.as_deref())
    }

    /// Carries a request through, whatever happens to the caller.
    async fn tracked<T: Send + 'static>(
        &self,
        request: impl Future<Output = Result<T, RequestError>> + Send + 'static,
    ) -> Result<T, RequestError> {
        self.requests.spawn(request).await.unwrap_or_else(|panic| {
            Err(RequestError {
                doing: "carry a request through".to_owned(),
                kind: RequestErrorKind::Unreachable { url: String::new(), message: panic.to_string() },
            })
        })
    }

    async fn made(&self) -> Result<&Made, RequestError> {
        let make = async || {
            let (scope, cluster) = (self.scope.clone(), self.cluster.clone());
            let owner = self.tracked(async move { scope.create(&cluster).await }).await?;
            let pods: Api<Pod> = Api::namespaced(self.cluster.client.clone(), &self.scope.namespace());
            Ok(Made { owner, pods: Pods::watch(pods, &self.settings.run) })
        };
        self.made.get_or_try_init(make).await
    }
}

impl Testbed for KubernetesTestbed {
    async fn start(
        &self,
        progress: StartProgress<'_>,
    ) -> Result<Vec<Result<Server, Unusable>>, TestbedError> {
        let made = self.made().await?;
        let servers = (0..self.nodes.len()).map(|index| self.start_server(made, index, progress));
        Ok(join_all(servers).await)
    }

    async fn run_client(
        &self,
        client: usize,
        command: &[String],
        output: Output<'_>,
    ) -> Result<ClientExit, Failure> {
        let made = self.made().await.map_err(|error| Failure::new(FailureKind::ClientLost, error.why()))?;
        match self.via {
            Via::Job => self.run_by_job(made, client, command, output).await,
            Via::Exec | Via::Process => self.run_by_exec(client, command, output).await,
        }
    }

    async fn stop(&self) -> Result<(), TestbedError> {
        self.remove().await
    }
}

#[cfg(test)]
mod tests;
