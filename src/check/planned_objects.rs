//! The objects that a run would create, built by the code that creates them, so that they can be compared
//! with what the cluster allows.

use k8s_openapi::api::core::v1::{Container, Pod, PodSpec, Service};
use kube::ResourceExt;

use super::selector::Labels;
use super::{Item, Topic, pluralize};
use crate::options::ClientMode;
use crate::testbed::kubernetes::objects::{self, Network};
use crate::testbed::kubernetes::{Chosen, Granted, Necessity, Needs, Role};

/// The objects that a run would create.
#[derive(Debug)]
pub(super) struct PlannedObjects {
    pub server_pods: Vec<Pod>,
    pub services: Vec<Service>,
    /// The pods of the client Jobs that run at the same time.
    pub client_pods: Vec<Pod>,
    has_client_jobs: bool,
}

impl PlannedObjects {
    pub(super) fn new(needs: &Needs, nodes: &[Chosen], rights: &[Granted]) -> Self {
        let settings = &needs.settings;
        let nodes: Vec<&Chosen> = nodes.iter().filter(|node| node.unusable.is_none()).collect();
        let networks = settings.networks();
        let server_pods_in = |&network: &Network| {
            let indexed = nodes.iter().enumerate();
            indexed.map(move |(index, node)| objects::server_pod(settings, index, network, node, None))
        };
        let service = |(index, &node): (usize, &&Chosen)| objects::service(settings, index, node, None);
        let has_client_jobs = match needs.client_mode {
            ClientMode::Job => true,
            ClientMode::Exec | ClientMode::Process => false,
            ClientMode::Auto => is_needed(Necessity::InsteadOfExec, rights),
        };
        let concurrent_clients = match settings.role {
            // a round uses each node once at most
            Role::Mesh => nodes.len() / 2,
            // an external server serves one client at a time
            Role::Clients => nodes.len().min(1),
            Role::Servers => 0,
        };
        let network = networks.first().copied().unwrap_or(Network::Pod);
        let client_pod = |number: usize| {
            let program = settings.processes.throughput.engine.program().to_owned();
            let job = objects::client_job(settings, number, network, nodes[number], vec![program], None);
            let template = job.spec.unwrap_or_default().template;
            Pod { metadata: template.metadata.unwrap_or_default(), spec: template.spec, ..Pod::default() }
        };
        Self {
            server_pods: networks.iter().flat_map(server_pods_in).collect(),
            services: nodes.iter().enumerate().filter_map(service).collect(),
            client_pods: (0..concurrent_clients).filter(|_| has_client_jobs).map(client_pod).collect(),
            has_client_jobs,
        }
    }

    pub(super) fn pods(&self) -> impl Iterator<Item = &Pod> {
        self.server_pods.iter().chain(&self.client_pods)
    }

    /// The labels of a server pod and of a client pod on the pod network. Clients in exec mode share the pods
    /// of the servers.
    pub(super) fn labels(&self) -> (Option<&Labels>, Option<&Labels>) {
        let on_pod_network = |pod: &&Pod| pod.spec.as_ref().is_some_and(|spec| spec.host_network.is_none());
        let server = self.server_pods.iter().find(on_pod_network).map(ResourceExt::labels);
        let client = self.client_pods.iter().find(on_pod_network).map(ResourceExt::labels);
        (server, client.or(server))
    }

    /// A summary of the objects; none if the nodes are unknown.
    pub(super) fn item(&self, needs: &Needs) -> Option<Item> {
        if self.server_pods.is_empty() {
            return None;
        }
        let pods = pluralize(self.server_pods.len(), "pod");
        let services = match self.services.len() {
            0 => String::new(),
            services => format!(" and {}", pluralize(services, "Service")),
        };
        let place = match (&needs.given, needs.settings.keep) {
            (Some(namespace), _) => format!("in namespace {namespace}"),
            (None, true) => format!("in namespace {}, kept after the run", needs.namespace()),
            (None, false) => "in a new namespace".to_owned(),
        };
        let clients = match (needs.settings.role, self.has_client_jobs) {
            (Role::Servers, _) => "",
            (_, true) => "; clients run as Jobs, one per test",
            (_, false) => "; clients run via exec in these pods",
        };
        Some(Item::ok(Topic::Objects, format!("{pods}{services} {place}{clients}")))
    }
}

/// Whether the user may start clients via exec.
pub(super) fn may_exec(rights: &[Granted]) -> bool {
    let exec = rights.iter().find(|granted| granted.right.resource == "pods/exec");
    exec.is_some_and(|granted| granted.missing.as_ref().is_ok_and(Vec::is_empty))
}

pub(super) fn containers(pod: &Pod) -> impl Iterator<Item = &Container> {
    pod.spec.iter().flat_map(|spec: &PodSpec| &spec.containers)
}

/// Whether a run uses a permission of this necessity: those for Jobs only matter where exec is not permitted.
pub(super) fn is_needed(necessity: Necessity, rights: &[Granted]) -> bool {
    necessity != Necessity::InsteadOfExec || !may_exec(rights)
}
