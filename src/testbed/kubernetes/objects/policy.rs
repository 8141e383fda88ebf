//! The `NetworkPolicy` that admits only the run's own clients. Pure.

use std::collections::BTreeMap;

use k8s_openapi::api::networking::v1::{
    IPBlock, NetworkPolicy, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, OwnerReference};

use super::{RUN_LABEL, Settings, metadata};
use crate::document::Path;
use crate::testbed::kubernetes::nodes::Chosen;

/// The `NetworkPolicy` for the pods of a run on `nodes`, if it is requested.
pub fn network_policy(
    settings: &Settings,
    nodes: &[Chosen],
    owner: Option<OwnerReference>,
) -> Option<NetworkPolicy> {
    if !settings.options.network_policy {
        return None;
    }
    let own = LabelSelector {
        match_labels: Some(BTreeMap::from([(RUN_LABEL.to_owned(), settings.run().to_owned())])),
        ..LabelSelector::default()
    };
    let pods = NetworkPolicyPeer { pod_selector: Some(own.clone()), ..NetworkPolicyPeer::default() };
    // packets through a node port have the source address of a node
    let through_nodes = settings.routes.iter().any(|route| route.path == Path::NodePort);
    let addresses = nodes.iter().filter(|_| through_nodes).flat_map(|node| &node.addresses);
    let blocks = addresses.map(|address| NetworkPolicyPeer {
        ip_block: Some(IPBlock {
            cidr: format!("{}/{}", address.ip, if address.ip.is_ipv4() { 32 } else { 128 }),
            except: None,
        }),
        ..NetworkPolicyPeer::default()
    });
    let rule = NetworkPolicyIngressRule {
        from: Some(std::iter::once(pods).chain(blocks).collect()),
        ..NetworkPolicyIngressRule::default()
    };
    Some(NetworkPolicy {
        metadata: metadata(settings, &policy_name(settings), owner),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(own),
            policy_types: Some(vec!["Ingress".to_owned()]),
            ingress: Some(vec![rule]),
            ..NetworkPolicySpec::default()
        }),
    })
}

/// The name of the `NetworkPolicy`.
pub fn policy_name(settings: &Settings) -> String {
    format!("netbench-{}-clients-only", settings.run())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::PodOptions;
    use crate::testbed::kubernetes::nodes::NodeAddress;
    use crate::testbed::kubernetes::objects::fixtures::{chosen, over, settings};

    #[test]
    fn policy_admits_own_pods_and_with_node_ports_the_nodes() {
        let options = PodOptions { network_policy: true, ..PodOptions::default() };
        let settings = Settings { options, routes: over(&[Path::Pod, Path::NodePort]), ..settings() };
        let address = NodeAddress { ip: "192.0.2.7".parse().unwrap(), external: false };
        let node = Chosen { addresses: vec![address], ..chosen("node-1") };
        insta::assert_json_snapshot!(network_policy(&settings, std::slice::from_ref(&node), None));
        let over_pod = Settings { routes: over(&[Path::Pod]), ..settings };
        let policy = serde_json::to_string(&network_policy(&over_pod, &[node], None)).unwrap();
        assert!(!policy.contains("ipBlock"), "{policy}");
    }
}
