//! What was measured, where and how: title and section "Run details" of the page.

use std::time::Duration;

use crate::document::{Cluster, Command, EngineName, Run, way_name};
use crate::plan::format_duration;
use crate::view::labels::protocol_name;
use crate::view::text::{format_time, plural};

/// Names and values.
pub(super) type RunDetails = Vec<(&'static str, String)>;

/// Title of the page.
pub(super) fn title(run: &Run) -> String {
    let nodes = match run.nodes.as_slice() {
        [one] => one.name.clone(),
        nodes => plural(nodes.len(), "node"),
    };
    match (&run.parameters.to, run.command, run.nodes.as_slice()) {
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
    details.push(("Test", test(run)));
    details.push(("Paths", paths(run)));
    details.extend(options(run).map(|options| ("Options", options)));
    details.push(("Versions", versions(run)));
    details.extend(run.parameters.image.clone().map(|image| ("Image", image)));
    details
}

fn cluster(cluster: &Cluster) -> String {
    match &cluster.context {
        Some(context) => format!("{context}, namespace {}", cluster.namespace),
        None => format!("namespace {}", cluster.namespace),
    }
}

fn test(run: &Run) -> String {
    let parameters = &run.parameters;
    let engine = if parameters.engine == EngineName::Iperf2 { "iperf 2" } else { "iperf3" };
    let mut parts = vec![
        format!("{engine}, {}", protocol_name(parameters.protocol)),
        format!("{} s", parameters.time_seconds),
        plural(parameters.parallel as usize, "stream"),
        plural(parameters.repeat as usize, "repetition"),
    ];
    parts.extend(parameters.bidirectional.then(|| "bidirectional".to_owned()));
    parts.extend(parameters.latency_time_seconds.map(|seconds| format!("latency {seconds} s")));
    parts.join(", ")
}

fn paths(run: &Run) -> String {
    let families: Vec<_> = match run.parameters.ip_families.as_slice() {
        [] => vec![None],
        families => families.iter().copied().map(Some).collect(),
    };
    let routes =
        run.parameters.paths.iter().flat_map(|path| families.iter().map(|family| way_name(*path, *family)));
    routes.collect::<Vec<_>>().join(", ")
}

/// Parameters that differ from the defaults; `None` if there are none.
fn options(run: &Run) -> Option<String> {
    let parameters = &run.parameters;
    let mut parts = Vec::new();
    parts.extend(
        (parameters.omit_seconds > 0).then(|| format!("first {} s omitted", parameters.omit_seconds)),
    );
    parts.extend(parameters.target_bits_per_second.map(|rate| match rate {
        0 => "unlimited bitrate".to_owned(),
        rate => format!("bitrate {} Mbit/s", rate as f64 / 1e6),
    }));
    parts.extend(parameters.length_bytes.map(|bytes| format!("length {bytes} bytes")));
    parts.extend(parameters.mss_bytes.map(|bytes| format!("MSS {bytes} bytes")));
    parts.extend(parameters.window_bytes.map(|bytes| format!("window {bytes} bytes")));
    parts.extend(parameters.congestion_control.as_ref().map(|name| format!("congestion control {name}")));
    parts.extend(parameters.dscp.map(|dscp| format!("DSCP {dscp}")));
    parts.extend(parameters.concurrency.map(|most| format!("at most {}", plural(most, "concurrent test"))));
    parts.extend((!parameters.client_arguments.is_empty()).then(|| parameters.client_arguments.join(" ")));
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn versions(run: &Run) -> String {
    let versions = &run.versions;
    let mut parts = vec![format!("netbench {}", versions.netbench)];
    parts.extend(versions.kubernetes.as_ref().map(|version| format!("Kubernetes {version}")));
    parts.extend(versions.iperf3.as_ref().map(|version| format!("iperf3 {version}")));
    parts.join(", ")
}
