//! Network policies: whether those of the namespace block traffic between the pods of the run.
//!
//! A pod that is selected by policies of a type gets only the traffic that one of them allows. Whether the
//! network plugin enforces policies cannot be determined from the API.

use std::net::IpAddr;

use ipnet::IpNet;
use k8s_openapi::api::core::v1::NodeSpec;
use k8s_openapi::api::networking::v1::{
    NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::ResourceExt;

use super::planned_objects::PlannedObjects;
use super::selector::{Labels, matches};
use super::{ClusterSnapshot, Item, MAX_NAMES, Topic, Unchecked};
use crate::document::{Path, Protocol};
use crate::quantity::join_first;
use crate::testbed::kubernetes::objects::{Role, network_policy};
use crate::testbed::kubernetes::{GivenNamespace, Needs};

/// The types of rules of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PolicyType {
    /// Traffic to the server pods.
    Ingress,
    /// Traffic from the client pods.
    Egress,
}

/// The other end of a connection.
#[derive(Debug, Clone, Copy)]
enum Peer<'a> {
    /// A pod of the same namespace, with these labels, in one of these networks.
    Pod { labels: &'a Labels, namespace: &'a Labels, networks: &'a [IpNet] },
    /// An address outside of the pod networks.
    Address(IpAddr),
    /// An address that is not known beforehand.
    Unknown,
}

