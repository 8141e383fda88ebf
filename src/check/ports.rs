//! Ports of the nodes: whether some pod has those that the servers are to listen on.

use k8s_openapi::api::core::v1::{Container, ContainerPort, Pod};
use kube::ResourceExt;

use super::{Item, Seen, Topic, Unknown, names};
use crate::document::Protocol;
use crate::testbed::kubernetes::Needs;
use crate::testbed::kubernetes::objects::{KEPT, RUN_LABEL};

pub(super) fn items(needs: &Needs, seen: &Seen<'_>, unknown: &mut Unknown) -> Vec<Item> {
    let pods = match &seen.facts.pods {
        None => return Vec::new(),
        Some(Ok(pods)) => pods,
        Some(Err(error)) => {
            unknown.add(error);
            return Vec::new();
        }
    };
    let chosen: Vec<&str> = seen.choice.chosen.iter().map(|chosen| chosen.node.name.as_str()).collect();
    let (kept, others): (Vec<_>, Vec<_>) =
        taken(needs, pods, &chosen).into_iter().partition(|taken| taken.is_kept);
    let mut items: Vec<Item> = others
        .iter()
        .map(|Taken { port, pod, node, .. }| {
            Item::problem(
                Topic::HostPorts,
                format!("{port} is used on {node} by the pod {pod}"),
                "take another port: --port",
            )
        })
        .collect();
    if !kept.is_empty() {
        items.push(Item::warning(
            Topic::HostPorts,
            format!("servers that stayed listen on {}", names(kept.iter().map(|taken| taken.node))),
            "measure with the flags that they were started with, or remove them: kubectl netbench cleanup",
        ));
    }
    if items.is_empty() {
        let ports: Vec<String> = needs.settings.processes.iter().map(|of| of.port.to_string()).collect();
        let found = format!("no pod says that it uses {} on these nodes", ports.join(" or "));
        items.push(Item::ok(Topic::HostPorts, found));
    }
    items
}

/// A port of a node that a pod has.
#[derive(Debug, PartialEq, Eq)]
struct Taken<'a> {
    port: u16,
    node: &'a str,
    pod: String,
    /// Whether it is a server of ours that stayed.
    is_kept: bool,
}

fn taken<'a>(needs: &Needs, pods: &'a [Pod], nodes: &[&str]) -> Vec<Taken<'a>> {
    let udp = needs.settings.protocol == Protocol::Udp;
    let throughput = needs.settings.processes.throughput.port;
    let mut taken = Vec::new();
    for pod in pods {
        let Some(spec) = &pod.spec else { continue };
        let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
        let node = spec.node_name.as_deref().filter(|name| nodes.contains(name));
        let Some(node) = node.filter(|_| !matches!(phase, Some("Succeeded" | "Failed"))) else { continue };
        let on_host = spec.host_network == Some(true);
        let held = |container: &Container| {
            let ports = container.ports.as_deref().unwrap_or_default();
            let ports = ports.iter().filter_map(|port| Some((of_node(port, on_host)?, is_udp(port))));
            ports.collect::<Vec<_>>()
        };
        let held: Vec<(i32, bool)> = spec.containers.iter().flat_map(held).collect();
        for process in needs.settings.processes.iter() {
            let wants = |(port, is_udp): &(i32, bool)| {
                *port == i32::from(process.port) && (!is_udp || udp && process.port == throughput)
            };
            if held.iter().any(wants) {
                taken.push(Taken {
                    port: process.port,
                    node,
                    pod: format!("{}/{}", pod.namespace().unwrap_or_default(), pod.name_any()),
                    is_kept: pod.labels().get(RUN_LABEL).is_some_and(|run| run == KEPT),
                });
            }
        }
    }
    taken
}

/// The port of the node, if it is one: on the network of the node every port is.
fn of_node(port: &ContainerPort, on_host: bool) -> Option<i32> {
    port.host_port.or(on_host.then_some(port.container_port))
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
    fn ports_are_held_by_living_pods_on_the_chosen_nodes() {
        let ports = json!([{"containerPort": 5201}]);
        let pods = [
            pod("on-its-own-network", "a", false, &ports, "Running"),
            pod("on-the-nodes", "a", true, &ports, "Running"),
            pod("by-a-host-port", "b", false, &json!([{"containerPort": 80, "hostPort": 5201}]), "Pending"),
            pod("elsewhere", "c", true, &ports, "Running"),
            pod("ended", "a", true, &ports, "Succeeded"),
            pod("another-port", "a", true, &json!([{"containerPort": 80}]), "Running"),
            pod("udp", "a", true, &json!([{"containerPort": 5201, "protocol": "UDP"}]), "Running"),
        ];
        let names = |protocol| {
            let settings = Settings { protocol, routes: over(&[crate::document::Path::Host]), ..settings() };
            let needs = needs(settings, None, ClientMode::Exec);
            let taken = taken(&needs, &pods, &["a", "b"]);
            taken.into_iter().map(|taken| taken.pod).collect::<Vec<_>>()
        };
        assert_eq!(names(Protocol::Tcp), ["x/on-the-nodes", "x/by-a-host-port"]);
        assert_eq!(names(Protocol::Udp), ["x/on-the-nodes", "x/by-a-host-port", "x/udp"]);
    }
}
