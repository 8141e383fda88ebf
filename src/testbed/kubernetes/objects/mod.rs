//! The objects of a run. Pure: from settings to what the API server is asked to make.
//!
//! Names of nodes are in affinities only, where any length and character is fine: never in the
//! names or labels of objects.

mod manifests;
mod options;
mod pod;
mod policy;
mod service;

pub use manifests::manifests;
pub use options::{Amount, Marks, PodOptions};
pub use pod::{client_job, server_pod};
pub use policy::{network_policy, policy_name};
pub use service::{needs_udp_node_port, service, with_udp};

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use kube::ResourceExt;

use super::nodes::Chosen;
use crate::cluster::objects::MANAGED_BY;
use crate::document::{Path, Protocol};
use crate::testbed::{Processes, Way};

/// Who manages the objects of runs.
pub const MANAGER: &str = "kubectl-netbench";
/// The label with the run's id.
pub const RUN_LABEL: &str = "netbench.dev/run";
/// How the value of that label ends on what is made for a volume.
pub const OF_VOLUME: &str = "-volume";
/// The label that numbers the tests of a run, on the pods of its Jobs.
pub const TEST_LABEL: &str = "netbench.dev/test";
/// The label that tells the servers of one node from the others, on pods and in Services.
pub const SERVER_LABEL: &str = "netbench.dev/server";
/// The label that tells a server's network.
pub const NETWORK_LABEL: &str = "netbench.dev/network";
/// The annotation by which servers that stay are known again.
pub const SPEC_ANNOTATION: &str = "netbench.dev/spec";

/// The id in the labels and names of servers that stay.
pub const KEPT: &str = "kept";

/// The network of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Network {
    /// That of the cluster's pods.
    Pod,
    /// That of its node.
    Host,
}

impl Network {
    /// The one that a path begins and ends in.
    pub fn of(path: Path) -> Self {
        if path.is_on_host_network() { Self::Host } else { Self::Pod }
    }

    /// Its name in labels.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pod => "pod",
            Self::Host => "host",
        }
    }
}

/// What is the same for all objects of a run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The run's id, which the names of its Jobs have.
    pub session: String,
    /// Whether servers stay after the run.
    pub keep: bool,
    /// The image of all pods.
    pub image: String,
    /// What runs in the servers' pods.
    pub processes: Processes,
    /// The ways from clients to servers.
    pub ways: Vec<Way>,
    /// The protocol of throughput tests.
    pub protocol: Protocol,
    /// What the servers are for.
    pub role: Role,
    /// What the user wants of the pods.
    pub options: PodOptions,
    /// When the cluster ends a server by itself.
    pub server_deadline: Duration,
    /// When the cluster ends a server that stays.
    pub kept_deadline: Duration,
    /// When the cluster ends a Job by itself.
    pub client_deadline: Duration,
}

/// What the servers of a testbed are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Clients of the same cluster measure against them.
    Mesh,
    /// Their pods are there for clients only, which measure against something else.
    Clients,
    /// Clients of another cluster measure against them.
    Servers,
}

impl Settings {
    /// The id that all objects are labelled with.
    pub fn run(&self) -> &str {
        if self.keep { KEPT } else { &self.session }
    }

    /// The networks that servers are needed on.
    pub fn networks(&self) -> Vec<Network> {
        let is_wanted = |network: &Network| self.ways.iter().any(|way| Network::of(way.path) == *network);
        [Network::Pod, Network::Host].into_iter().filter(is_wanted).collect()
    }

    /// Whether pods use the network of their nodes.
    pub fn host_network(&self) -> bool {
        self.networks().contains(&Network::Host)
    }

    /// What tells the servers of a node from the others: its position or, where servers stay and
    /// positions change from run to run, a hash of its name.
    pub fn slug(&self, index: usize, node: &Chosen) -> String {
        if self.keep { pod::hash(&node.node.name) } else { (index + 1).to_string() }
    }

    /// The name of the pod with the servers of the node at position `index`.
    pub fn server_name(&self, index: usize, network: Network, node: &Chosen) -> String {
        let kind = match network {
            Network::Pod => "server",
            Network::Host => "host",
        };
        format!("netbench-{}-{kind}-{}", self.run(), self.slug(index, node))
    }

    /// The label of a client's pod.
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

/// The name of the namespace, or of the ConfigMap, that holds a run's objects together.
pub fn scope_name(run: &str) -> String {
    format!("netbench-{run}")
}

/// The label by which Pod Security refuses pods.
pub const POD_SECURITY_ENFORCE: &str = "pod-security.kubernetes.io/enforce";

/// The labels of Pod Security for a namespace.
fn pod_security(host_network: bool) -> BTreeMap<String, String> {
    let level = if host_network { "privileged" } else { "restricted" };
    let label = |mode| (format!("pod-security.kubernetes.io/{mode}"), level.to_owned());
    ["enforce", "audit", "warn"].into_iter().map(label).collect()
}

/// The run's own namespace, labelled for Pod Security.
pub fn namespace(run: &str, host_network: bool, marks: &Marks) -> Namespace {
    let mut metadata = marks.metadata(&scope_name(run), labels(run));
    metadata.labels.get_or_insert_default().extend(pod_security(host_network));
    Namespace { metadata, ..Namespace::default() }
}

/// The owner of all objects of a run in somebody else's namespace.
pub fn owner(run: &str, marks: &Marks) -> ConfigMap {
    ConfigMap { metadata: marks.metadata(&scope_name(run), labels(run)), ..ConfigMap::default() }
}

fn metadata(settings: &Settings, name: &str, owner: Option<OwnerReference>) -> ObjectMeta {
    ObjectMeta {
        owner_references: owner.map(|owner| vec![owner]),
        ..settings.options.marks.metadata(name, labels(settings.run()))
    }
}

/// Whether an object that was found was made of what `wanted` is made of.
pub fn is_same<K: ResourceExt>(found: &K, wanted: &K) -> bool {
    let made_of = |object: &K| object.annotations().get(SPEC_ANNOTATION).cloned();
    found.meta().deletion_timestamp.is_none() && made_of(found) == made_of(wanted)
}

#[cfg(test)]
pub(crate) mod fixtures;
