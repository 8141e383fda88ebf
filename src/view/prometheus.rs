//! Metrics in Prometheus' text format: one sample per pair, as of the run's end. Their units are the
//! base units of Prometheus: bytes, seconds, parts of one.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::View;
use super::words::family_label;
use crate::document::{FindingKind, IpFamily, Path, Run};

pub(super) struct Prometheus;

impl View for Prometheus {
    fn render(&self, run: &Run) -> String {
        let mut registry = Registry::with_prefix("netbench");
        about(run, &mut registry);
        throughput(run, &mut registry);
        latency(run, &mut registry);
        findings(run, &mut registry);
        let mut text = String::new();
        // it goes to memory: nothing can fail
        let _ = encode(&mut text, &registry);
        in_order(&text)
    }
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
struct PairLabels {
    sender: String,
    receiver: String,
    path: &'static str,
    ip_family: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct QuantileLabels {
    client: String,
    server: String,
    path: &'static str,
    ip_family: &'static str,
    quantile: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RunLabels {
    run: String,
    command: &'static str,
    context: String,
    version: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FindingLabels {
    kind: String,
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
        context: run.cluster.as_ref().and_then(|cluster| cluster.context.clone()).unwrap_or_default(),
        version: run.versions.netbench.clone(),
    };
    gauges(registry, "run_info", "The run that these figures are of; always 1")
        .get_or_create(&labels)
        .set(1.0);
    let timestamp: Gauge<f64, AtomicU64> = Gauge::default();
    timestamp.set(run.finished_at.as_millisecond() as f64 / 1e3);
    registry.register("run_timestamp_seconds", "When the run ended, in seconds since 1970", timestamp);
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

fn throughput(run: &Run, registry: &mut Registry) {
    let rate = gauges(
        registry,
        "throughput_bytes_per_second",
        "Mean throughput at the receiver; none if all tests of the pair failed",
    );
    let failed = gauges(registry, "failed_tests", "Throughput tests of the pair that failed");
    let retransmits = gauges(registry, "retransmits", "Mean number of TCP segments sent again in a test");
    let time = gauges(registry, "round_trip_time_seconds", "Mean round-trip time of TCP under load");
    let sender_cpu = gauges(registry, "sender_cpu_ratio", "Processors that the sender kept busy");
    let receiver_cpu = gauges(registry, "receiver_cpu_ratio", "Processors that the receiver kept busy");
    let lost = gauges(registry, "lost_ratio", "Datagrams that never came");
    let jitter = gauges(registry, "jitter_seconds", "Jitter of datagrams");
    for summary in &run.summary.throughput {
        for pair in &summary.pairs {
            let labels = pair_labels(&pair.sender, &pair.receiver, summary.path, summary.ip_family);
            failed.get_or_create(&labels).set(pair.failed as f64);
            for (gauges, value) in [
                (&rate, pair.mean_bits_per_second.map(|bits| bits / 8.0)),
                (&retransmits, pair.mean_retransmits),
                (&time, pair.mean_round_trip_time_microseconds.map(|time| time / 1e6)),
                (&sender_cpu, pair.mean_sender_cpu_percent.map(|percent| percent / 100.0)),
                (&receiver_cpu, pair.mean_receiver_cpu_percent.map(|percent| percent / 100.0)),
                (&lost, pair.mean_lost_percent.map(|percent| percent / 100.0)),
                (&jitter, pair.mean_jitter_microseconds.map(|time| time / 1e6)),
            ] {
                // what was not measured has no sample: it is neither zero nor NaN
                if let Some(value) = value {
                    gauges.get_or_create(&labels).set(value);
                }
            }
        }
    }
}

fn latency(run: &Run, registry: &mut Registry) {
    let mean = gauges(registry, "latency_seconds", "Mean time of an answer without load");
    let quantiles =
        gauges(registry, "latency_quantile_seconds", "Quantiles of the time of an answer without load");
    for summary in &run.summary.latency {
        for pair in &summary.pairs {
            if let Some(value) = pair.mean_microseconds {
                let labels = pair_labels(&pair.client, &pair.server, summary.path, summary.ip_family);
                mean.get_or_create(&labels).set(value / 1e6);
            }
            for (quantile, value) in [
                ("0.5", pair.p50_microseconds),
                ("0.95", pair.p95_microseconds),
                ("0.99", pair.p99_microseconds),
            ] {
                let Some(value) = value else { continue };
                let labels = QuantileLabels {
                    client: pair.client.clone(),
                    server: pair.server.clone(),
                    path: summary.path.name(),
                    ip_family: family_label(summary.ip_family),
                    quantile,
                };
                quantiles.get_or_create(&labels).set(value / 1e6);
            }
        }
    }
}

fn findings(run: &Run, registry: &mut Registry) {
    let findings = gauges(registry, "findings", "What the diagnosis found, by kind");
    for kind in run.findings.iter().map(|finding| finding.kind) {
        let count = run.findings.iter().filter(|finding| finding.kind == kind).count();
        findings.get_or_create(&FindingLabels { kind: kind_name(kind) }).set(count as f64);
    }
}

/// The name of a kind as documents have it.
fn kind_name(kind: FindingKind) -> String {
    serde_json::to_value(kind).ok().and_then(|name| Some(name.as_str()?.to_owned())).unwrap_or_default()
}

fn pair_labels(sender: &str, receiver: &str, path: Path, ip_family: Option<IpFamily>) -> PairLabels {
    PairLabels {
        sender: sender.to_owned(),
        receiver: receiver.to_owned(),
        path: path.name(),
        ip_family: family_label(ip_family),
    }
}
