//! Which nodes are measured, and in what state they are.

use k8s_openapi::api::core::v1::Node;
use kube::ResourceExt;

use super::{Item, Seen, Topic, count, names};
use crate::explanation::by_reason;
use crate::testbed::kubernetes::{Chosen, Needs};

/// What a node has too little of, in the words of its conditions.
const PRESSURES: [(&str, &str); 3] =
    [("MemoryPressure", "memory"), ("DiskPressure", "disk space"), ("PIDPressure", "process ids")];

pub(super) fn items(needs: &Needs, seen: &Seen<'_>) -> Vec<Item> {
    let chosen = &seen.choice.chosen;
    let mut items = Vec::new();
    if seen.nodes.is_empty() && seen.refused.is_none() {
        // this user may not list them, which is told as a right that is missing
        return items;
    }
    if let Some(refused) = seen.refused {
        let why =
            refused.cause.as_ref().map_or(String::new(), |why| format!(": {}", why.replace('\n', "; ")));
        let remedy = refused.help.clone().unwrap_or_else(|| "`kubectl get nodes` lists them".to_owned());
        items.push(Item::problem(Topic::Nodes, format!("{}{why}", refused.error), remedy));
    } else {
        let named = names(chosen.iter().map(|chosen| chosen.node.name.as_str()));
        items.push(Item::ok(Topic::Nodes, format!("{}: {named}", count(chosen.len(), "node"))));
    }
    items.extend(left_out(seen));
    for chosen in chosen {
        let node = seen.nodes.iter().find(|node| node.name_any() == chosen.node.name);
        items.extend(node.and_then(|node| state(needs, chosen, node)));
    }
    items
}

/// The nodes that were not asked for by name and are not measured, together if for one reason.
fn left_out(seen: &Seen<'_>) -> Vec<Item> {
    // the refusal has named them
    if seen.refused.is_some() {
        return Vec::new();
    }
    let left_out = &seen.choice.left_out;
    let by_reason = by_reason(left_out.iter().map(|left_out| (left_out.reason.as_str(), &left_out.name)));
    let item = |(reason, nodes): (&str, Vec<&String>)| {
        let found = format!("{} left out: {reason}", names(nodes.iter().map(|name| name.as_str())));
        if reason.starts_with("not ready") {
            let names: Vec<&str> = nodes.iter().map(|name| name.as_str()).collect();
            let remedy = format!("see `kubectl describe node {}` for what it lacks", names.join(" "));
            Item::warning(Topic::Nodes, found, remedy)
        } else if reason.starts_with("runs ") {
            Item::ok(Topic::Nodes, found)
        } else {
            Item::ok(Topic::Nodes, format!("{found}; measured if named on the command line"))
        }
    };
    by_reason.into_iter().map(item).collect()
}

fn state(needs: &Needs, chosen: &Chosen, node: &Node) -> Option<Item> {
    let name = &chosen.node.name;
    if let Some(reason) = &chosen.unusable {
        let found = format!("{name} cannot be measured: {reason}");
        return Some(Item::problem(Topic::Nodes, found, "leave it out, or put it right first"));
    }
    let conditions = node.status.as_ref().and_then(|status| status.conditions.as_deref());
    let has = |kind: &str| {
        let mut conditions = conditions.unwrap_or_default().iter();
        conditions.any(|condition| condition.type_ == kind && condition.status == "True")
    };
    if has("NetworkUnavailable") {
        let found = format!("the network of {name} is not set up");
        let remedy = "see whether the pods of the network plugin run on it";
        let only_host = needs.settings.ways.iter().all(|way| way.path.is_on_host_network());
        let item = if only_host { Item::warning } else { Item::problem };
        return Some(item(Topic::Nodes, found, remedy));
    }
    let short: Vec<&str> =
        PRESSURES.iter().filter(|(kind, _)| has(kind)).map(|(_, resource)| *resource).collect();
    (!short.is_empty()).then(|| {
        let found = format!("{name} is short of {}: its pods may be evicted", short.join(" and "));
        Item::warning(Topic::Nodes, found, "measure other nodes, or free some of it first")
    })
}
