//! What the page is told of a run.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::compact::{Compactor, Number};
use super::facts::{self, Facts};
use super::layer::{self, Kind, Layer};
use crate::document::{
    Breach, Confirmation, Ends, Finding, IpFamily, LeftOut, Measure, Outcome, Path, Route, Run, State,
    TestRecord,
};
use crate::explanation::by_reason;
use crate::view::names::shorten;
use crate::view::notes::notes;

/// A run as the page's script reads it. Nodes are told by their place in `nodes`; the server
/// outside, if there is one, comes after them.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report<'a> {
    title: String,
    partial: bool,
    facts: Facts,
    notes: Vec<String>,
    /// How many tests were measured, failed, and planned.
    tests: [usize; 3],
    nodes: Vec<End<'a>>,
    /// What their short names are without, as `prefix…suffix`.
    shared: Option<String>,
    left_out: &'a [LeftOut],
    pub(super) layers: Vec<Layer>,
    findings: Vec<FoundOut<'a>>,
    breaches: Vec<Breached<'a>>,
    /// How many pairs fail a gate, those included that are not listed.
    pairs_below: usize,
    comparison: Option<Compared<'a>>,
    failures: Vec<Failures<'a>>,
    /// Why tests failed, and what to do about it; tests have places in it.
    pub(super) reasons: Vec<(&'a str, Option<&'a str>)>,
}

/// A node, or the server outside.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct End<'a> {
    name: &'a str,
    /// The same without what all names share.
    short: String,
    zone: Option<&'a str>,
    /// What may explain its figures.
    about: Vec<&'a str>,
}

#[derive(Debug, Serialize)]
struct FoundOut<'a> {
    sentence: &'a str,
    /// The layer where it shows.
    layer: Option<usize>,
    percent: Option<Number>,
    confirmation: Option<Confirmation>,
    pairs: Vec<[usize; 2]>,
}

#[derive(Debug, Serialize)]
struct Breached<'a> {
    gate: &'a str,
    way: String,
    layer: Option<usize>,
    ends: [usize; 2],
    value: Option<Number>,
    limit: Number,
}

#[derive(Debug, Serialize)]
struct Compared<'a> {
    base: &'a str,
    began: String,
    differences: &'a [String],
}

/// Nobody reads a longer list; the matrix shows them all.
const MOST_BREACHES: usize = 200;

/// The pairs that failed for one reason.
#[derive(Debug, Serialize)]
struct Failures<'a> {
    reason: &'a str,
    remedy: Option<&'a str>,
    /// Where the first of them is shown.
    layer: Option<usize>,
    pairs: Vec<[usize; 2]>,
}

/// Nodes and the server outside by their names.
struct Ended<'a> {
    places: HashMap<&'a str, usize>,
    /// That of the server outside.
    outside: Option<usize>,
}

impl<'a> Report<'a> {
    pub(super) fn new(run: &'a Run) -> Self {
        let ends = Ended::new(run);
        let mut layers = layer::all(run);
        let reasons = add_tests(run, &ends, &mut layers);
        let place = |path, ip_family| {
            let is_shown = |layer: &Layer| layer.is_of(Kind::Throughput, path, ip_family) && !layer.reversed;
            layers.iter().position(is_shown)
        };
        let names: Vec<String> = run.nodes.iter().map(|node| node.name.clone()).collect();
        let (short, shared) = match shorten(&names) {
            Some(short) => (short.names, Some(short.pattern)),
            None => (names, None),
        };
        let failed = run.tests.iter().filter(|test| !test.outcome.is_ok()).count();
        Self {
            title: facts::title(run),
            partial: run.state == State::Partial,
            facts: facts::facts(run),
            notes: notes(run),
            tests: [run.tests.len() - failed, failed, run.planned_tests],
            nodes: nodes(run, short),
            shared,
            left_out: &run.left_out,
            findings: run.findings.iter().map(|finding| found(finding, &ends, place)).collect(),
            breaches: breaches(run, &ends, place),
            pairs_below: pairs_below(run),
            comparison: run.comparison.as_ref().map(|comparison| Compared {
                base: &comparison.base,
                began: facts::time(comparison.base_started_at),
                differences: &comparison.differences,
            }),
            failures: failures(run, &ends, &layers),
            reasons,
            layers,
        }
    }
}

impl<'a> Ended<'a> {
    fn new(run: &'a Run) -> Self {
        let names = run.nodes.iter().map(|node| node.name.as_str());
        Self {
            places: names.chain(run.parameters.external_server()).zip(0..).collect(),
            outside: run.parameters.external_server().map(|_| run.nodes.len()),
        }
    }

    fn pair(&self, sender: &str, receiver: &str) -> Option<[usize; 2]> {
        Some([*self.places.get(sender)?, *self.places.get(receiver)?])
    }

    fn of_test(&self, test: &TestRecord) -> Option<[usize; 2]> {
        let (sender, receiver) = match test.measure {
            Measure::Throughput => test.sender_and_receiver(),
            Measure::Latency => (test.client.as_str(), test.server.as_str()),
        };
        self.pair(sender, receiver)
    }

