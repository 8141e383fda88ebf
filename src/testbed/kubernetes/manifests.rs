//! The objects of a run as YAML, for people to read and for `kubectl apply`. Pure.

use k8s_openapi::api::core::v1::Pod;
use serde::Serialize;

use super::lifetime::scope::Scope;
use super::nodes::Chosen;
use super::objects::{self, Network, Settings};

/// The objects of a run on `nodes`: its scope, policy, servers and Services and, of `clients` (each with
/// its node, its way and its command), the Jobs.
///
/// What an object can only have once others exist is missing: the owner's uid, and addresses.
pub fn manifests(
    settings: &Settings,
    scope: &Scope,
    nodes: &[Chosen],
    clients: &[(usize, usize, Vec<String>)],
) -> String {
    let mut documents = Documents { namespace: scope.namespace(), text: String::new() };
    match scope.given() {
        None => documents.add(&scope.namespace_object(), false),
        Some(_) => documents.add(&scope.owner_object(), true),
    }
    if let Some(policy) = objects::network_policy(settings, nodes, None) {
        documents.add(&policy, true);
    }
    let usable = || nodes.iter().enumerate().filter(|(_, node)| node.unusable.is_none());
    for (index, node) in usable() {
        if let Some(service) = objects::service(settings, index, node, None) {
            documents.add(&service, true);
        }
        for network in settings.networks() {
            let pod: Pod = objects::server_pod(settings, index, network, node, None);
            documents.add(&pod, true);
        }
    }
    for (number, (client, way, command)) in clients.iter().enumerate() {
        let network = Network::of(settings.ways[*way].path);
        let node = &nodes[*client];
        let job = objects::client_job(settings, number + 1, network, node, command.clone(), None);
        documents.add(&job, true);
    }
    documents.text
}

struct Documents {
    namespace: String,
    text: String,
}

impl Documents {
    fn add(&mut self, object: &impl Serialize, is_namespaced: bool) {
        // an object of Kubernetes has string keys and finite numbers only: nothing in it can fail
        let mut value = serde_json::to_value(object).unwrap_or_default();
        if is_namespaced {
            value["metadata"]["namespace"] = self.namespace.clone().into();
        }
        let text = serde_yaml::to_string(&value).unwrap_or_default();
        self.text.push_str("---\n");
        self.text.push_str(text.trim_end());
        self.text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Path;
    use crate::testbed::kubernetes::objects::fixtures::{chosen, over, settings, with_latency};

    #[test]
    fn a_run_over_all_paths_by_job() {
        let ways = over(&[Path::Pod, Path::Service, Path::Host]);
        let settings = with_latency(Settings { ways, ..settings() });
        let nodes = [chosen("node-1"), chosen("node-2")];
        let scope = Scope::new(settings.run(), None, true);
        let command = ["iperf3", "-c", "<address of the server on node-2>"].map(str::to_owned).to_vec();
        insta::assert_snapshot!(manifests(&settings, &scope, &nodes, &[(0, 2, command)]));
    }

    #[test]
    fn in_a_given_namespace_every_object_is_in_it() {
        let scope = Scope::new("k3v9x2mq", Some("mine".to_owned()), false);
        let text = manifests(&settings(), &scope, &[chosen("node-1")], &[]);
        assert_eq!(text.matches("  namespace: mine\n").count(), 2);
        assert!(!text.contains("kind: Namespace"));
    }
}
