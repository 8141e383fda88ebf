//! What differs between two runs besides their results, and may explain a change.

use std::collections::BTreeSet;

use crate::document::{Node, NodeId, Run};

/// The differences in context, nodes, parameters and versions, one line each: `kernel of a: 6.12.1, was
/// 6.1.0`.
pub(super) fn differences(base: &Run, run: &Run) -> Vec<String> {
    let mut lines = Vec::new();
    let context = |run: &Run| run.cluster.as_ref().and_then(|cluster| cluster.context.clone());
    if context(base) != context(run) {
        let name = |run: &Run| context(run).unwrap_or_else(|| "none".to_owned());
        lines.push(describe_change("context", &name(base), &name(run)));
    }
    lines.extend(node_set_differences(base, run));
    lines.extend(option_differences(base, run));
    for node in &run.nodes {
        if let Some(before) = base.nodes.iter().find(|before| before.name == node.name) {
            lines.extend(node_differences(before, node));
        }
    }
    if let (Some(base), Some(new)) = (&base.versions.kubernetes, &run.versions.kubernetes)
        && base != new
    {
        lines.push(describe_change("Kubernetes", base, new));
    }
    for (engine, new) in run.versions.engines.iter() {
        if let Some(base) = base.versions.engines.get(engine).filter(|base| *base != new) {
            lines.push(describe_change(engine.name(), base, new));
        }
    }
    lines
}

fn describe_change(label: &str, base: &str, new: &str) -> String {
    format!("{label}: {new}, was {base}")
}

/// The options that differ and affect figures.
fn option_differences(base: &Run, run: &Run) -> Vec<String> {
    let pairs = base.parameters.values().into_iter().zip(run.parameters.values());
    let differing = pairs.filter(|(base, new)| new.affects_figures && base.value != new.value);
    let text = |value: Option<String>| value.unwrap_or_else(|| "not set".to_owned());
    differing.map(|(base, new)| describe_change(new.label, &text(base.value), &text(new.value))).collect()
}

/// The nodes that only one of the runs measured.
fn node_set_differences(base: &Run, run: &Run) -> Vec<String> {
    let names = |run: &Run| run.nodes.iter().map(|node| node.name).collect::<BTreeSet<_>>();
    let (base, new) = (names(base), names(run));
    let describe = |nodes: Vec<&NodeId>, run: &str| {
        let names: Vec<&str> = nodes.into_iter().map(|node| node.name()).collect();
        (!names.is_empty()).then(|| format!("nodes only in {run}: {}", names.join(", ")))
    };
    let removed = describe(base.difference(&new).collect(), "the baseline");
    let added = describe(new.difference(&base).collect(), "this run");
    removed.into_iter().chain(added).collect()
}

/// Changes of a node that may explain its results. What a run did not record is not compared.
fn node_differences(before: &Node, after: &Node) -> Vec<String> {
    let fields = [
        ("zone", &before.zone, &after.zone),
        ("instance type", &before.instance_type, &after.instance_type),
        ("kernel", &before.kernel, &after.kernel),
        ("operating system", &before.os_image, &after.os_image),
        ("kubelet", &before.kubelet, &after.kubelet),
        ("container runtime", &before.container_runtime, &after.container_runtime),
    ];
    let changed = fields.into_iter().filter_map(|(label, base, new)| {
        let (base, new) = (base.as_deref()?, new.as_deref()?);
        (base != new).then(|| describe_change(&format!("{label} of {}", after.name), base, new))
    });
    changed.collect()
}
