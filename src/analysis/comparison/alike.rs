//! Why two runs may not be alike: what differs beside the figures.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::document::{Node, Run};

/// Parameters that change how much is known, or where clients run, but not what a test shows.
const HARMLESS: [&str; 5] = ["repeat", "keep", "via", "port", "latencyPort"];

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
    // what a document cannot say is no difference
    let fields = |run: &Run| serde_json::to_value(&run.parameters).unwrap_or(Value::Null);
    let (then, now) = (fields(base), fields(run));
    let names: BTreeSet<&String> =
        [&then, &now].into_iter().filter_map(Value::as_object).flat_map(|fields| fields.keys()).collect();
    let differ = |name: &&String| then.get(name.as_str()) != now.get(name.as_str());
    names
        .into_iter()
        .filter(differ)
        .filter(|name| !HARMLESS.contains(&name.as_str()))
        .map(|name| {
            let written = |fields: &Value| match fields.get(name.as_str()) {
                None => "not given".to_owned(),
                Some(Value::String(text)) => text.clone(),
                Some(Value::Array(values)) => {
                    let plain =
                        |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    values.iter().map(plain).collect::<Vec<_>>().join(" ")
                }
                Some(value) => value.to_string(),
            };
            changed(name, &written(&then), &written(&now))
        })
        .collect()
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
