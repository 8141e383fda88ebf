//! The data of the page.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::encoded_test::{EncodedMetric, Number, TestEncoder};
use super::layer::{Kind, Layer, layers};
use super::run_details::{RunDetails, run_details, title};
use crate::document::{
    Breach, Confirmation, Ends, Finding, Measure, NodeId, Outcome, Route, Run, SkippedNode, State, TestRecord,
};
use crate::explanation::by_reason;
use crate::view::notes::notes;
use crate::view::short_names::shorten;
use crate::view::text::format_time;

/// A run as the page's script reads it. Endpoints are indices of `endpoints`: the nodes, then the
/// external server, if there is one.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report<'a> {
    title: String,
    is_partial: bool,
    run_details: RunDetails,
    notes: Vec<String>,
    /// Number of tests that succeeded, failed, and were planned.
    tests: [usize; 3],
    endpoints: Vec<Endpoint<'a>>,
    /// What short names omit, as `prefix…suffix`.
    name_pattern: Option<String>,
    skipped_nodes: &'a [SkippedNode],
    /// The metrics of throughput tests, and of latency tests.
    metrics: [Vec<EncodedMetric>; 2],
    pub(super) layers: Vec<Layer>,
    findings: Vec<FindingEntry<'a>>,
    breaches: Vec<BreachEntry<'a>>,
    /// Number of pairs that fail a gate, including those beyond [`MAX_BREACHES`].
    failing_pairs: usize,
    baseline: Option<Baseline<'a>>,
    failures: Vec<FailureGroup<'a>>,
    /// Reasons and remedies of failed tests, which refer to them by index.
    pub(super) reasons: Vec<(&'a str, Option<&'a str>)>,
}

/// A node, or the external server.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Endpoint<'a> {
    name: &'a str,
    short_name: String,
    zone: Option<&'a str>,
    /// Region, instance type, architecture, operating system and kernel, as far as known.
    properties: Vec<&'a str>,
}

#[derive(Debug, Serialize)]
struct FindingEntry<'a> {
    sentence: &'a str,
    /// Index of the layer that shows it.
    layer: Option<usize>,
    percent: Option<Number>,
    confirmation: Option<Confirmation>,
    pairs: Vec<[usize; 2]>,
}

#[derive(Debug, Serialize)]
struct BreachEntry<'a> {
    gate: &'a str,
    route: String,
    layer: Option<usize>,
    pair: [usize; 2],
    value: Option<Number>,
    limit: Number,
}

#[derive(Debug, Serialize)]
struct Baseline<'a> {
    run: &'a str,
    started: String,
    differences: &'a [String],
}

/// A longer list is of no use; the matrix shows all of them.
const MAX_BREACHES: usize = 200;

/// Pairs that failed for the same reason.
#[derive(Debug, Serialize)]
struct FailureGroup<'a> {
    reason: &'a str,
    remedy: Option<&'a str>,
    /// Index of the layer that shows the first of them.
    layer: Option<usize>,
    pairs: Vec<[usize; 2]>,
}

/// Indices of endpoints.
struct EndpointIndex {
    indices: HashMap<NodeId, usize>,
    external: Option<usize>,
}

impl<'a> Report<'a> {
    pub(super) fn new(run: &'a Run) -> Self {
        let index = EndpointIndex::new(run);
        let mut layers = layers(run);
        let mut encoder = TestEncoder::new(run);
        add_tests(run, &index, &mut layers, &mut encoder);
        let layer = |route| {
            let is_match = |layer: &Layer| layer.shows(Kind::Throughput, route) && !layer.reversed;
            layers.iter().position(is_match)
        };
        let names: Vec<&str> = run.nodes.iter().map(|node| node.name.name()).collect();
        let (short_names, name_pattern) = match shorten(&names) {
            Some(short) => (short.names, Some(short.pattern)),
            None => (names.into_iter().map(str::to_owned).collect(), None),
        };
        let failed = run.tests.iter().filter(|test| !test.outcome.is_ok()).count();
        Self {
            title: title(run),
            is_partial: run.state == State::Partial,
            run_details: run_details(run),
            notes: notes(run),
            tests: [run.tests.len() - failed, failed, run.planned_tests],
            endpoints: endpoints(run, short_names),
            name_pattern,
            skipped_nodes: &run.skipped_nodes,
            findings: run.findings.iter().map(|finding| finding_entry(finding, &index, layer)).collect(),
            breaches: breach_entries(run, &index, layer),
            failing_pairs: count_failing_pairs(run),
            baseline: run.comparison.as_ref().map(|comparison| Baseline {
                run: &comparison.base,
                started: format_time(comparison.base_started_at),
                differences: &comparison.differences,
            }),
            failures: failure_groups(run, &index, &layers),
            metrics: [Measure::Throughput, Measure::Latency].map(|measure| encoder.metrics(measure)),
            reasons: encoder.reasons,
            layers,
        }
    }
}

impl EndpointIndex {
    fn new(run: &Run) -> Self {
        Self {
            indices: run.endpoints().zip(0..).collect(),
            external: run.external_server().map(|_| run.nodes.len()),
        }
    }

