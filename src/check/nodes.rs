//! The nodes of the run, and their conditions.

use k8s_openapi::api::core::v1::Node;
use kube::ResourceExt;

use super::{ClusterSnapshot, Item, MAX_NAMES, Topic};
use crate::explanation::by_reason;
use crate::quantity::{join_first, plural};
use crate::testbed::kubernetes::{Chosen, Needs};

/// The conditions of a node on which the kubelet evicts pods.
const PRESSURES: [&str; 3] = ["MemoryPressure", "DiskPressure", "PIDPressure"];

pub(super) fn check(needs: &Needs, cluster: &ClusterSnapshot<'_>) -> Vec<Item> {
    let chosen = &cluster.choice.chosen;
    let mut items = Vec::new();
    if cluster.nodes.is_empty() && cluster.selection_error.is_none() {
        // the user cannot list nodes, which is reported as a missing permission
        return items;
    }
    if let Some(error) = cluster.selection_error {
        let why = error.cause.as_ref().map_or(String::new(), |why| format!(": {}", why.replace('\n', "; ")));
        let help = error.help.clone().unwrap_or_else(|| "`kubectl get nodes` lists the nodes".to_owned());
        items.push(Item::problem(Topic::Nodes, format!("{}{why}", error.error), help));
    } else {
        let names = join_first(chosen.iter().map(|chosen| chosen.node.name.name()), MAX_NAMES);
        items.push(Item::ok(Topic::Nodes, format!("{}: {names}", plural(chosen.len(), "node"))));
        items.extend(skipped_nodes(cluster));
    }
    for chosen in chosen {
        let node = cluster.nodes.iter().find(|node| chosen.node.name == *node.name_any());
        items.extend(node.and_then(|node| check_conditions(needs, chosen, node)));
    }
    items
}

/// The usable nodes that are not tested although none was named, one item per reason.
fn skipped_nodes(cluster: &ClusterSnapshot<'_>) -> Vec<Item> {
    let skipped = cluster.choice.skipped_nodes.iter();
    let by_reason = by_reason(skipped.map(|skipped| (skipped.reason.as_str(), skipped.name.as_str())));
    let item = |(reason, names): (&str, Vec<&str>)| {
        let found = format!("{} skipped: {reason}", join_first(&names, MAX_NAMES));
        let node = cluster.nodes.iter().find(|node| names.contains(&node.name_any().as_str()));
        if node.is_some_and(|node| !is_linux(node)) {
            Item::ok(Topic::Nodes, found)
        } else if node.is_some_and(|node| !has_condition(node, "Ready")) {
            let help = format!("kubectl describe node {}", names.join(" "));
            Item::warning(Topic::Nodes, found, help)
        } else {
            Item::ok(Topic::Nodes, format!("{found}; tested if named on the command line"))
        }
    };
    by_reason.into_iter().map(item).collect()
}

fn check_conditions(needs: &Needs, chosen: &Chosen, node: &Node) -> Option<Item> {
    let name = &chosen.node.name;
    if let Some(reason) = &chosen.unusable {
        let found = format!("{name} cannot be tested: {reason}");
        return Some(Item::problem(
            Topic::Nodes,
            found,
            format!("omit the node, or see `kubectl describe node {name}`"),
        ));
    }
    if has_condition(node, "NetworkUnavailable") {
        let found = format!("{name} has the condition NetworkUnavailable: its pod network is not configured");
        let help = format!(
            "check the pods of the network plugin: kubectl get pods -A --field-selector spec.nodeName={name}"
        );
        let only_host_network = needs.settings.routes.iter().all(|route| route.path.is_on_host_network());
        let item = if only_host_network { Item::warning } else { Item::problem };
        return Some(item(Topic::Nodes, found, help));
    }
    let pressures: Vec<&str> =
        PRESSURES.into_iter().filter(|pressure| has_condition(node, pressure)).collect();
    (!pressures.is_empty()).then(|| {
        let found = format!("{name} has the condition {}: its pods may be evicted", pressures.join(" and "));
        Item::warning(Topic::Nodes, found, "test other nodes, or free resources on this one")
    })
}

fn is_linux(node: &Node) -> bool {
    node.labels().get("kubernetes.io/os").is_none_or(|os| os == "linux")
}

fn has_condition(node: &Node, kind: &str) -> bool {
    let conditions = node.status.as_ref().and_then(|status| status.conditions.as_deref());
    let mut conditions = conditions.unwrap_or_default().iter();
    conditions.any(|condition| condition.type_ == kind && condition.status == "True")
}
