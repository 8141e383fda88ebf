//! Host ports: whether pods already use the ports of the nodes on which the servers would listen.

use k8s_openapi::api::core::v1::{Container, ContainerPort, Pod};
use kube::ResourceExt;

use super::{ClusterSnapshot, Item, MAX_NAMES, Topic, Unchecked};
use crate::document::Protocol;
use crate::quantity::join_first;
use crate::testbed::kubernetes::Needs;
use crate::testbed::kubernetes::objects::{KEPT, RUN_LABEL};

pub(super) fn check(needs: &Needs, cluster: &ClusterSnapshot<'_>, unchecked: &mut Unchecked) -> Vec<Item> {
    let pods = match &cluster.facts.pods {
        None => return Vec::new(),
        Some(Ok(pods)) => pods,
        Some(Err(error)) => {
            unchecked.add(error);
            return Vec::new();
        }
    };
    let nodes: Vec<&str> = cluster.choice.chosen.iter().map(|chosen| chosen.node.name.name()).collect();
    let (kept, others): (Vec<_>, Vec<_>) =
        used_ports(needs, pods, &nodes).into_iter().partition(|used| used.is_kept);
    let mut items: Vec<Item> = others
        .iter()
        .map(|UsedPort { port, pod, node, .. }| {
            Item::problem(
                Topic::HostPorts,
                format!("port {port} on {node} is in use by pod {pod}"),
                "choose another port with --port",
            )
        })
        .collect();
    if !kept.is_empty() {
        items.push(Item::warning(
            Topic::HostPorts,
            format!("kept servers listen on {}", join_first(kept.iter().map(|used| used.node), MAX_NAMES)),
            "use the flags with which they were started, or remove them: kubectl netbench cleanup",
        ));
    }
    if items.is_empty() {
        let processes = needs.settings.processes.iter();
        let ports: Vec<String> = processes.map(|process| process.port.to_string()).collect();
        let found = format!("no pod declares port {} on these nodes", ports.join(" or "));
        items.push(Item::ok(Topic::HostPorts, found));
    }
    items
}

/// A port of a node that a pod declares.
#[derive(Debug, PartialEq, Eq)]
struct UsedPort<'a> {
    port: u16,
    node: &'a str,
    /// `NAMESPACE/NAME`.
    pod: String,
    is_kept: bool,
}

fn used_ports<'a>(needs: &Needs, pods: &'a [Pod], nodes: &[&str]) -> Vec<UsedPort<'a>> {
    let is_udp_test = needs.settings.protocol == Protocol::Udp;
    let throughput_port = needs.settings.processes.throughput.port;
    let mut used = Vec::new();
    for pod in pods {
        let Some(spec) = &pod.spec else { continue };
        let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
        let node = spec.node_name.as_deref().filter(|name| nodes.contains(name));
        let Some(node) = node.filter(|_| !matches!(phase, Some("Succeeded" | "Failed"))) else { continue };
        let on_host_network = spec.host_network == Some(true);
        let declared = |container: &Container| {
            let ports = container.ports.as_deref().unwrap_or_default().iter();
            let ports = ports.filter_map(|port| Some((host_port(port, on_host_network)?, is_udp(port))));
            ports.collect::<Vec<_>>()
        };
        let declared: Vec<(i32, bool)> = spec.containers.iter().flat_map(declared).collect();
        for process in needs.settings.processes.iter() {
            // every engine listens on TCP, and the throughput engine of a UDP test on UDP as well
            let needs_udp = is_udp_test && process.port == throughput_port;
            let conflicts =
                |(port, is_udp): &(i32, bool)| *port == i32::from(process.port) && (!is_udp || needs_udp);
            if declared.iter().any(conflicts) {
                used.push(UsedPort {
                    port: process.port,
                    node,
                    pod: format!("{}/{}", pod.namespace().unwrap_or_default(), pod.name_any()),
                    is_kept: pod.labels().get(RUN_LABEL).is_some_and(|run| run == KEPT),
                });
            }
        }
    }
    used
}

/// The port of the node that a container port occupies; on the host network, every port does.
fn host_port(port: &ContainerPort, on_host_network: bool) -> Option<i32> {
    port.host_port.or(on_host_network.then_some(port.container_port))
}

fn is_udp(port: &ContainerPort) -> bool {
    port.protocol.as_deref() == Some("UDP")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::ClientMode;
    use crate::testbed::kubernetes::Settings;
    use crate::testbed::kubernetes::objects::fixtures::{needs, over, settings};
    use serde_json::{Value, json};

    fn pod(name: &str, node: &str, host: bool, ports: &Value, phase: &str) -> Pod {
        let pod = json!({"metadata": {"name": name, "namespace": "x"},
            "spec": {"nodeName": node, "hostNetwork": host, "containers": [{"name": "c", "ports": ports}]},
            "status": {"phase": phase}});
        serde_json::from_value(pod).unwrap()
    }

    #[test]
    fn only_unfinished_pods_on_the_chosen_nodes_use_ports() {
        let ports = json!([{"containerPort": 5201}]);
        let pods = [
            pod("pod-network", "a", false, &ports, "Running"),
            pod("host-network", "a", true, &ports, "Running"),
            pod("host-port", "b", false, &json!([{"containerPort": 80, "hostPort": 5201}]), "Pending"),
            pod("another-node", "c", true, &ports, "Running"),
            pod("ended", "a", true, &ports, "Succeeded"),
            pod("another-port", "a", true, &json!([{"containerPort": 80}]), "Running"),
            pod("udp", "a", true, &json!([{"containerPort": 5201, "protocol": "UDP"}]), "Running"),
        ];
        let pods_with_ports = |protocol| {
            let settings = Settings { protocol, routes: over(&[crate::document::Path::Host]), ..settings() };
            let needs = needs(settings, None, ClientMode::Exec);
            let used = used_ports(&needs, &pods, &["a", "b"]);
            used.into_iter().map(|used| used.pod).collect::<Vec<_>>()
        };
        assert_eq!(pods_with_ports(Protocol::Tcp), ["x/host-network", "x/host-port"]);
        assert_eq!(pods_with_ports(Protocol::Udp), ["x/host-network", "x/host-port", "x/udp"]);
    }
}
