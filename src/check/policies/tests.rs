use super::*;
use serde_json::{Value, json};

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn policy(name: &str, spec: &Value) -> NetworkPolicy {
    serde_json::from_value(json!({"metadata": {"name": name}, "spec": spec})).unwrap()
}

/// What keeps TCP 5201 from going in one direction, by policies with these specifications.
fn blocked(direction: Direction, specs: &[Value]) -> Vec<String> {
    let policies: Vec<NetworkPolicy> =
        specs.iter().enumerate().map(|(at, spec)| policy(&format!("p{at}"), spec)).collect();
    let ours = labels(&[("app.kubernetes.io/name", "netbench")]);
    let namespace = labels(&[("kubernetes.io/metadata.name", "team-a")]);
    let networks = ["10.214.1.0/24".parse().unwrap(), "10.214.2.0/24".parse().unwrap()];
    let peer = Peer::Pod { labels: &ours, namespace: &namespace, networks: &networks };
    blocking(&policies.iter().collect::<Vec<_>>(), direction, &ours, peer, (5201, "TCP"))
}

fn lets_in(ingress: &Value) -> bool {
    blocked(Direction::Ingress, &[json!({"podSelector": {}, "ingress": [ingress]})]).is_empty()
}

#[test]
fn default_deny_blocks_its_directions_only() {
    let deny = json!({"podSelector": {}, "policyTypes": ["Ingress"]});
    assert_eq!(blocked(Direction::Ingress, std::slice::from_ref(&deny)), ["p0"]);
    assert!(blocked(Direction::Egress, &[deny]).is_empty());
    let old = json!({"podSelector": {}});
    assert_eq!(blocked(Direction::Ingress, std::slice::from_ref(&old)), ["p0"]);
    assert!(blocked(Direction::Egress, &[old]).is_empty());
    assert_eq!(blocked(Direction::Egress, &[json!({"podSelector": {}, "policyTypes": ["Egress"]})]), ["p0"]);
}

#[test]
fn policies_for_others_do_not_count_and_one_that_allows_is_enough() {
    let other = json!({"podSelector": {"matchLabels": {"app": "web"}}});
    assert!(blocked(Direction::Ingress, &[other]).is_empty());
    let deny = json!({"podSelector": {}});
    let allow = json!({"podSelector": {"matchLabels": {"app.kubernetes.io/name": "netbench"}},
        "ingress": [{"from": [{"podSelector": {}}]}]});
    assert!(blocked(Direction::Ingress, &[deny.clone(), allow]).is_empty());
    let other =
        json!({"podSelector": {}, "ingress": [{"from": [{"podSelector": {"matchLabels": {"a": "b"}}}]}]});
    assert_eq!(blocked(Direction::Ingress, &[deny, other]), ["p0, p1"]);
}

#[test]
fn peers_are_pods_namespaces_or_addresses() {
    assert!(lets_in(&json!({})));
    assert!(lets_in(&json!({"from": [{"podSelector": {}}]})));
    let name = |name: &str| json!({"matchLabels": {"kubernetes.io/metadata.name": name}});
    assert!(lets_in(&json!({"from": [{"namespaceSelector": name("team-a")}]})));
    assert!(!lets_in(&json!({"from": [{"namespaceSelector": name("team-b")}]})));
    assert!(!lets_in(
        &json!({"from": [{"namespaceSelector": name("team-a"), "podSelector": {"matchLabels": {"a": "b"}}}]})
    ));
    assert!(lets_in(&json!({"from": [{"ipBlock": {"cidr": "10.214.0.0/16"}}]})));
    assert!(!lets_in(&json!({"from": [{"ipBlock": {"cidr": "10.214.1.0/24"}}]})));
    assert!(!lets_in(&json!({"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.214.2.0/28"]}}]})));
}

#[test]
fn ports_are_numbers_ranges_or_all() {
    let port = |port: Value| lets_in(&json!({"ports": [port]}));
    assert!(port(json!({"port": 5201})) && port(json!({"protocol": "TCP"})));
    assert!(port(json!({"port": 5000, "endPort": 6000})));
    assert!(!port(json!({"port": 5201, "protocol": "UDP"})));
    assert!(!port(json!({"port": 80})) && !port(json!({"port": "iperf"})));
}

#[test]
fn an_address_is_only_in_blocks() {
    let node = Peer::Address("192.0.2.7".parse().unwrap());
    let blocked = |from: Value| {
        let policy = policy("p", &json!({"podSelector": {}, "ingress": [{"from": [from]}]}));
        !blocking(&[&policy], Direction::Ingress, &labels(&[]), node, (5201, "TCP")).is_empty()
    };
    assert!(blocked(json!({"podSelector": {}})));
    assert!(!blocked(json!({"ipBlock": {"cidr": "192.0.2.0/24"}})));
    assert!(blocked(json!({"ipBlock": {"cidr": "192.0.2.0/24", "except": ["192.0.2.7/32"]}})));
}

#[test]
fn cidr_ranges_contain_ranges_of_their_ip_family() {
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