/// A destination port and its protocol, as policies name it.
type Port = (u16, &'static str);

/// Traffic of the run that is blocked.
struct Blocked {
    policy_type: PolicyType,
    /// The policies that block it, together.
    policies: String,
    port: Port,
}

pub(super) fn check(
    needs: &Needs,
    cluster: &ClusterSnapshot<'_>,
    given: &GivenNamespace,
    planned: &PlannedObjects,
    unchecked: &mut Unchecked,
) -> Vec<Item> {
    let policies = unchecked.known_or_empty(&given.policies);
    if policies.is_empty() {
        return Vec::new();
    }
    // the run's own policy allows what the others do not
    let own = network_policy(&needs.settings, &cluster.choice.chosen, None);
    let policies: Vec<&NetworkPolicy> = policies.iter().chain(&own).collect();
    let (Some(server), Some(client)) = planned.labels() else {
        return Vec::new();
    };
    let none = Labels::new();
    let namespace = given.namespace.as_ref().ok().and_then(Option::as_ref);
    let namespace = namespace.map_or(&none, ResourceExt::labels);
    let networks = pod_networks(cluster);
    let pod = |labels| Peer::Pod { labels, namespace, networks: &networks };
    let has_path = |paths: &[Path]| needs.settings.routes.iter().any(|route| paths.contains(&route.path));
    let mut blocked = Vec::new();
    let mut is_checked = false;
    // a peer may appear under more than one address: the traffic counts as allowed if one of them is
    let mut check_traffic = |policy_type, subject, peers: &[Peer<'_>], ports: &[Port]| {
        is_checked = true;
        for &port in ports {
            let blocking = peers.iter().map(|peer| blocking(&policies, policy_type, subject, *peer, port));
            let blocking: Vec<Vec<String>> = blocking.collect();
            if let [first, ..] = blocking.as_slice()
                && blocking.iter().all(|policies| !policies.is_empty())
            {
                blocked.push(Blocked { policy_type, policies: first.join(", "), port });
            }
        }
    };
    if let Some((host, port)) = &needs.to {
        let external_server = host.parse().map_or(Peer::Unknown, Peer::Address);
        check_traffic(PolicyType::Egress, client, &[external_server], &port_of_engine(needs, *port));
    } else if needs.settings.role == Role::Clients {
        check_traffic(PolicyType::Egress, client, &[Peer::Unknown], &ports(needs));
    } else if needs.settings.role == Role::Mesh && has_path(&[Path::Pod, Path::Service]) {
        check_traffic(PolicyType::Ingress, server, &[pod(client)], &ports(needs));
        check_traffic(PolicyType::Egress, client, &[pod(server)], &ports(needs));
    }
    if needs.settings.role != Role::Clients && has_path(&[Path::NodePort, Path::LoadBalancer]) {
        // traffic through a node may have the address of that node as its source
        let mut nodes = cluster.choice.chosen.iter().flat_map(|chosen| &chosen.addresses);
        let node = nodes.next().map_or(Peer::Unknown, |address| Peer::Address(address.ip));
        check_traffic(PolicyType::Ingress, server, &[node], &ports(needs));
        if needs.settings.role == Role::Mesh {
            // network plugins differ: some apply egress rules before the destination is rewritten, some after
            check_traffic(PolicyType::Egress, client, &[node, pod(server)], &ports(needs));
        }
    }
    if !is_checked {
        return Vec::new();
    }
    if blocked.is_empty() {
        return vec![Item::ok(Topic::NetworkPolicies, "allow the traffic of the run")];
    }
    [PolicyType::Ingress, PolicyType::Egress]
        .into_iter()
        .filter_map(|policy_type| {
            let of_type = || blocked.iter().filter(|blocked| blocked.policy_type == policy_type);
            let policies = &of_type().next()?.policies;
            let mut ports: Vec<String> = of_type()
                .map(|Blocked { port: (port, protocol), .. }| format!("{protocol} {port}"))
                .collect();
            ports.dedup();
            Some(item(policy_type, policies, &ports.join(", ")))
        })
        .collect()
}

fn item(policy_type: PolicyType, policies: &str, ports: &str) -> Item {
    const POD_LABEL: &str = "app.kubernetes.io/name=netbench";
    let (traffic, rule) = match policy_type {
        PolicyType::Ingress => {
            (format!("ingress to the servers on {ports}"), format!("ingress on {ports} to"))
        }
        PolicyType::Egress => {
            (format!("egress from the clients on {ports}"), format!("egress to {ports} from"))
        }
    };
    Item::warning(
        Topic::NetworkPolicies,
        format!("{traffic} is blocked by {policies}, if the network plugin enforces policies"),
        format!(
            "add a NetworkPolicy that allows {rule} pods with the label {POD_LABEL}, or omit --namespace"
        ),
    )
}

/// All ports of the servers.
fn ports(needs: &Needs) -> Vec<Port> {
    let processes = needs.settings.processes;
    let mut ports = port_of_engine(needs, processes.throughput.port);
    ports.extend(processes.latency.map(|latency| (latency.port, "TCP")));
    ports.dedup();
    ports
}

/// The port of the throughput engine, for each protocol that it uses.
fn port_of_engine(needs: &Needs, port: u16) -> Vec<Port> {
    // the control connection of a UDP test is TCP
    let udp = (needs.settings.protocol == Protocol::Udp).then_some((port, "UDP"));
    std::iter::once((port, "TCP")).chain(udp).collect()
}

/// The pod networks of the nodes; none if the cluster does not assign them by node.
fn pod_networks(cluster: &ClusterSnapshot<'_>) -> Vec<IpNet> {
    let specs = cluster.nodes.iter().filter_map(|node| node.spec.as_ref());
    let of_node =
        |spec: &NodeSpec| spec.pod_cidrs.clone().unwrap_or_else(|| spec.pod_cidr.iter().cloned().collect());
    specs.flat_map(of_node).filter_map(|cidr| cidr.parse().ok()).collect()
}

/// The policies that together block the traffic of a pod with this peer; empty if it is allowed.
fn blocking(
    policies: &[&NetworkPolicy],
    policy_type: PolicyType,
    subject: &Labels,
    peer: Peer<'_>,
    port: Port,
) -> Vec<String> {
    let selecting: Vec<(&NetworkPolicy, &NetworkPolicySpec)> = policies
        .iter()
        .copied()
        .filter_map(|policy| Some((policy, policy.spec.as_ref()?)))
        .filter(|(_, spec)| {
            // a missing selector selects all pods, like an empty one
            has_type(spec, policy_type)
                && spec.pod_selector.as_ref().is_none_or(|selector| matches(selector, subject))
        })
        .collect();
    if selecting.iter().any(|(_, spec)| allows(spec, policy_type, peer, port)) {
        return Vec::new();
    }
    let all: Vec<String> = selecting.iter().map(|(policy, _)| policy.name_any()).collect();
    if all.is_empty() { all } else { vec![join_first(&all, MAX_NAMES)] }
}

/// Whether a policy has rules of this type. Without `policyTypes`, it has `Ingress`, and `Egress` if it has
/// egress rules.
fn has_type(spec: &NetworkPolicySpec, policy_type: PolicyType) -> bool {
    match (&spec.policy_types, policy_type) {
        (Some(types), PolicyType::Ingress) => types.iter().any(|name| name == "Ingress"),
        (Some(types), PolicyType::Egress) => types.iter().any(|name| name == "Egress"),
        (None, PolicyType::Ingress) => true,
        (None, PolicyType::Egress) => spec.egress.is_some(),
    }
}

fn allows(spec: &NetworkPolicySpec, policy_type: PolicyType, peer: Peer<'_>, port: Port) -> bool {
    let rule_allows = |peers: &Option<Vec<NetworkPolicyPeer>>, ports: &Option<Vec<NetworkPolicyPort>>| {
        // an empty list matches all
        let peers = peers.as_deref().unwrap_or_default();
        let ports = ports.as_deref().unwrap_or_default();
        (peers.is_empty() || peers.iter().any(|rule| matches_peer(rule, peer)))
            && (ports.is_empty() || ports.iter().any(|rule| matches_port(rule, port)))
    };
    match policy_type {
        PolicyType::Ingress => spec.ingress.iter().flatten().any(|rule| rule_allows(&rule.from, &rule.ports)),
        PolicyType::Egress => spec.egress.iter().flatten().any(|rule| rule_allows(&rule.to, &rule.ports)),
    }
}

fn matches_peer(rule: &NetworkPolicyPeer, peer: Peer<'_>) -> bool {
    if let Some(block) = &rule.ip_block {
        let Ok(range) = block.cidr.parse::<IpNet>() else {
            return false;
        };
        let except: Vec<IpNet> = block.except.iter().flatten().filter_map(|cidr| cidr.parse().ok()).collect();
        let includes =
            |net: IpNet| range.contains(&net) && !except.iter().any(|except| overlap(*except, net));
        return match peer {
            Peer::Pod { networks, .. } => !networks.is_empty() && networks.iter().all(|net| includes(*net)),
            Peer::Address(ip) => includes(ip.into()),
            Peer::Unknown => false,
        };
    }
    let Peer::Pod { labels, namespace, .. } = peer else {
        return false;
    };
    // without a namespace selector, the peers are in the namespace of the policy, which is the run's
    rule.namespace_selector.as_ref().is_none_or(|selector| matches(selector, namespace))
        && rule.pod_selector.as_ref().is_none_or(|selector| matches(selector, labels))
}

/// Whether two CIDR ranges share an address, which they do only if one contains the other.
fn overlap(one: IpNet, other: IpNet) -> bool {
    one.contains(&other) || other.contains(&one)
}

fn matches_port(rule: &NetworkPolicyPort, (port, protocol): Port) -> bool {
    let port = i32::from(port);
    rule.protocol.as_deref().unwrap_or("TCP") == protocol
        && match (&rule.port, rule.end_port) {
            (None, _) => true,
            (Some(IntOrString::Int(first)), Some(last)) => (*first..=last).contains(&port),
            (Some(IntOrString::Int(only)), None) => *only == port,
            // the ports of the run's pods have no names
            (Some(IntOrString::String(_)), _) => false,
        }
}

#[cfg(test)]
mod tests;
