//! Metrics per ordered pair.

use std::collections::HashMap;

use prometheus_client::registry::Registry;

use super::{Gauges, gauges};
use crate::document::{
    Aggregates, LatencyPair, METRICS, Measure, Metric, NodeId, PairSummary, Route, Run, Unit,
};
use crate::view::labels::ip_family_label;

type Labels = Vec<(&'static str, String)>;

/// The results of a pair.
struct Pair<'a> {
    /// Those of its ends have the names that fit the measure.
    labels: Labels,
    aggregates: &'a Aggregates,
    failed: usize,
}

impl<'a> Pair<'a> {
    fn new(
        route: Route,
        ends: [(&'static str, NodeId); 2],
        aggregates: &'a Aggregates,
        failed: usize,
    ) -> Self {
        let ends = ends.map(|(label, node)| (label, node.to_string()));
        let route = [
            ("path", route.path.name().to_owned()),
            ("ip_family", ip_family_label(route.ip_family).to_owned()),
        ];
        Self { labels: ends.into_iter().chain(route).collect(), aggregates, failed }
    }
}

/// The pairs with results of a measure.
fn pairs(run: &Run, measure: Measure) -> Vec<Pair<'_>> {
    match measure {
        Measure::Throughput => {
            let summaries = run.summary.throughput.iter();
            let pairs = summaries.flat_map(|summary| summary.pairs.iter().map(|pair| (summary.route, pair)));
            let ends = |pair: &PairSummary| [("sender", pair.sender), ("receiver", pair.receiver)];
            pairs.map(|(route, pair)| Pair::new(route, ends(pair), &pair.aggregates, pair.failed)).collect()
        }
        Measure::Latency => {
            let summaries = run.summary.latency.iter();
            let pairs = summaries.flat_map(|summary| summary.pairs.iter().map(|pair| (summary.route, pair)));
            let ends = |pair: &LatencyPair| [("client", pair.client), ("server", pair.server)];
            pairs.map(|(route, pair)| Pair::new(route, ends(pair), &pair.aggregates, pair.failed)).collect()
        }
    }
}

/// Number of samples that [`register`] adds. Counted without the labels, which take the most memory.
pub(super) fn count_samples(run: &Run) -> usize {
    let throughput = || run.summary.throughput.iter().flat_map(|summary| &summary.pairs);
    let latency = run.summary.latency.iter().flat_map(|summary| &summary.pairs);
    let aggregates = throughput().map(|pair| &pair.aggregates).chain(latency.map(|pair| &pair.aggregates));
    let exported = || METRICS.iter().filter(|metric| metric.gauge.is_some());
    let samples =
        |aggregates: &Aggregates| exported().filter(|metric| aggregates.get(metric).is_some()).count();
    // each pair also has its number of failed throughput tests
    throughput().count() + aggregates.map(samples).sum::<usize>()
}

pub(super) fn register(run: &Run, registry: &mut Registry) {
    let (throughput, latency) = (pairs(run, Measure::Throughput), pairs(run, Measure::Latency));
    let help = "Number of failed throughput tests of the pair";
    let failed: Gauges<Labels> = gauges(registry, "failed_tests", help);
    for pair in &throughput {
        failed.get_or_create(&pair.labels).set(pair.failed as f64);
    }
    let mut families: HashMap<&str, Gauges<Labels>> = HashMap::new();
    for (metric, gauge) in METRICS.iter().filter_map(|metric| Some((metric, metric.gauge.as_ref()?))) {
        let family = families.entry(gauge.name).or_insert_with(|| gauges(registry, gauge.name, gauge.help));
        let pairs = if metric.measure == Measure::Latency { &latency } else { &throughput };
        for pair in pairs {
            // what was not measured has no sample: it is neither zero nor NaN
            if let Some(value) = pair.aggregates.get(metric) {
                let percentile = gauge.percentile.map(|percentile| ("percentile", percentile.to_owned()));
                let labels: Labels = pair.labels.iter().cloned().chain(percentile).collect();
                family.get_or_create(&labels).set(in_base_unit(metric, value));
            }
        }
    }
}

/// The value in the base unit of Prometheus: bytes, seconds, ratios.
fn in_base_unit(metric: &Metric, value: f64) -> f64 {
    match metric.unit {
        Unit::BitsPerSecond => value / 8.0,
        Unit::Microseconds => value / 1e6,
        Unit::Percent { .. } => value / 100.0,
        Unit::Seconds | Unit::Bytes | Unit::Count => value,
    }
}
