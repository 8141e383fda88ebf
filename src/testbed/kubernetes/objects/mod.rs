//! The objects of a run, built from its settings. Pure.
//!
//! Names of nodes appear in affinities only, which allow any length and character, and never in the names or
//! labels of objects.

mod changes;
mod manifests;
mod options;
mod pod;
mod policy;
mod service;

pub use changes::{Change, changes};
pub use manifests::manifests;
pub use pod::{client_job, pod_of_job, server_pod};
pub use policy::{network_policy, policy_name};
pub use service::{needs_udp_node_port, service, with_udp};

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use kube::ResourceExt;

use super::nodes::Chosen;
use crate::cluster::objects::MANAGED_BY;
use crate::options::{ObjectOptions, Path, PodOptions, PodSecurityLevel, Protocol, Route};
use crate::testbed::Processes;

/// The value of the `managed-by` label.
pub const MANAGER: &str = "kubectl-netbench";
/// The label with the run's ID.
pub const RUN_LABEL: &str = "netbench.dev/run";
/// The suffix of the run's ID on objects that give access to a volume.
pub const VOLUME_SUFFIX: &str = "-volume";
/// The label with the ID of the run and the number of the test, on client pods.
pub const TEST_LABEL: &str = "netbench.dev/test";
/// The label that identifies the servers of a node, on pods and in the selectors of Services.
pub const SERVER_LABEL: &str = "netbench.dev/server";
/// The label with the network of a server pod.
pub const NETWORK_LABEL: &str = "netbench.dev/network";
/// The annotation with a hash of the spec, by which kept servers are recognized.
pub const SPEC_ANNOTATION: &str = "netbench.dev/spec";

/// The run ID in the labels and names of kept servers.
pub const KEPT: &str = "kept";

/// The network that a pod is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Network {
    /// The pod network of the cluster.
    Pod,
    /// The host network of its node.
    Host,
}

impl Network {
    /// The network that a path begins and ends in.
    pub fn of(path: Path) -> Self {
        if path.is_on_host_network() { Self::Host } else { Self::Pod }
    }

    /// The value of the network label.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pod => "pod",
            Self::Host => "host",
        }
    }
}

/// The settings that all objects of a run share.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The run's ID, also with kept servers.
    pub session: String,
    /// Whether the servers are kept after the run.
    pub keep: bool,
    /// The image of all pods.
    pub image: String,
    /// The processes in each server pod.
    pub processes: Processes,
    /// The paths from clients to servers.
    pub routes: Vec<Route>,
    /// The protocol of throughput tests.
    pub protocol: Protocol,
    /// What the servers are for.
    pub role: Role,
    /// The user's options for pods.
    pub options: PodOptions,
    /// The lifetime of a server pod, after which the cluster ends it.
    pub server_deadline: Duration,
    /// The lifetime of a kept server pod.
    pub kept_deadline: Duration,
    /// The lifetime of a client Job.
    pub client_deadline: Duration,
}

/// The purpose of the server pods of a testbed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Servers for clients of the same cluster.
    Mesh,
    /// Only a place for clients, whose servers are elsewhere.
    Clients,
    /// Servers for clients of another cluster.
    Servers,
}

impl Settings {
    /// The run ID in the labels of all objects.
    pub fn run(&self) -> &str {
        if self.keep { KEPT } else { &self.session }
    }

    /// The networks that servers are needed on.
    pub fn networks(&self) -> Vec<Network> {
        let is_wanted =
            |network: &Network| self.routes.iter().any(|route| Network::of(route.path) == *network);
        [Network::Pod, Network::Host].into_iter().filter(is_wanted).collect()
    }

    /// Whether pods use the network of their nodes.
    pub fn host_network(&self) -> bool {
        self.networks().contains(&Network::Host)
    }

    /// The Pod Security level of the run's own namespace.
    pub fn pod_security(&self) -> PodSecurityLevel {
        self.options.pod_security_level(self.host_network())
    }

    /// Identifies the servers of a node: its number or, with kept servers, since numbers differ between runs, a hash
    /// of its name.
    pub fn slug(&self, node: &Chosen) -> String {
        if self.keep { pod::hash(&node.node.name) } else { node.number.to_string() }
    }

    /// The name of the server pod of a node.
    pub fn server_name(&self, node: &Chosen, network: Network) -> String {
        let kind = match network {
            Network::Pod => "server",
            Network::Host => "host",
        };
        format!("netbench-{}-{kind}-{}", self.run(), self.slug(node))
    }

    /// The test label of a client pod.
    pub fn test_label(&self, number: usize) -> String {
        format!("{}-{number}", self.session)
    }
}

/// The labels of every object of a run.
pub fn labels(run: &str) -> BTreeMap<String, String> {
    let label = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    BTreeMap::from([
        label("app.kubernetes.io/name", "netbench"),
        label(MANAGED_BY, MANAGER),
        label(RUN_LABEL, run),
    ])
}

/// The name of the namespace, or of the ConfigMap, that all objects of a run belong to.
pub fn scope_name(run: &str) -> String {
    format!("netbench-{run}")
}

/// The label with the enforced Pod Security level.
pub const POD_SECURITY_ENFORCE: &str = "pod-security.kubernetes.io/enforce";

/// The Pod Security labels of a namespace.
fn pod_security(level: PodSecurityLevel) -> BTreeMap<String, String> {
    let label = |mode| (format!("pod-security.kubernetes.io/{mode}"), level.name().to_owned());
    ["enforce", "audit", "warn"].into_iter().map(label).collect()
}

/// The run's own namespace.
pub fn namespace(run: &str, level: PodSecurityLevel, options: &ObjectOptions) -> Namespace {
    let mut metadata = options.metadata(&scope_name(run), labels(run));
    metadata.labels.get_or_insert_default().extend(pod_security(level));
    Namespace { metadata, ..Namespace::default() }
}

/// The owner of all objects of a run in a given namespace.
pub fn owner(run: &str, options: &ObjectOptions) -> ConfigMap {
    ConfigMap { metadata: options.metadata(&scope_name(run), labels(run)), ..ConfigMap::default() }
}

fn metadata(settings: &Settings, name: &str, owner: Option<OwnerReference>) -> ObjectMeta {
    ObjectMeta {
        owner_references: owner.map(|owner| vec![owner]),
        ..settings.options.objects.metadata(name, labels(settings.run()))
    }
}

/// Whether an existing object was created from the same spec as `wanted`, and is not being deleted.
pub fn has_same_spec<K: ResourceExt>(found: &K, wanted: &K) -> bool {
    let spec = |object: &K| object.annotations().get(SPEC_ANNOTATION).cloned();
    found.meta().deletion_timestamp.is_none() && spec(found) == spec(wanted)
}

#[cfg(test)]
pub(crate) mod fixtures;
