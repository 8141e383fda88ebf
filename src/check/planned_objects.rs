//! The objects that a run would create, built by the code that creates them, so that their sum can be compared
//! with what the cluster allows.

use k8s_openapi::api::core::v1::{Pod, Service};
use kube::ResourceExt;

use super::selector::Labels;
use super::{ClusterSnapshot, Item, Topic};
use crate::quantity::plural;
use crate::testbed::kubernetes::objects::{self, Network};
use crate::testbed::kubernetes::{Chosen, DryRunObject, Needs, Role, has_client_jobs};

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
    pub(super) fn new(needs: &Needs, cluster: &ClusterSnapshot<'_>) -> Self {
        let settings = &needs.settings;
        let nodes = cluster.choice.chosen.iter();
        let nodes: Vec<&Chosen> = nodes.filter(|node| node.unusable.is_none()).collect();
        let networks = settings.networks();
        // as policies and webhooks change it
        let admitted = |object: DryRunObject, pod: Pod| match cluster.dry_runs.admitted(object) {
            Some(admitted) => Pod { spec: admitted.spec.clone(), ..pod },
            None => pod,
        };
        let server_pods_in = |&network: &Network| {
            nodes.iter().map(move |node| {
                let pod = objects::server_pod(settings, node, network, None);
                admitted(DryRunObject::ServerPod(network), pod)
            })
        };
        let service = |node: &&Chosen| objects::service(settings, node, None);
        let has_client_jobs = has_client_jobs(needs.client_mode, &cluster.facts.permissions);
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
            admitted(DryRunObject::ClientPod, objects::pod_of_job(job))
        };
        Self {
            server_pods: networks.iter().flat_map(server_pods_in).collect(),
            services: nodes.iter().filter_map(service).collect(),
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
        let on_pod_network =
            |pod: &&Pod| pod.spec.as_ref().is_some_and(|spec| spec.host_network != Some(true));
        let server = self.server_pods.iter().find(on_pod_network).map(ResourceExt::labels);
        let client = self.client_pods.iter().find(on_pod_network).map(ResourceExt::labels);
        (server, client.or(server))
    }

    /// A summary of the objects; none if the nodes are unknown.
    pub(super) fn item(&self, needs: &Needs) -> Option<Item> {
        if self.server_pods.is_empty() {
            return None;
        }
        let pods = plural(self.server_pods.len(), "pod");
        let services = match self.services.len() {
            0 => String::new(),
            services => format!(" and {}", plural(services, "Service")),
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
