//! What a run makes in the cluster: the very objects, to be held against what the cluster allows.

use k8s_openapi::api::core::v1::{Container, Pod, PodSpec, Service};
use kube::ResourceExt;

use super::selector::Labels;
use super::{Item, Topic, count};
use crate::options::ClientMode;
use crate::testbed::kubernetes::objects::{self, Network};
use crate::testbed::kubernetes::{Chosen, Granted, Necessity, Needs, Role};

/// What a run makes in the cluster.
#[derive(Debug)]
pub(super) struct Made {
    /// The pods of the servers.
    pub servers: Vec<Pod>,
    /// The Services in front of them.
    pub services: Vec<Service>,
    /// The pods of clients by Job that run at the same time.
    pub clients: Vec<Pod>,
    /// Whether clients run by Job.
    by_job: bool,
}

impl Made {
    pub(super) fn of(needs: &Needs, nodes: &[Chosen], rights: &[Granted]) -> Self {
        let settings = &needs.settings;
        let nodes: Vec<&Chosen> = nodes.iter().filter(|node| node.unusable.is_none()).collect();
        let networks = settings.networks();
        let of_network = |&network: &Network| {
            let pods = nodes.iter().enumerate();
            pods.map(move |(index, node)| objects::server_pod(settings, index, network, node, None))
        };
        let services = nodes.iter().enumerate();
        let by_job = match needs.client_mode {
            ClientMode::Job => true,
            ClientMode::Exec | ClientMode::Process => false,
            ClientMode::Auto => is_needed(Necessity::InsteadOfExec, rights),
        };
        let at_once = match settings.role {
            // in a round no node is used twice
            Role::Mesh => nodes.len() / 2,
            // a server elsewhere serves one client at a time
            Role::Clients => nodes.len().min(1),
            Role::Servers => 0,
        };
        let network = networks.first().copied().unwrap_or(Network::Pod);
        let client = |number: usize| {
            let program = settings.processes.throughput.engine.program().to_owned();
            let job = objects::client_job(settings, number, network, nodes[number], vec![program], None);
            let template = job.spec.unwrap_or_default().template;
            Pod { metadata: template.metadata.unwrap_or_default(), spec: template.spec, ..Pod::default() }
        };
        Self {
            servers: networks.iter().flat_map(of_network).collect(),
            services: services
                .filter_map(|(index, node)| objects::service(settings, index, node, None))
                .collect(),
            clients: (0..at_once).filter(|_| by_job).map(client).collect(),
            by_job,
        }
    }

    /// All pods.
    pub(super) fn pods(&self) -> impl Iterator<Item = &Pod> {
        self.servers.iter().chain(&self.clients)
    }

    /// The labels of a server's pod and of a client's on the pod network; none where there are none.
    pub(super) fn labels(&self) -> (Option<&Labels>, Option<&Labels>) {
        let on_pod_network = |pod: &&Pod| pod.spec.as_ref().is_some_and(|spec| spec.host_network.is_none());
        let server = self.servers.iter().find(on_pod_network).map(ResourceExt::labels);
        let client = self.clients.iter().find(on_pod_network).map(ResourceExt::labels);
        (server, client.or(server))
    }

    /// What it makes, in a sentence; none if it is not known on which nodes.
    pub(super) fn item(&self, needs: &Needs) -> Option<Item> {
        if self.servers.is_empty() {
            return None;
        }
        let pods = count(self.servers.len(), "pod");
        let services = match self.services.len() {
            0 => String::new(),
            services => format!(" and {}", count(services, "Service")),
        };
        let place = match (&needs.given, needs.settings.keep) {
            (Some(namespace), _) => format!("in the namespace {namespace}"),
            (None, true) => format!("in the namespace {}, where they stay", needs.namespace()),
            (None, false) => "in a namespace of its own".to_owned(),
        };
        let clients = match (needs.settings.role, self.by_job) {
            (Role::Servers, _) => "",
            (_, true) => "; clients by a Job each",
            (_, false) => "; clients by exec in them",
        };
        Some(Item::ok(Topic::Makes, format!("{pods}{services} {place}{clients}")))
    }
}

/// Whether clients can be started by exec.
pub(super) fn may_exec(rights: &[Granted]) -> bool {
    let exec = rights.iter().find(|granted| granted.right.resource == "pods/exec");
    exec.is_some_and(|granted| granted.missing.as_ref().is_ok_and(Vec::is_empty))
}

/// The containers of a pod.
pub(super) fn containers(pod: &Pod) -> impl Iterator<Item = &Container> {
    pod.spec.iter().flat_map(|spec: &PodSpec| &spec.containers)
}

/// Whether a right that is not there is missed.
pub(super) fn is_needed(necessity: Necessity, rights: &[Granted]) -> bool {
    necessity != Necessity::InsteadOfExec || !may_exec(rights)
}
