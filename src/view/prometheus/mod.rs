//! Metrics in the Prometheus text format, as of the end of a run. Units are the base units of
//! Prometheus: bytes, seconds, ratios.

mod nodes;
mod pairs;

use std::sync::atomic::AtomicU64;

use jiff::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use serde::Serialize;

use super::labels::command_name;
use crate::document::{Finding, FindingKind, Run};

/// The media type of metrics in the text format.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// All metrics of a run, for a file or a push.
pub(super) fn render(run: &Run) -> String {
    encode_run(run, Detail::Pairs, None)
}

/// Which metrics are included; each level includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Detail {
    /// Per path, and the number of findings.
    Paths,
    /// Per node, and each finding.
    Nodes,
    /// Per pair.
    Pairs,
}

/// State of the exporter besides the run it serves.
#[derive(Debug, Clone, Copy)]
pub struct Served<'a> {
    /// The schedule that the run belongs to; becomes a label of all samples.
    pub schedule: Option<&'a str>,
    /// Whether the source of runs responded to the last query.
    pub is_up: bool,
    /// The current time.
    pub now: Timestamp,
    /// Maximum number of samples.
    pub max_series: usize,
}

/// Metrics of a run as the exporter serves them. Metrics per pair, then those per node, are omitted if
/// they would exceed the maximum number of samples. Without a run, only the state of the exporter is
/// included.
pub fn served(run: Option<&Run>, served: Served<'_>) -> String {
    let Some(run) = run else {
        let mut registry = new_registry(served.schedule);
        register_exporter(None, served, &mut registry);
        return encode_registry(&registry);
    };
    // samples are counted before they are encoded: a large run would take hundreds of megabytes
    let path_metrics = encode_run(run, Detail::Paths, Some(served));
    let findings = run.findings.iter().map(|finding| subjects(finding).len()).sum::<usize>();
    let with_nodes = count_samples(&path_metrics) + nodes::max_samples(run) + findings;
    let fits = |samples: usize| samples <= served.max_series;
    if fits(with_nodes + pairs::count_samples(run)) {
        encode_run(run, Detail::Pairs, Some(served))
    } else if fits(with_nodes) {
        encode_run(run, Detail::Nodes, Some(served))
    } else {
        path_metrics
    }
}

fn count_samples(text: &str) -> usize {
    text.lines().filter(|line| !line.starts_with('#')).count()
}

fn new_registry(schedule: Option<&str>) -> Registry {
    let label = |schedule: &str| ("schedule".into(), schedule.to_owned().into());
    Registry::with_prefix_and_labels("netbench", schedule.map(label).into_iter())
}

fn encode_run(run: &Run, detail: Detail, served: Option<Served<'_>>) -> String {
    let mut registry = new_registry(served.and_then(|served| served.schedule));
    register_run(run, &mut registry);
    nodes::register_paths(run, &mut registry);
    if detail != Detail::Paths {
        nodes::register(run, &mut registry);
    }
    if detail == Detail::Pairs {
        pairs::register(run, &mut registry);
    }
    register_findings(run, detail, &mut registry);
    if let Some(served) = served {
        register_exporter(Some((run, detail)), served, &mut registry);
    }
    encode_registry(&registry)
}

fn encode_registry(registry: &Registry) -> String {
    let mut text = String::new();
    // the writer is in memory, so this cannot fail
    let _ = encode(&mut text, registry);
    sort_samples(&text)
}

fn register_exporter(run: Option<(&Run, Detail)>, served: Served<'_>, registry: &mut Registry) {
    let one_if = |condition: bool| if condition { 1.0 } else { 0.0 };
    register_value(registry, "up", "Whether the source of runs responded", one_if(served.is_up));
    register_value(registry, "run_available", "Whether there is a run to export", one_if(run.is_some()));
    if let Some((run, detail)) = run {
        let age = served.now.duration_since(run.finished_at).as_secs_f64();
        register_value(registry, "run_age_seconds", "Time since the end of the run", age.max(0.0));
        let help = "Whether metrics per pair are omitted because they exceed the maximum number of series";
        register_value(registry, "pairs_left_out", help, one_if(detail != Detail::Pairs));
    }
}

