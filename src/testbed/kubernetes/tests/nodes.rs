//! The selection of nodes.

use k8s_openapi::api::core::v1::{Node, Taint, Toleration};
use serde_json::json;

use crate::testbed::kubernetes::nodes::{SelectionError, UNSCHEDULABLE, Wanted, choose};

fn node(name: &str, change: &serde_json::Value) -> Node {
    let mut node: serde_json::Value =
        serde_json::from_str(include_str!("../../../../tests/fixtures/kubernetes/node.json")).unwrap();
    node["metadata"]["name"] = json!(name);
    node["spec"] = json!({});
    for (key, value) in change.as_object().unwrap() {
        *node.pointer_mut(key).unwrap() = value.clone();
    }
    serde_json::from_value(node).unwrap()
}

fn cluster() -> Vec<Node> {
    vec![
        node("node-1", &json!({})),
        node("node-2", &json!({})),
        node("cordoned", &json!({"/spec": {"unschedulable": true}})),
        node(
            "tainted",
            &json!({"/spec": {"taints": [
                {"key": "gpu", "value": "a100", "effect": "NoSchedule"},
                {"key": "soft", "effect": "PreferNoSchedule"},
            ]}}),
        ),
        node(
            "dead",
            &json!({"/status/conditions": [
                {"type": "Ready", "status": "Unknown", "message": "Kubelet stopped posting node status."},
            ]}),
        ),
        node("windows", &json!({"/metadata/labels": {"kubernetes.io/os": "windows"}})),
    ]
}

fn usable(tolerated: &[Toleration]) -> Wanted {
    Wanted::Usable { tolerated: tolerated.to_vec() }
}

fn named(names: &[&str]) -> Wanted {
    Wanted::Named(names.iter().map(ToString::to_string).collect())
}

#[test]
fn unusable_nodes_are_skipped_with_reasons() {
    let choice = choose(&cluster(), &usable(&[]), 2).unwrap();
    let names: Vec<&str> = choice.chosen.iter().map(|chosen| chosen.node.name.name()).collect();
    assert_eq!(names, ["node-1", "node-2"]);
    let reasons: Vec<String> =
        choice.skipped_nodes.iter().map(|skipped| format!("{}: {}", skipped.name, skipped.reason)).collect();
    assert_eq!(
        reasons,
        [
            "cordoned: cordoned",
            "tainted: untolerated taint gpu=a100:NoSchedule",
            "dead: not ready: Kubelet stopped posting node status",
            "windows: runs windows; only Linux nodes can be measured",
        ]
    );
}

#[test]
fn tolerated_taint_does_not_exclude_a_node() {
    let toleration = |value: Option<&str>, effect: &str| Toleration {
        key: Some("gpu".to_owned()),
        operator: Some(if value.is_some() { "Equal" } else { "Exists" }.to_owned()),
        value: value.map(str::to_owned),
        effect: Some(effect.to_owned()),
        ..Toleration::default()
    };
    let is_selected = |toleration: Toleration| {
        let choice = choose(&cluster(), &usable(&[toleration]), 2).unwrap();
        choice.chosen.iter().any(|chosen| chosen.node.name == "tainted")
    };
    assert!(is_selected(toleration(None, "NoSchedule")));
    assert!(is_selected(toleration(Some("a100"), "NoSchedule")));
    assert!(!is_selected(toleration(Some("h100"), "NoSchedule")));
    assert!(!is_selected(toleration(None, "NoExecute")));
}

#[test]
fn named_nodes_are_selected_and_exactly_their_taints_are_tolerated() {
    let choice = choose(&cluster(), &named(&["tainted", "cordoned", "node-1"]), 2).unwrap();
    let tolerated: Vec<Vec<&str>> = choice
        .chosen
        .iter()
        .map(|chosen| chosen.tolerations.iter().filter_map(|toleration| toleration.key.as_deref()).collect())
        .collect();
    assert_eq!(tolerated, [vec!["gpu"], vec![UNSCHEDULABLE], vec![]]);
    assert!(choice.chosen.iter().all(|chosen| chosen.unusable.is_none()));
}

#[test]
fn named_node_that_is_not_ready_is_unusable() {
    let choice = choose(&cluster(), &named(&["node-1", "node-2", "dead"]), 2).unwrap();
    assert!(choice.chosen[2].unusable.as_deref().unwrap().starts_with("not ready"));
}

#[test]
fn named_nodes_keep_their_order_and_repeated_names_count_once() {
    let choice = choose(&cluster(), &named(&["node-2", "node-1", "node-2"]), 2).unwrap();
    let names: Vec<&str> = choice.chosen.iter().map(|chosen| chosen.node.name.name()).collect();
    assert_eq!(names, ["node-2", "node-1"]);
}

#[test]
fn unknown_name_suggests_the_nearest() {
    let error = choose(&cluster(), &named(&["node-1", "nod-2"]), 2).unwrap_err();
    assert_eq!(error.explain().help.as_deref(), Some("did you mean `node-2`?"));
    let error = choose(&cluster(), &named(&["node-1", "xyz"]), 2).unwrap_err();
    assert!(matches!(error, SelectionError::Unknown { nearest: None, .. }));
}

#[test]
fn too_few_nodes_lists_the_skipped_ones() {
    let few = &cluster()[1..4];
    let error = choose(few, &usable(&[]), 2).unwrap_err();
    let why = error.explain().cause.unwrap();
    assert_eq!(why, "node-2: usable\ncordoned: cordoned\ntainted: untolerated taint gpu=a100:NoSchedule");
    assert!(matches!(choose(&cluster(), &named(&["node-1", "node-1"]), 2), Err(SelectionError::Same { .. })));
}

#[test]
fn control_characters_in_node_data_are_removed() {
    let mut hostile = cluster()[0].clone();
    let evil = "a\u{1b}[2J\u{202e}\nb".to_owned();
    hostile.metadata.name = Some(evil.clone());
    hostile
        .metadata
        .labels
        .get_or_insert_default()
        .insert("topology.kubernetes.io/zone".to_owned(), evil.clone());
    let taint = Taint { key: evil, effect: "NoSchedule".to_owned(), ..Taint::default() };
    let tainted = |taints: &[Taint]| {
        let mut node = hostile.clone();
        node.spec.get_or_insert_default().taints = Some(taints.to_vec());
        node
    };
    let nodes = [tainted(&[]), tainted(&[taint])];
    let choice = choose(&nodes, &usable(&[]), 1).unwrap();
    let text = format!("{:?}{:?}", choice.chosen[0].node, choice.skipped_nodes);
    assert!(text.contains("a [2J  b") && !text.contains("\\u{") && !text.contains("\\n"), "{text}");
}
