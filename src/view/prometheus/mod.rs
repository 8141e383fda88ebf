//! Metrics in Prometheus' text format: one sample per pair, as of the run's end. Their units are the
//! base units of Prometheus: bytes, seconds, parts of one.

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

use super::View;
use crate::document::{Finding, FindingKind, Path, Run};

pub(super) struct Prometheus;

impl View for Prometheus {
    fn render(&self, run: &Run) -> String {
        encoded(run, Detail::Pairs, None)
    }
}

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Detail {
    /// Each path and its findings,
    Paths,
    /// each node,
    Nodes,
    /// and each pair.
    Pairs,
}

/// What a server of metrics knows beside the run.
#[derive(Debug, Clone, Copy)]
pub struct Served<'a> {
    /// The schedule whose run it is: a label of all samples.
    pub schedule: Option<&'a str>,
    /// Whether the place that runs come from has answered when it was last asked.
    pub is_up: bool,
    /// What time it is.
    pub now: Timestamp,
    /// The most samples.
    pub max_series: usize,
}

/// The metrics of a run as a server has them: of each pair if that makes no more samples than there may be,
/// otherwise of each node or, where these are too many, of each path only. What is told without a run is
/// that there is none.
pub fn served(run: Option<&Run>, served: Served<'_>) -> String {
    let Some(run) = run else {
        let mut registry = registry(served.schedule);
        about_server(None, served, &mut registry);
        return text(&registry);
    };
    // counted before they are written: of a large run there would be hundreds of megabytes
    let of_paths = encoded(run, Detail::Paths, Some(served));
    let findings = run.findings.iter().map(|finding| subjects(finding).len()).sum::<usize>();
    let of_nodes = samples(&of_paths) + nodes::samples(run) + findings;
    let fits = |samples: usize| samples <= served.max_series;
    if fits(of_nodes + pairs::samples(run)) {
        encoded(run, Detail::Pairs, Some(served))
    } else if fits(of_nodes) {
        encoded(run, Detail::Nodes, Some(served))
    } else {
        of_paths
    }
}

fn samples(text: &str) -> usize {
    text.lines().filter(|line| !line.starts_with('#')).count()
}

fn registry(schedule: Option<&str>) -> Registry {
    let label = |schedule: &str| ("schedule".into(), schedule.to_owned().into());
    Registry::with_prefix_and_labels("netbench", schedule.map(label).into_iter())
}

fn encoded(run: &Run, detail: Detail, served: Option<Served<'_>>) -> String {
    let mut registry = registry(served.and_then(|served| served.schedule));
    about(run, &mut registry);
    nodes::register_paths(run, &mut registry);
    if detail != Detail::Paths {
        nodes::register(run, &mut registry);
    }
    if detail == Detail::Pairs {
        pairs::register(run, &mut registry);
    }
    findings(run, detail, &mut registry);
    if let Some(served) = served {
        about_server(Some((run, detail)), served, &mut registry);
    }
    text(&registry)
}

fn text(registry: &Registry) -> String {
    let mut text = String::new();
    // it goes to memory: nothing can fail
    let _ = encode(&mut text, registry);
    in_order(&text)
}

/// Whether there is a run, how old it is, and whether its pairs are left out.
fn about_server(run: Option<(&Run, Detail)>, served: Served<'_>, registry: &mut Registry) {
    let one_if = |condition: bool| if condition { 1.0 } else { 0.0 };
    single(registry, "up", "Whether the place that runs come from has answered", one_if(served.is_up));
    single(registry, "run_available", "Whether there is a run to tell of", one_if(run.is_some()));
    if let Some((run, detail)) = run {
        let age = served.now.duration_since(run.finished_at).as_secs_f64();
        single(registry, "run_age_seconds", "How long ago the run ended", age.max(0.0));
        let left_out = "Whether pairs are left out, as they would be too many";
        single(registry, "pairs_left_out", left_out, one_if(detail != Detail::Pairs));
    }
}

/// A metric of one sample.
fn single(registry: &mut Registry, name: &str, help: &str, value: f64) {
    let gauge: Gauge<f64, AtomicU64> = Gauge::default();
    gauge.set(value);
    registry.register(name, help, gauge);
}

/// The samples of each metric in alphabetical order: a family has them in any, and two reports of one
/// run must not differ.
fn in_order(text: &str) -> String {
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

fn gauges<L>(registry: &mut Registry, name: &str, help: &str) -> Gauges<L>
where
    L: Clone + std::hash::Hash + Eq + EncodeLabelSet + std::fmt::Debug + Send + Sync + 'static,
{
    let family = Gauges::<L>::default();
    // the encoder ends the sentence
    registry.register(name, help, family.clone());
    family
}

/// The run itself.
fn about(run: &Run, registry: &mut Registry) {
    let labels = RunLabels {
        run: run.id.clone(),
        command: match run.command {
            crate::document::Command::Matrix => "matrix",
            crate::document::Command::Pair => "pair",
        },
        protocol: name(run.parameters.measurement.protocol),
        context: run.cluster.as_ref().and_then(|cluster| cluster.context.clone()).unwrap_or_default(),
        version: run.versions.netbench.clone(),
    };
    gauges(registry, "run_info", "The run that these figures are of; always 1")
        .get_or_create(&labels)
        .set(1.0);
    let ended = run.finished_at.as_millisecond() as f64 / 1e3;
    single(registry, "run_timestamp_seconds", "When the run ended, in seconds since 1970", ended);
    let tests = gauges(registry, "run_tests", "How many tests were measured, failed, or not made");
    let failed = run.tests.iter().filter(|test| !test.outcome.is_ok()).count();
    for (outcome, count) in [
        ("ok", run.tests.len() - failed),
        ("failed", failed),
        ("missing", run.planned_tests.saturating_sub(run.tests.len())),
    ] {
        tests.get_or_create(&OutcomeLabels { outcome }).set(count as f64);
    }
}

fn findings(run: &Run, detail: Detail, registry: &mut Registry) {
    let findings = gauges(registry, "findings", "What the diagnosis found, by kind");
    for kind in FindingKind::ALL {
        let count = run.findings.iter().filter(|finding| finding.kind == kind).count();
        findings.get_or_create(&KindLabels { kind: name(kind) }).set(count as f64);
    }
    if detail == Detail::Paths {
        return;
    }
    let each = gauges(
        registry,
        "finding_info",
        "A node, a pair or zones that something was found of; always 1, and without a path where it concerns all",
    );
    for finding in &run.findings {
        let (kind, path) = (name(finding.kind), finding.path.map_or("", Path::name));
        let confirmation = finding.confirmation.map(name).unwrap_or_default();
        for subject in subjects(finding) {
            let (kind, confirmation) = (kind.clone(), confirmation.clone());
            each.get_or_create(&FindingLabels { kind, subject, path, confirmation }).set(1.0);
        }
    }
}

/// What a finding is about, each by itself: those of a pair belong together.
fn subjects(finding: &Finding) -> Vec<String> {
    match finding.kind {
        FindingKind::SlowLink | FindingKind::SlowZones => vec![finding.subjects.join(" → ")],
        FindingKind::SlowPair => vec![finding.subjects.join(" ↔ ")],
        _ => finding.subjects.clone(),
    }
}

/// The name of a value that is one of a few, as documents have it.
fn name(value: impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|name| Some(name.as_str()?.to_owned())).unwrap_or_default()
}