    fn pair(&self, sender: NodeId, receiver: NodeId) -> Option<[usize; 2]> {
        Some([*self.indices.get(&sender)?, *self.indices.get(&receiver)?])
    }

    fn pair_of_test(&self, test: &TestRecord) -> Option<[usize; 2]> {
        let (sender, receiver) = match test.measure {
            Measure::Throughput => test.sender_and_receiver(),
            Measure::Latency => (test.client, test.server),
        };
        self.pair(sender, receiver)
    }

    /// Index of the layer that shows a test.
    fn layer_of_test(&self, test: &TestRecord, layers: &[Layer]) -> Option<usize> {
        let [sender, _] = self.pair_of_test(test)?;
        let kind = if test.measure == Measure::Latency { Kind::Latency } else { Kind::Throughput };
        let reversed = self.external == Some(sender);
        let is_match = |layer: &Layer| layer.shows(kind, test.route) && layer.reversed == reversed;
        layers.iter().position(is_match)
    }
}

/// Adds all tests to their layers.
fn add_tests<'a>(run: &'a Run, index: &EndpointIndex, layers: &mut [Layer], encoder: &mut TestEncoder<'a>) {
    for layer in layers.iter_mut().filter(|layer| matches!(layer.kind, Kind::Throughput | Kind::Latency)) {
        layer.tests.resize_with(layer.values.len(), Vec::new);
    }
    let layer_and_cell = |test: &TestRecord, layers: &[Layer]| {
        let [sender, receiver] = index.pair_of_test(test)?;
        let layer = index.layer_of_test(test, layers)?;
        let cell = match (index.external.is_some(), layers[layer].reversed) {
            (false, _) => sender * run.nodes.len() + receiver,
            (true, false) => sender,
            (true, true) => receiver,
        };
        (cell < layers[layer].values.len()).then_some((layer, cell))
    };
    for test in &run.tests {
        if let Some((layer, cell)) = layer_and_cell(test, layers) {
            layers[layer].tests[cell].push(encoder.encode(test));
        }
    }
    for test in &run.retests {
        if let Some((layer, cell)) = layer_and_cell(test, layers) {
            layers[layer].retests.push((cell, encoder.encode(test)));
        }
    }
}

fn endpoints(run: &Run, short_names: Vec<String>) -> Vec<Endpoint<'_>> {
    let nodes = run.nodes.iter().zip(short_names).map(|(node, short_name)| {
        let properties =
            [&node.region, &node.instance_type, &node.architecture, &node.os_image, &node.kernel];
        let properties = properties.into_iter().filter_map(Option::as_deref).collect();
        Endpoint { name: &node.name, short_name, zone: node.zone.as_deref(), properties }
    });
    let external = run.external_server().map(|to| Endpoint {
        name: to.name(),
        short_name: to.to_string(),
        zone: None,
        properties: Vec::new(),
    });
    nodes.chain(external).collect()
}

fn finding_entry<'a>(
    finding: &'a Finding,
    index: &EndpointIndex,
    layer: impl Fn(Route) -> Option<usize>,
) -> FindingEntry<'a> {
    let pair = |pair: &Ends| index.pair(pair.sender, pair.receiver);
    FindingEntry {
        sentence: &finding.sentence,
        layer: finding.route.and_then(&layer),
        percent: finding.percent.map(Number::percent),
        confirmation: finding.confirmation,
        pairs: finding.pairs.iter().filter_map(pair).collect(),
    }
}

fn breach_entries<'a>(
    run: &'a Run,
    index: &EndpointIndex,
    layer: impl Fn(Route) -> Option<usize>,
) -> Vec<BreachEntry<'a>> {
    let entries = run.breaches.iter().take(MAX_BREACHES).filter_map(|breach| {
        Some(BreachEntry {
            gate: &breach.gate,
            route: breach.route.to_string(),
            layer: layer(breach.route),
            pair: index.pair(breach.sender, breach.receiver)?,
            value: breach.bits_per_second.map(Number::rate),
            limit: Number::rate(breach.limit_bits_per_second),
        })
    });
    entries.collect()
}

/// A pair that fails two gates on the same route counts once.
fn count_failing_pairs(run: &Run) -> usize {
    let pair = |breach: &Breach| (breach.route, breach.sender, breach.receiver);
    run.breaches.iter().map(pair).collect::<HashSet<_>>().len()
}

fn failure_groups<'a>(run: &'a Run, index: &EndpointIndex, layers: &[Layer]) -> Vec<FailureGroup<'a>> {
    let failed = run.tests.iter().filter_map(|test| match &test.outcome {
        Outcome::Failed(failure) => Some((failure.reason.as_str(), (test, failure))),
        Outcome::Ok(_) => None,
    });
    let groups = by_reason(failed).into_iter().map(|(reason, tests)| {
        // with several paths, the same pair may fail more than once
        let mut seen = HashSet::new();
        let pairs = tests.iter().filter_map(|(test, _)| index.pair_of_test(test));
        FailureGroup {
            layer: tests.first().and_then(|(test, _)| index.layer_of_test(test, layers)),
            reason,
            remedy: tests.iter().find_map(|(_, failure)| failure.remedy.as_deref()),
            pairs: pairs.filter(|pair| seen.insert(*pair)).collect(),
        }
    });
    groups.collect()
}
