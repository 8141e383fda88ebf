//! Why two runs may not be alike: what differs beside the figures.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::document::{Node, Run};

/// Parameters that change how much is known, or where clients run, but not what a test shows.
const HARMLESS: [&str; 10] = [
    "repeat",
    "keep",
    "via",
    "port",
    "latencyPort",
    "labels",
    "annotations",
    "imagePullSecrets",
    "serviceAccount",
    "tolerations",
];

/// Each as a sentence without a full stop.
pub(super) fn differences(base: &Run, run: &Run) -> Vec<String> {
    let mut sentences = Vec::new();
    let context = |run: &Run| run.cluster.as_ref().and_then(|cluster| cluster.context.clone());
    if context(base) != context(run) {
        let name = |run: &Run| context(run).unwrap_or_else(|| "none".to_owned());
        sentences.push(changed("the context", &name(base), &name(run)));
    }
    sentences.extend(nodes_in_one(base, run));
    sentences.extend(parameters(base, run));
    for node in &run.nodes {
        if let Some(before) = base.nodes.iter().find(|before| before.name == node.name) {
            sentences.extend(node_changes(before, node));
        }
    }
    for (what, then, now) in [
        ("Kubernetes", &base.versions.kubernetes, &run.versions.kubernetes),
        ("iperf3", &base.versions.iperf3, &run.versions.iperf3),
    ] {
        if let (Some(then), Some(now)) = (then, now)
            && then != now
        {
            sentences.push(changed(what, then, now));
        }
    }
    sentences
}

fn changed(what: &str, then: &str, now: &str) -> String {
    format!("{what} was {then} and is {now}")
}

fn nodes_in_one(base: &Run, run: &Run) -> Vec<String> {
    let names = |run: &Run| run.nodes.iter().map(|node| node.name.clone()).collect::<BTreeSet<_>>();
    let (then, now) = (names(base), names(run));
    let told = |only: Vec<&String>, when: &str| {
        let names: Vec<&str> = only.into_iter().map(String::as_str).collect();
        (!names.is_empty()).then(|| format!("measured {when} only: {}", names.join(", ")))
    };
    let gone = told(then.difference(&now).collect(), "then");
    let new = told(now.difference(&then).collect(), "now");
    gone.into_iter().chain(new).collect()
}

fn parameters(base: &Run, run: &Run) -> Vec<String> {
    let (then, now) = (fields(base), fields(run));
    let names: BTreeSet<&String> = then.keys().chain(now.keys()).collect();
    let differ = |name: &&String| then.get(name.as_str()) != now.get(name.as_str());
    names
        .into_iter()
        .filter(differ)
        .filter(|name| !HARMLESS.contains(&name.as_str()))
        .map(|name| {
            let told = |fields: &Map<String, Value>| {
                fields.get(name.as_str()).map_or_else(|| "not given".to_owned(), written)
            };
            changed(name, &told(&then), &told(&now))
        })
        .collect()
}

/// The parameters by their names, those of pods among them. What a document cannot say is no
/// difference.
fn fields(run: &Run) -> Map<String, Value> {
    let Ok(Value::Object(mut fields)) = serde_json::to_value(&run.parameters) else {
        return Map::new();
    };
    if let Some(Value::Object(pods)) = fields.remove("pods") {
        fields.extend(pods);
    }
    fields
}

/// A parameter as flags write it.
fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(written).collect::<Vec<_>>().join(" "),
        Value::Object(pairs) => {
            let pair = |(name, value): (&String, &Value)| format!("{name}={}", written(value));
            pairs.iter().map(pair).collect::<Vec<_>>().join(",")
        }
        other => other.to_string(),
    }
}

/// What has changed of a node that may explain its figures.
fn node_changes(before: &Node, after: &Node) -> Vec<String> {
    let fields = [
        ("zone", &before.zone, &after.zone),
        ("instance type", &before.instance_type, &after.instance_type),
        ("kernel", &before.kernel, &after.kernel),
        ("operating system", &before.os_image, &after.os_image),
        ("kubelet", &before.kubelet, &after.kubelet),
        ("container runtime", &before.container_runtime, &after.container_runtime),
    ];
    let differ = fields.into_iter().filter_map(|(what, then, now)| {
        let (then, now) = (then.as_deref()?, now.as_deref()?);
        (then != now).then(|| changed(&format!("the {what} of {}", after.name), then, now))
    });
    differ.collect()
}
