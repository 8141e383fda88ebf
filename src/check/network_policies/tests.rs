use super::*;
use serde_json::{Value, json};

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn policy(name: &str, spec: &Value) -> NetworkPolicy {
    serde_json::from_value(json!({"metadata": {"name": name}, "spec": spec})).unwrap()
}

/// The policies with these specs that block TCP 5201.
fn blocked_by(policy_type: PolicyType, specs: &[Value]) -> Vec<String> {
    let policies: Vec<NetworkPolicy> =
        specs.iter().enumerate().map(|(index, spec)| policy(&format!("p{index}"), spec)).collect();
    let own = labels(&[("app.kubernetes.io/name", "netbench")]);
    let namespace = labels(&[("kubernetes.io/metadata.name", "team-a")]);
    let networks = ["10.214.1.0/24".parse().unwrap(), "10.214.2.0/24".parse().unwrap()];
    let peer = Peer::Pod { labels: &own, namespace: &namespace, networks: &networks };
    blocking(&policies.iter().collect::<Vec<_>>(), policy_type, &own, peer, (5201, "TCP"))
}

fn allows_ingress(ingress: &Value) -> bool {
    blocked_by(PolicyType::Ingress, &[json!({"podSelector": {}, "ingress": [ingress]})]).is_empty()
}

#[test]
fn default_deny_blocks_only_its_policy_types() {
    let deny = json!({"podSelector": {}, "policyTypes": ["Ingress"]});
    assert_eq!(blocked_by(PolicyType::Ingress, std::slice::from_ref(&deny)), ["p0"]);
    assert!(blocked_by(PolicyType::Egress, &[deny]).is_empty());
    let old = json!({"podSelector": {}});
    assert_eq!(blocked_by(PolicyType::Ingress, std::slice::from_ref(&old)), ["p0"]);
    assert!(blocked_by(PolicyType::Egress, &[old]).is_empty());
    assert_eq!(
        blocked_by(PolicyType::Egress, &[json!({"podSelector": {}, "policyTypes": ["Egress"]})]),
        ["p0"]
    );
}

#[test]
fn one_allowing_policy_is_sufficient_and_those_of_other_pods_are_ignored() {
    let other = json!({"podSelector": {"matchLabels": {"app": "web"}}});
    assert!(blocked_by(PolicyType::Ingress, &[other]).is_empty());
    let deny = json!({"podSelector": {}});
    let allow = json!({"podSelector": {"matchLabels": {"app.kubernetes.io/name": "netbench"}},
        "ingress": [{"from": [{"podSelector": {}}]}]});
    assert!(blocked_by(PolicyType::Ingress, &[deny.clone(), allow]).is_empty());
    let other =
        json!({"podSelector": {}, "ingress": [{"from": [{"podSelector": {"matchLabels": {"a": "b"}}}]}]});
    assert_eq!(blocked_by(PolicyType::Ingress, &[deny, other]), ["p0, p1"]);
}

#[test]
fn peer_matches_by_pod_namespace_or_ip_block() {
    assert!(allows_ingress(&json!({})));
    assert!(allows_ingress(&json!({"from": [{"podSelector": {}}]})));
    let name = |name: &str| json!({"matchLabels": {"kubernetes.io/metadata.name": name}});
    assert!(allows_ingress(&json!({"from": [{"namespaceSelector": name("team-a")}]})));
    assert!(!allows_ingress(&json!({"from": [{"namespaceSelector": name("team-b")}]})));
    assert!(!allows_ingress(
        &json!({"from": [{"namespaceSelector": name("team-a"), "podSelector": {"matchLabels": {"a": "b"}}}]})
    ));
    assert!(allows_ingress(&json!({"from": [{"ipBlock": {"cidr": "10.214.0.0/16"}}]})));
    assert!(!allows_ingress(&json!({"from": [{"ipBlock": {"cidr": "10.214.1.0/24"}}]})));
    assert!(!allows_ingress(
        &json!({"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.214.2.0/28"]}}]})
    ));
}

#[test]
fn port_matches_by_number_or_range() {
    let port = |port: Value| allows_ingress(&json!({"ports": [port]}));
    assert!(port(json!({"port": 5201})) && port(json!({"protocol": "TCP"})));
    assert!(port(json!({"port": 5000, "endPort": 6000})));
    assert!(!port(json!({"port": 5201, "protocol": "UDP"})));
    assert!(!port(json!({"port": 80})) && !port(json!({"port": "iperf"})));
}

#[test]
fn address_outside_of_pod_networks_matches_only_ip_blocks() {
    let node = Peer::Address("192.0.2.7".parse().unwrap());
    let blocked = |from: Value| {
        let policy = policy("p", &json!({"podSelector": {}, "ingress": [{"from": [from]}]}));
        !blocking(&[&policy], PolicyType::Ingress, &labels(&[]), node, (5201, "TCP")).is_empty()
    };
    assert!(blocked(json!({"podSelector": {}})));
    assert!(!blocked(json!({"ipBlock": {"cidr": "192.0.2.0/24"}})));
    assert!(blocked(json!({"ipBlock": {"cidr": "192.0.2.0/24", "except": ["192.0.2.7/32"]}})));
}

#[test]
fn cidr_contains_ranges_of_its_ip_family_only() {
    let range = |text: &str| text.parse::<IpNet>().unwrap();
    assert!(range("10.0.0.0/8").contains(&range("10.214.1.0/24")));
    assert!(!range("10.214.1.0/24").contains(&range("10.0.0.0/8")));
    assert!(overlap(range("10.214.1.0/24"), range("10.0.0.0/8")));
    assert!(!overlap(range("10.0.0.0/8"), range("11.0.0.0/8")));
    assert!(range("0.0.0.0/0").contains(&range("192.0.2.1/32")));
    assert!(!range("0.0.0.0/0").contains(&range("2001:db8::/32")));
    assert!(range("::/0").contains(&range("2001:db8::1/128")));
    assert!(range("10.0.0.0/8").contains(&IpNet::from("10.1.2.3".parse::<IpAddr>().unwrap())));
    assert!("10.0.0.0/33".parse::<IpNet>().is_err() && "x/1".parse::<IpNet>().is_err());
}
