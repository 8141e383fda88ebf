//! Metrics per ordered pair.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::registry::Registry;

use super::gauges;
use crate::document::{LatencyPair, PairSummary, Run};
use crate::view::labels::ip_family_label;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PairLabels {
    sender: String,
    receiver: String,
    path: &'static str,
    ip_family: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LatencyLabels {
    client: String,
    server: String,
    path: &'static str,
    ip_family: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PercentileLabels {
    client: String,
    server: String,
    path: &'static str,
    ip_family: &'static str,
    percentile: &'static str,
}

/// Number of samples that [`register`] adds.
pub(super) fn count_samples(run: &Run) -> usize {
    let throughput_samples = |pair: &PairSummary| {
        let values = [
            pair.mean_bits_per_second,
            pair.mean_retransmits,
            pair.mean_round_trip_time_microseconds,
            pair.mean_sender_cpu_percent,
            pair.mean_receiver_cpu_percent,
            pair.mean_lost_percent,
            pair.mean_jitter_microseconds,
        ];
        1 + values.iter().flatten().count()
    };
    let latency_samples = |pair: &LatencyPair| {
        let values =
            [pair.mean_microseconds, pair.p50_microseconds, pair.p95_microseconds, pair.p99_microseconds];
        values.iter().flatten().count()
    };
    let throughput = run.summary.throughput.iter().flat_map(|summary| &summary.pairs).map(throughput_samples);
    let latency = run.summary.latency.iter().flat_map(|summary| &summary.pairs).map(latency_samples);
    throughput.chain(latency).sum()
}

pub(super) fn register(run: &Run, registry: &mut Registry) {
    register_throughput(run, registry);
    register_latency(run, registry);
}

fn register_throughput(run: &Run, registry: &mut Registry) {
    let rate = gauges(
        registry,
        "throughput_bytes_per_second",
        "Mean throughput at the receiver; absent if all tests of the pair failed",
    );
    let failed = gauges(registry, "failed_tests", "Number of failed throughput tests of the pair");
    let retransmits = gauges(registry, "retransmits", "Mean number of retransmitted TCP segments per test");
    let time = gauges(registry, "round_trip_time_seconds", "Mean TCP round-trip time under load");
    let sender_cpu = gauges(registry, "sender_cpu_ratio", "CPU usage of the sender; 1 is one CPU");
    let receiver_cpu = gauges(registry, "receiver_cpu_ratio", "CPU usage of the receiver; 1 is one CPU");
    let lost = gauges(registry, "lost_ratio", "Packet loss of UDP");
    let jitter = gauges(registry, "jitter_seconds", "Jitter of UDP");
    for summary in &run.summary.throughput {
        for pair in &summary.pairs {
            let labels = PairLabels {
                sender: pair.sender.to_string(),
                receiver: pair.receiver.to_string(),
                path: summary.route.path.name(),
                ip_family: ip_family_label(summary.route.ip_family),
            };
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

fn register_latency(run: &Run, registry: &mut Registry) {
    let mean = gauges(registry, "latency_seconds", "Mean round-trip latency without load");
    // the label is not `quantile`: that is reserved for summaries
    let percentiles =
        gauges(registry, "latency_percentile_seconds", "Percentiles of round-trip latency without load");
    for summary in &run.summary.latency {
        for pair in &summary.pairs {
            if let Some(value) = pair.mean_microseconds {
                let labels = LatencyLabels {
                    client: pair.client.to_string(),
                    server: pair.server.to_string(),
                    path: summary.route.path.name(),
                    ip_family: ip_family_label(summary.route.ip_family),
                };
                mean.get_or_create(&labels).set(value / 1e6);
            }
            for (percentile, value) in
                [("50", pair.p50_microseconds), ("95", pair.p95_microseconds), ("99", pair.p99_microseconds)]
            {
                let Some(value) = value else { continue };
                let labels = PercentileLabels {
                    client: pair.client.to_string(),
                    server: pair.server.to_string(),
                    path: summary.route.path.name(),
                    ip_family: ip_family_label(summary.route.ip_family),
                    percentile,
                };
                percentiles.get_or_create(&labels).set(value / 1e6);
            }
        }
    }
}
