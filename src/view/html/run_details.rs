//! What was measured, where and how: title and section "Run details" of the page.

use std::time::Duration;

use crate::document::{Cluster, Command, Path, Run};
use crate::plan::format_duration;
use crate::quantity::plural;
use crate::view::text::format_time;

/// Names and values.
pub(super) type RunDetails = Vec<(&'static str, String)>;

/// Title of the page.
pub(super) fn title(run: &Run) -> String {
    let nodes = match run.nodes.as_slice() {
        [one] => one.name.to_string(),
        nodes => plural(nodes.len(), "node"),
    };
    match (run.external_server(), run.command, run.nodes.as_slice()) {
        (Some(to), _, _) => format!("Network benchmark from {nodes} to {to}"),
        (None, Command::Pair, [one, other]) => {
            format!("Network benchmark between {} and {}", one.name, other.name)
        }
        _ => format!("Network benchmark of {nodes}"),
    }
}

pub(super) fn run_details(run: &Run) -> RunDetails {
    let mut details = vec![("Run", run.id.clone())];
    details.extend(run.cluster.as_ref().map(|of| ("Cluster", cluster(of))));
    details.extend(run.server_cluster.as_ref().map(|of| ("Server cluster", cluster(of))));
    let took = run.finished_at.duration_since(run.started_at);
    let took = format_duration(Duration::try_from(took).unwrap_or_default());
    details.push(("Started", format!("{}, took {took}", format_time(run.started_at))));
    details.extend(run.resumed.clone().map(|id| ("Resumed from", id)));
    details.push(("Paths", routes(run)));
    details.push(("Options", options(run)));
    details.push(("Versions", versions(run)));
    details.extend(run.parameters.placement.image.clone().map(|image| ("Image", image)));
    details
}

fn cluster(cluster: &Cluster) -> String {
    match &cluster.context {
        Some(context) => format!("{context}, namespace {}", cluster.namespace),
        None => format!("namespace {}", cluster.namespace),
    }
}

/// Options that have a row of their own.
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
    let mut parts = vec![format!("netbench {}", versions.netbench)];
    parts.extend(versions.kubernetes.as_ref().map(|version| format!("Kubernetes {version}")));
    parts.extend(versions.engines.iter().map(|(engine, version)| format!("{} {version}", engine.name())));
    parts.join(", ")
}
