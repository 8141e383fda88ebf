//! The head of the page: what was measured, where and how.

use std::time::Duration;

use jiff::Timestamp;

use crate::document::{Command, Path, Run};
use crate::plan::format_duration;

/// Names of facts, and what they are.
pub(super) type Facts = Vec<(&'static str, String)>;

/// What the page is about.
pub(super) fn title(run: &Run) -> String {
    let nodes = match run.nodes.as_slice() {
        [one] => one.name.clone(),
        nodes => format!("{} nodes", nodes.len()),
    };
    match (run.parameters.external_server(), run.command, run.nodes.as_slice()) {
        (Some(to), _, _) => format!("Network from {nodes} to {to}"),
        (None, Command::Pair, [one, other]) => format!("Network between {} and {}", one.name, other.name),
        _ => format!("Network between {nodes}"),
    }
}

/// All that is known of a run besides its figures.
pub(super) fn facts(run: &Run) -> Facts {
    let mut facts = vec![("Run", run.id.clone())];
    let cluster = |cluster: &crate::document::Cluster| match &cluster.context {
        Some(context) => format!("{context}, namespace {}", cluster.namespace),
        None => format!("namespace {}", cluster.namespace),
    };
    facts.extend(run.cluster.as_ref().map(|of| ("Cluster", cluster(of))));
    facts.extend(run.server_cluster.as_ref().map(|of| ("Servers in", cluster(of))));
    let took = run.finished_at.duration_since(run.started_at);
    let took = format_duration(Duration::try_from(took).unwrap_or_default());
    facts.push(("Began", format!("{}, took {took}", time(run.started_at))));
    facts.extend(run.resumed.clone().map(|id| ("Resumed from", id)));
    facts.push(("Paths", routes(run)));
    facts.push(("Options", options(run)));
    facts.push(("Versions", versions(run)));
    facts.extend(run.parameters.placement.image.clone().map(|image| ("Image", image)));
    facts
}

/// A time as people read it, everywhere the same.
pub(super) fn time(timestamp: Timestamp) -> String {
    timestamp.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// Options that have a row of their own, or are part of one.
const SHOWN_ELSEWHERE: [&str; 4] = ["path", "ip-family", "to", "image"];

/// The options of the run, apart from those with a row of their own.
fn options(run: &Run) -> String {
    let values = run.parameters.values().into_iter();
    let values = values.filter(|option| !SHOWN_ELSEWHERE.contains(&option.flag));
    let values = values.filter_map(|option| Some(format!("{} {}", option.label, option.value?)));
    values.collect::<Vec<_>>().join(", ")
}

fn routes(run: &Run) -> String {
    let routes = run.parameters.placement.routes(Path::Pod);
    routes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn versions(run: &Run) -> String {
    let versions = &run.versions;
    let mut words = vec![format!("netbench {}", versions.netbench)];
    words.extend(versions.kubernetes.as_ref().map(|version| format!("Kubernetes {version}")));
    words.extend(versions.engines.iter().map(|(engine, version)| format!("{} {version}", engine.name())));
    words.join(", ")
}