    /// The layer that shows a test.
    fn layer(&self, test: &TestRecord, layers: &[Layer]) -> Option<usize> {
        let [sender, _] = self.of_test(test)?;
        let kind = if test.measure == Measure::Latency { Kind::Latency } else { Kind::Throughput };
        let reversed = self.outside == Some(sender);
        let is_its =
            |layer: &Layer| layer.is_of(kind, test.path, test.ip_family) && layer.reversed == reversed;
        layers.iter().position(is_its)
    }
}

/// Gives each layer its tests. Returns the reasons of those that failed.
fn add_tests<'a>(run: &'a Run, ends: &Ended<'a>, layers: &mut [Layer]) -> Vec<(&'a str, Option<&'a str>)> {
    let mut compactor = Compactor::new(run);
    for layer in layers.iter_mut().filter(|layer| matches!(layer.kind, Kind::Throughput | Kind::Latency)) {
        layer.tests.resize_with(layer.values.len(), Vec::new);
    }
    let place = |test: &TestRecord, layers: &[Layer]| {
        let [sender, receiver] = ends.of_test(test)?;
        let layer = ends.layer(test, layers)?;
        let cell = match (ends.outside.is_some(), layers[layer].reversed) {
            (false, _) => sender * run.nodes.len() + receiver,
            (true, false) => sender,
            (true, true) => receiver,
        };
        (cell < layers[layer].values.len()).then_some((layer, cell))
    };
    for test in &run.tests {
        if let Some((layer, cell)) = place(test, layers) {
            layers[layer].tests[cell].push(compactor.test(test));
        }
    }
    for test in &run.retests {
        if let Some((layer, cell)) = place(test, layers) {
            layers[layer].retests.push((cell, compactor.test(test)));
        }
    }
    compactor.reasons
}

fn nodes(run: &Run, short: Vec<String>) -> Vec<End<'_>> {
    let nodes = run.nodes.iter().zip(short).map(|(node, short)| {
        let about = [&node.region, &node.instance_type, &node.architecture, &node.os_image, &node.kernel];
        let about = about.into_iter().filter_map(Option::as_deref).collect();
        End { name: &node.name, short, zone: node.zone.as_deref(), about }
    });
    let outside = run.parameters.external_server();
    let outside = outside.map(|to| End { name: to, short: to.to_owned(), zone: None, about: Vec::new() });
    nodes.chain(outside).collect()
}

fn found<'a>(
    finding: &'a Finding,
    ends: &Ended,
    layer: impl Fn(Path, Option<IpFamily>) -> Option<usize>,
) -> FoundOut<'a> {
    let pair = |pair: &Ends| ends.pair(&pair.sender, &pair.receiver);
    FoundOut {
        sentence: &finding.sentence,
        layer: finding.path.and_then(|path| layer(path, finding.ip_family)),
        percent: finding.percent.map(Number::percent),
        confirmation: finding.confirmation,
        pairs: finding.pairs.iter().filter_map(pair).collect(),
    }
}

fn breaches<'a>(
    run: &'a Run,
    ends: &Ended,
    layer: impl Fn(Path, Option<IpFamily>) -> Option<usize>,
) -> Vec<Breached<'a>> {
    let breached = run.breaches.iter().take(MOST_BREACHES).filter_map(|breach| {
        Some(Breached {
            gate: &breach.gate,
            way: Route { path: breach.path, ip_family: breach.ip_family }.to_string(),
            layer: layer(breach.path, breach.ip_family),
            ends: ends.pair(&breach.sender, &breach.receiver)?,
            value: breach.bits_per_second.map(Number::rate),
            limit: Number::rate(breach.limit_bits_per_second),
        })
    });
    breached.collect()
}

/// A pair that fails two gates on one way is one pair.
fn pairs_below(run: &Run) -> usize {
    let pair =
        |breach: &Breach| (breach.path, breach.ip_family, breach.sender.clone(), breach.receiver.clone());
    run.breaches.iter().map(pair).collect::<HashSet<_>>().len()
}

fn failures<'a>(run: &'a Run, ends: &Ended, layers: &[Layer]) -> Vec<Failures<'a>> {
    let failed = run.tests.iter().filter_map(|test| match &test.outcome {
        Outcome::Failed(failure) => Some((failure.reason.as_str(), (test, failure))),
        Outcome::Ok(_) => None,
    });
    let together = by_reason(failed).into_iter().map(|(reason, tests)| {
        // over several paths, one pair fails more than once
        let mut seen = HashSet::new();
        let pairs = tests.iter().filter_map(|(test, _)| ends.of_test(test));
        Failures {
            layer: tests.first().and_then(|(test, _)| ends.layer(test, layers)),
            reason,
            remedy: tests.iter().find_map(|(_, failure)| failure.remedy.as_deref()),
            pairs: pairs.filter(|pair| seen.insert(*pair)).collect(),
        }
    });
    together.collect()
}