/// Registers a metric with a single sample.
fn register_value(registry: &mut Registry, name: &str, help: &str, value: f64) {
    let gauge: Gauge<f64, AtomicU64> = Gauge::default();
    gauge.set(value);
    registry.register(name, help, gauge);
}

/// Sorts the samples of each metric: a family has them in random order, but reports of the same run
/// must be identical.
fn sort_samples(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let is_comment = |line: &str| line.starts_with('#');
    let blocks = lines.chunk_by(|one, other| is_comment(one) == is_comment(other));
    let sorted = blocks.flat_map(|block| {
        let mut block = block.to_vec();
        if !is_comment(block[0]) {
            block.sort_unstable();
        }
        block
    });
    sorted.flat_map(|line| [line, "\n"]).collect()
}

type Gauges<L> = Family<L, Gauge<f64, AtomicU64>>;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RunLabels {
    run: String,
    command: &'static str,
    protocol: String,
    context: String,
    version: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    kind: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FindingLabels {
    kind: String,
    subject: String,
    path: &'static str,
    confirmation: String,
}

/// Registers an empty family. The encoder adds a full stop to `help`.
fn gauges<L>(registry: &mut Registry, name: &str, help: &str) -> Gauges<L>
where
    L: Clone + std::hash::Hash + Eq + EncodeLabelSet + std::fmt::Debug + Send + Sync + 'static,
{
    let family = Gauges::<L>::default();
    registry.register(name, help, family.clone());
    family
}

fn register_run(run: &Run, registry: &mut Registry) {
    let labels = RunLabels {
        run: run.id.clone(),
        command: command_name(run.command),
        protocol: serialized_name(run.parameters.measurement.protocol),
        context: run.cluster.as_ref().and_then(|cluster| cluster.context.clone()).unwrap_or_default(),
        version: run.versions.netbench.clone(),
    };
    gauges(registry, "run_info", "The run that the metrics belong to; always 1")
        .get_or_create(&labels)
        .set(1.0);
    let ended = run.finished_at.as_millisecond() as f64 / 1e3;
    register_value(registry, "run_timestamp_seconds", "End of the run as a Unix timestamp", ended);
    let tests =
        gauges(registry, "run_tests", "Number of tests by outcome; missing tests were planned but not run");
    let failed = run.tests.iter().filter(|test| !test.outcome.is_ok()).count();
    for (outcome, count) in [
        ("ok", run.tests.len() - failed),
        ("failed", failed),
        ("missing", run.planned_tests.saturating_sub(run.tests.len())),
    ] {
        tests.get_or_create(&OutcomeLabels { outcome }).set(count as f64);
    }
}

fn register_findings(run: &Run, detail: Detail, registry: &mut Registry) {
    let findings = gauges(registry, "findings", "Number of findings by kind");
    for kind in FindingKind::ALL {
        let count = run.findings.iter().filter(|finding| finding.kind == kind).count();
        findings.get_or_create(&KindLabels { kind: serialized_name(kind) }).set(count as f64);
    }
    if detail == Detail::Paths {
        return;
    }
    let info = gauges(
        registry,
        "finding_info",
        "Finding about a node, a pair or zones; always 1, path is empty if it concerns all paths",
    );
    for finding in &run.findings {
        let (kind, path) =
            (serialized_name(finding.kind), finding.route.map_or("", |route| route.path.name()));
        let confirmation = finding.confirmation.map(serialized_name).unwrap_or_default();
        for subject in subjects(finding) {
            let (kind, confirmation) = (kind.clone(), confirmation.clone());
            info.get_or_create(&FindingLabels { kind, subject, path, confirmation }).set(1.0);
        }
    }
}

/// One value per sample: both ends of a pair form one subject.
fn subjects(finding: &Finding) -> Vec<String> {
    match finding.kind {
        FindingKind::SlowLink | FindingKind::SlowZones => vec![finding.subjects.join(" → ")],
        FindingKind::SlowPair => vec![finding.subjects.join(" ↔ ")],
        _ => finding.subjects.clone(),
    }
}

/// Name of an enum variant in the run document.
fn serialized_name(variant: impl Serialize) -> String {
    serde_json::to_value(variant).ok().and_then(|name| Some(name.as_str()?.to_owned())).unwrap_or_default()
}
