//! Network policies: whether those of the namespace keep the pods of the run apart.
//!
//! A pod that some policy selects for a direction gets only what one of those policies lets
//! through. Whether the cluster's network enforces policies at all cannot be seen.

use std::net::IpAddr;

use ipnet::IpNet;
use k8s_openapi::api::networking::v1::{
    NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::ResourceExt;

use super::made::Made;
use super::selector::{Labels, matches};
use super::{Item, Seen, Topic, Unknown, names};
use crate::document::{Path, Protocol};
use crate::testbed::kubernetes::objects::{Role, network_policy};
use crate::testbed::kubernetes::{GivenNamespace, Needs};

/// The way of packets that a policy is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    /// Into the server's pod.
    Ingress,
    /// Out of the client's.
    Egress,
}

/// Who is at the other end.
#[derive(Debug, Clone, Copy)]
enum Peer<'a> {
    /// A pod of the same namespace, with these labels, in one of these networks.
    Pod { labels: &'a Labels, namespace: &'a Labels, networks: &'a [IpNet] },
    /// An address that is no pod's.
    Address(IpAddr),
    /// One that is not known.
    Unknown,
}

/// A port that packets go to.
type Port = (u16, &'static str);

pub(super) fn items(
    needs: &Needs,
    seen: &Seen<'_>,
    given: &GivenNamespace,
    made: &Made,
    unknown: &mut Unknown,
) -> Vec<Item> {
    let policies = unknown.of(&given.policies);
    if policies.is_empty() {
        return Vec::new();
    }
    // the run's own lets in what others keep out
    let own = network_policy(&needs.settings, &seen.choice.chosen, None);
    let policies: Vec<&NetworkPolicy> = policies.iter().chain(&own).collect();
    let (Some(server), Some(client)) = made.labels() else {
        return Vec::new();
    };
    let none = Labels::new();
    let namespace = given.namespace.as_ref().ok().and_then(Option::as_ref);
    let namespace = namespace.map_or(&none, ResourceExt::labels);
    let networks = pod_networks(seen);
    let pod = |labels| Peer::Pod { labels, namespace, networks: &networks };
    let has = |of: &[Path]| needs.settings.ways.iter().any(|way| of.contains(&way.path));
    let mut blocked = Vec::new();
    let mut is_asked = false;
    // one way of looking at the other end that is let through is enough
    let mut ask = |direction, subject, peers: &[Peer<'_>], ports: &[Port]| {
        is_asked = true;
        for &port in ports {
            let by = peers.iter().map(|peer| blocking(&policies, direction, subject, *peer, port));
            let by: Vec<Vec<String>> = by.collect();
            if let [first, ..] = by.as_slice()
                && by.iter().all(|by| !by.is_empty())
            {
                blocked.push((direction, first.join(", "), port));
            }
        }
    };
    if let Some((host, port)) = &needs.to {
        let to = host.parse().map_or(Peer::Unknown, Peer::Address);
        ask(Direction::Egress, client, &[to], &with_protocols(needs, *port));
    } else if needs.settings.role == Role::Clients {
        ask(Direction::Egress, client, &[Peer::Unknown], &ports(needs));
    } else if needs.settings.role == Role::Mesh && has(&[Path::Pod, Path::Service]) {
        ask(Direction::Ingress, server, &[pod(client)], &ports(needs));
        ask(Direction::Egress, client, &[pod(server)], &ports(needs));
    }
    if needs.settings.role != Role::Clients && has(&[Path::NodePort, Path::LoadBalancer]) {
        // what comes by a node may have the node's address
        let mut nodes = seen.choice.chosen.iter().flat_map(|chosen| &chosen.addresses);
        let node = nodes.next().map_or(Peer::Unknown, |address| Peer::Address(address.ip));
        ask(Direction::Ingress, server, &[node], &ports(needs));
        if needs.settings.role == Role::Mesh {
            // networks differ in whether they look at what leaves before or after it finds its server
            ask(Direction::Egress, client, &[node, pod(server)], &ports(needs));
        }
    }
    if !is_asked {
        return Vec::new();
    }
    if blocked.is_empty() {
        return vec![Item::ok(Topic::NetworkPolicies, "let the pods of the run reach each other")];
    }
    let mut items: Vec<Item> = Vec::new();
    for direction in [Direction::Ingress, Direction::Egress] {
        let of: Vec<&(Direction, String, Port)> =
            blocked.iter().filter(|(of, ..)| *of == direction).collect();
        if let [(_, by, _), ..] = of.as_slice() {
            let mut ports: Vec<String> =
                of.iter().map(|(_, _, (port, protocol))| format!("{protocol} {port}")).collect();
            ports.dedup();
            items.push(item(direction, by, &ports.join(", ")));
        }
    }
    items
}

fn item(direction: Direction, by: &str, ports: &str) -> Item {
    const OURS: &str = "app.kubernetes.io/name=netbench";
    let (found, rule) = match direction {
        Direction::Ingress => ("keeps clients from the servers", format!("ingress on {ports} to")),
        Direction::Egress => ("keeps clients from sending", format!("egress to {ports} from")),
    };
    Item::warning(
        Topic::NetworkPolicies,
        format!("{by} {found} ({ports}), if the cluster's network enforces policies"),
        format!(
            "add a NetworkPolicy that allows {rule} pods with the label {OURS}, or leave --namespace out"
        ),
    )
}

fn ports(needs: &Needs) -> Vec<Port> {
    let processes = needs.settings.processes;
    let mut ports = with_protocols(needs, processes.throughput.port);
    ports.extend(processes.latency.map(|latency| (latency.port, "TCP")));
    ports.dedup();
    ports
}

fn with_protocols(needs: &Needs, port: u16) -> Vec<Port> {
    // a test of UDP is arranged over TCP
    let udp = (needs.settings.protocol == Protocol::Udp).then_some((port, "UDP"));
    std::iter::once((port, "TCP")).chain(udp).collect()
}

/// The networks of the nodes' pods, where nodes tell.
fn pod_networks(seen: &Seen<'_>) -> Vec<IpNet> {
    let specs = seen.nodes.iter().filter_map(|node| node.spec.as_ref());
    let of_node = |spec: &k8s_openapi::api::core::v1::NodeSpec| {
        spec.pod_cidrs.clone().unwrap_or_else(|| spec.pod_cidr.iter().cloned().collect())
    };
    specs.flat_map(of_node).filter_map(|cidr| cidr.parse().ok()).collect()
}

/// The policies that together keep a pod from a peer; none if it is let through.
fn blocking(
    policies: &[&NetworkPolicy],
    direction: Direction,
    subject: &Labels,
    peer: Peer<'_>,
    port: Port,
) -> Vec<String> {
    let selecting: Vec<(&NetworkPolicy, &NetworkPolicySpec)> = policies
        .iter()
        .copied()
        .filter_map(|policy| Some((policy, policy.spec.as_ref()?)))
        .filter(|(_, spec)| {
            // an absent selector selects all, as an empty one
            is_about(spec, direction)
                && spec.pod_selector.as_ref().is_none_or(|selector| matches(selector, subject))
        })
        .collect();
    if selecting.iter().any(|(_, spec)| lets_through(spec, direction, peer, port)) {
        return Vec::new();
    }
    let all: Vec<String> = selecting.iter().map(|(policy, _)| policy.name_any()).collect();
    if all.is_empty() { all } else { vec![names(all.iter().map(String::as_str))] }
}

fn is_about(spec: &NetworkPolicySpec, direction: Direction) -> bool {
    match (&spec.policy_types, direction) {
        (Some(types), Direction::Ingress) => types.iter().any(|kind| kind == "Ingress"),
        (Some(types), Direction::Egress) => types.iter().any(|kind| kind == "Egress"),
        (None, Direction::Ingress) => true,
        (None, Direction::Egress) => spec.egress.is_some(),
    }
}

fn lets_through(spec: &NetworkPolicySpec, direction: Direction, peer: Peer<'_>, port: Port) -> bool {
    let any = |peers: &Option<Vec<NetworkPolicyPeer>>, ports: &Option<Vec<NetworkPolicyPort>>| {
        // none is all
        let peers = peers.as_deref().unwrap_or_default();
        let ports = ports.as_deref().unwrap_or_default();
        (peers.is_empty() || peers.iter().any(|rule| is_peer(rule, peer)))
            && (ports.is_empty() || ports.iter().any(|rule| is_port(rule, port)))
    };
    match direction {
        Direction::Ingress => spec.ingress.iter().flatten().any(|rule| any(&rule.from, &rule.ports)),
        Direction::Egress => spec.egress.iter().flatten().any(|rule| any(&rule.to, &rule.ports)),
    }
}

fn is_peer(rule: &NetworkPolicyPeer, peer: Peer<'_>) -> bool {
    if let Some(block) = &rule.ip_block {
        let Ok(range) = block.cidr.parse::<IpNet>() else {
            return false;
        };
        let but: Vec<IpNet> = block.except.iter().flatten().filter_map(|cidr| cidr.parse().ok()).collect();
        let is_in = |of: IpNet| range.contains(&of) && !but.iter().any(|except| overlap(*except, of));
        return match peer {
            Peer::Pod { networks, .. } => !networks.is_empty() && networks.iter().all(|of| is_in(*of)),
            Peer::Address(ip) => is_in(ip.into()),
            Peer::Unknown => false,
        };
    }
    let Peer::Pod { labels, namespace, .. } = peer else {
        return false;
    };
    // without a selector of namespaces, the policy's own is meant: that is ours
    rule.namespace_selector.as_ref().is_none_or(|selector| matches(selector, namespace))
        && rule.pod_selector.as_ref().is_none_or(|selector| matches(selector, labels))
}

/// Whether two ranges share an address: CIDR ranges do so only if one contains the other.
fn overlap(one: IpNet, other: IpNet) -> bool {
    one.contains(&other) || other.contains(&one)
}

fn is_port(rule: &NetworkPolicyPort, (port, protocol): Port) -> bool {
    let port = i32::from(port);
    rule.protocol.as_deref().unwrap_or("TCP") == protocol
        && match (&rule.port, rule.end_port) {
            (None, _) => true,
            (Some(IntOrString::Int(from)), Some(to)) => (*from..=to).contains(&port),
            (Some(IntOrString::Int(only)), None) => *only == port,
            // our ports have no names
            (Some(IntOrString::String(_)), _) => false,
        }
}

#[cfg(test)]
mod tests;
