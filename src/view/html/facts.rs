//! The head of the page: what was measured, where and how.

use std::time::Duration;

use jiff::Timestamp;

use crate::document::{Command, EngineName, Protocol, Run, way_name};
use crate::plan::format_duration;

/// Names of facts, and what they are.
pub(super) type Facts = Vec<(&'static str, String)>;

/// What the page is about.
pub(super) fn title(run: &Run) -> String {
    let nodes = match run.nodes.as_slice() {
        [one] => one.name.clone(),
        nodes => format!("{} nodes", nodes.len()),
    };
    match (&run.parameters.to, run.command, run.nodes.as_slice()) {
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
    facts.push(("Each test", test(run)));
    facts.push(("Paths", paths(run)));
    facts.extend(options(run).map(|options| ("Options", options)));
    facts.push(("Versions", versions(run)));
    facts.extend(run.parameters.image.clone().map(|image| ("Image", image)));
    facts
}

/// A time as people read it, everywhere the same.
pub(super) fn time(timestamp: Timestamp) -> String {
    timestamp.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

fn test(run: &Run) -> String {
    let parameters = &run.parameters;
    let engine = if parameters.engine == EngineName::Iperf2 { "iperf 2" } else { "iperf3" };
    let protocol = if parameters.protocol == Protocol::Udp { "UDP" } else { "TCP" };
    let plural = |count: u32, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let mut words = vec![
        format!("{engine}, {protocol}"),
        format!("{} s", parameters.time_seconds),
        plural(parameters.parallel, "stream"),
        plural(parameters.repeat, "repetition"),
    ];
    words.extend(parameters.bidirectional.then(|| "both directions at once".to_owned()));
    words.extend(parameters.latency_time_seconds.map(|seconds| format!("latency for {seconds} s")));
    words.join(", ")
}

fn paths(run: &Run) -> String {
    let families: Vec<_> = match run.parameters.ip_families.as_slice() {
        [] => vec![None],
        families => families.iter().copied().map(Some).collect(),
    };
    let ways =
        run.parameters.paths.iter().flat_map(|path| families.iter().map(|family| way_name(*path, *family)));
    ways.collect::<Vec<_>>().join(", ")
}

/// What was asked for besides the usual; none if nothing was.
fn options(run: &Run) -> Option<String> {
    let parameters = &run.parameters;
    let mut words = Vec::new();
    words.extend(
        (parameters.omit_seconds > 0).then(|| format!("first {} s left out", parameters.omit_seconds)),
    );
    words.extend(parameters.target_bits_per_second.map(|rate| match rate {
        0 => "no limit of the rate".to_owned(),
        rate => format!("at {} Mbit/s", rate as f64 / 1e6),
    }));
    words.extend(parameters.length_bytes.map(|bytes| format!("writes of {bytes} bytes")));
    words.extend(parameters.mss_bytes.map(|bytes| format!("MSS {bytes} bytes")));
    words.extend(parameters.window_bytes.map(|bytes| format!("buffers of {bytes} bytes")));
    words.extend(parameters.congestion_control.clone());
    words.extend(parameters.dscp.map(|dscp| format!("DSCP {dscp}")));
    words.extend(parameters.concurrency.map(|most| format!("at most {most} tests at once")));
    words.extend((!parameters.client_arguments.is_empty()).then(|| parameters.client_arguments.join(" ")));
    (!words.is_empty()).then(|| words.join(", "))
}

fn versions(run: &Run) -> String {
    let versions = &run.versions;
    let mut words = vec![format!("netbench {}", versions.netbench)];
    words.extend(versions.kubernetes.as_ref().map(|version| format!("Kubernetes {version}")));
    words.extend(versions.iperf3.as_ref().map(|version| format!("iperf3 {version}")));
    words.join(", ")
}
