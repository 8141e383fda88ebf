//! The objects of a run as YAML, as `--dry-run` prints them. Pure.

use k8s_openapi::api::core::v1::Pod;

use super::{Network, Settings};
use crate::cluster::objects::{Object, yaml};
use crate::document::NodeId;
use crate::options::Route;
use crate::testbed::kubernetes::nodes::Chosen;
use crate::testbed::kubernetes::scope::Scope;

/// The objects of a run on `nodes`: its scope, `NetworkPolicy`, server pods and Services, and the Jobs of
/// `clients`, each with its node, its route and its command.
///
/// Fields that depend on existing objects are missing: owner references, and addresses.
pub fn manifests(
    settings: &Settings,
    scope: &Scope,
    nodes: &[Chosen],
    clients: &[(NodeId, Route, Vec<String>)],
) -> String {
    let mut documents = vec![match scope.given() {
        None => Object::cluster_scoped(&scope.namespace_object()),
        Some(_) => Object::namespaced(&scope.owner_object()),
    }];
    if let Some(policy) = super::network_policy(settings, nodes, None) {
        documents.push(Object::namespaced(&policy));
    }
    for node in nodes.iter().filter(|node| node.unusable.is_none()) {
        if let Some(service) = super::service(settings, node, None) {
            documents.push(Object::namespaced(&service));
        }
        for network in settings.networks() {
            let pod: Pod = super::server_pod(settings, node, network, None);
            documents.push(Object::namespaced(&pod));
        }
    }
    for (number, (client, route, command)) in clients.iter().enumerate() {
        let network = Network::of(route.path);
        let Some(node) = nodes.iter().find(|node| node.node.name == *client) else { continue };
        let job = super::client_job(settings, number + 1, network, node, command.clone(), None);
        documents.push(Object::namespaced(&job));
    }
    yaml(&documents, &scope.namespace())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Path;
    use crate::options::PodSecurityLevel;
    use crate::testbed::kubernetes::objects::fixtures::{chosen, over, settings, with_latency};

    #[test]
    fn run_over_all_paths_by_job_has_all_objects() {
        let routes = over(&[Path::Pod, Path::Service, Path::Host]);
        let settings = with_latency(Settings { routes, ..settings() });
        let nodes = [chosen("node-1"), Chosen { number: 2, ..chosen("node-2") }];
        let scope = Scope::new(settings.run(), None).enforcing(PodSecurityLevel::Privileged);
        let command = ["iperf3", "-c", "<address of the server on node-2>"].map(str::to_owned).to_vec();
        insta::assert_snapshot!(manifests(
            &settings,
            &scope,
            &nodes,
            &[("node-1".into(), Path::Host.into(), command)]
        ));
    }

    #[test]
    fn given_namespace_contains_every_object() {
        let scope = Scope::new("k3v9x2mq", Some("mine".to_owned()));
        let text = manifests(&settings(), &scope, &[chosen("node-1")], &[]);
        assert_eq!(text.matches("  namespace: mine\n").count(), 2);
        assert!(!text.contains("kind: Namespace"));
    }
}
