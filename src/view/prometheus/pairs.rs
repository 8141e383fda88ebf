//! The figures of each ordered pair.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::registry::Registry;

use super::gauges;
use crate::document::{IpFamily, LatencyPair, PairSummary, Path, Run};
use crate::view::words::family_label;

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

/// How many samples of pairs there are.
pub(super) fn samples(run: &Run) -> usize {
    let of_throughput = |pair: &PairSummary| {
        let figures = [
            pair.mean_bits_per_second,
            pair.mean_retransmits,
            pair.mean_round_trip_time_microseconds,
            pair.mean_sender_cpu_percent,
            pair.mean_receiver_cpu_percent,
            pair.mean_lost_percent,
            pair.mean_jitter_microseconds,
        ];
        1 + figures.iter().flatten().count()
    };
    let of_latency = |pair: &LatencyPair| {
        let figures =
            [pair.mean_microseconds, pair.p50_microseconds, pair.p95_microseconds, pair.p99_microseconds];
        figures.iter().flatten().count()
    };
    let throughput = run.summary.throughput.iter().flat_map(|summary| &summary.pairs).map(of_throughput);
    let latency = run.summary.latency.iter().flat_map(|summary| &summary.pairs).map(of_latency);
    throughput.chain(latency).sum()
}

/// The figures of each ordered pair.
pub(super) fn register(run: &Run, registry: &mut Registry) {
    throughput(run, registry);
    latency(run, registry);
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
    // not `quantile`: that label is of summaries
    let percentiles =
        gauges(registry, "latency_percentile_seconds", "Percentiles of the time of an answer without load");
    for summary in &run.summary.latency {
        for pair in &summary.pairs {
            if let Some(value) = pair.mean_microseconds {
                let labels = LatencyLabels {
                    client: pair.client.clone(),
                    server: pair.server.clone(),
                    path: summary.path.name(),
                    ip_family: family_label(summary.ip_family),
                };
                mean.get_or_create(&labels).set(value / 1e6);
            }
            for (percentile, value) in
                [("50", pair.p50_microseconds), ("95", pair.p95_microseconds), ("99", pair.p99_microseconds)]
            {
                let Some(value) = value else { continue };
                let labels = PercentileLabels {
                    client: pair.client.clone(),
                    server: pair.server.clone(),
                    path: summary.path.name(),
                    ip_family: family_label(summary.ip_family),
                    percentile,
                };
                percentiles.get_or_create(&labels).set(value / 1e6);
            }
        }
    }
}

fn pair_labels(sender: &str, receiver: &str, path: Path, ip_family: Option<IpFamily>) -> PairLabels {
    PairLabels {
        sender: sender.to_owned(),
        receiver: receiver.to_owned(),
        path: path.name(),
        ip_family: family_label(ip_family),
    }
}
