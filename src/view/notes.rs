//! Notes below the results: what limits how they may be read.

use super::text::pair_name;
use crate::document::{Note, PairSummary, Run, State, TestRecord, ThroughputSummary};
use crate::engine::latency_engine;
use crate::explanation::by_reason;
use crate::quantity::{duration, rate};
use crate::quantity::{join_first, plural};

/// One sentence each; empty if the results need no note.
pub(super) fn notes(run: &Run) -> Vec<String> {
    let mut notes = Vec::new();
    if run.state == State::Partial {
        let (done, planned) = (run.tests.len(), run.planned_tests);
        notes.push(format!("Partial: the run ended after {done} of {planned} tests."));
    }
    if let Some(limit) = run.parameters.pods.objects.limits.iter().find(|limit| limit.name == "cpu") {
        notes.push(format!(
            "Containers had a CPU limit of {}: results may show that limit instead of the network.",
            limit.quantity.as_str()
        ));
    }
    notes.extend(run.notes.iter().map(sentence));
    notes.extend(cut_tests(run));
    let pairs = || run.summary.throughput.iter().flat_map(|summary| &summary.pairs);
    let latencies = || run.summary.latency.iter().flat_map(|summary| &summary.pairs);
    if pairs().any(|pair| pair.failed > 0 && pair.measured > 0)
        || latencies().any(|pair| pair.failed > 0 && pair.measured > 0)
    {
        notes.push(
            "Some tests of pairs marked * failed: their values are means of the successful tests.".to_owned(),
        );
    }
    if let Some(resolution) = coarse_resolution(run) {
        notes.push(format!(
            "Percentiles are rounded up to multiples of {}: this version of {} has no finer resolution.",
            duration(resolution),
            latency_engine().id().name()
        ));
    }
    notes.extend(retest_note(run));
    let retried = run.tests.iter().filter(|test| test.attempt > 1).count();
    if retried > 0 {
        notes.push(format!("Retried: {} took more than one attempt.", plural(retried, "test")));
    }
    notes
}

/// The tests without a report, one sentence per reason.
fn cut_tests(run: &Run) -> Vec<String> {
    let cut = run.tests.iter().filter_map(|test| {
        let failure = test.outcome.throughput()?.cut_by.as_ref()?;
        let (sender, receiver) = test.sender_and_receiver();
        Some((failure.reason.as_str(), (pair_name(sender, receiver), failure.remedy.as_deref())))
    });
    let mut notes = Vec::new();
    for (reason, tests) in by_reason(cut) {
        let (mut pairs, remedies): (Vec<String>, Vec<Option<&str>>) = tests.into_iter().unzip();
        pairs.dedup();
        let remedy = remedies.into_iter().flatten().next();
        let remedy = remedy.map_or(String::new(), |remedy| format!("; {remedy}"));
        let pairs = join_first(&pairs, MAX_LISTED_PAIRS);
        notes.push(format!(
            "Incomplete (~): {pairs}: {reason}. The result is that of the samples until then{remedy}."
        ));
    }
    notes
}

/// With a full stop, and a capital letter unless a node is first.
fn sentence(note: &Note) -> String {
    if !note.nodes.is_empty() {
        return format!("{note}.");
    }
    let mut characters = note.sentence.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", characters.as_str())
}

/// Resolution of percentiles in microseconds, if it is too coarse for the measured latencies.
fn coarse_resolution(run: &Run) -> Option<f64> {
    let latencies = run.tests.iter().filter_map(|test| test.outcome.latency());
    let coarse =
        latencies.filter(|latency| latency.resolution_microseconds > latency.mean_microseconds / 2.0);
    coarse.map(|latency| latency.resolution_microseconds).reduce(f64::max)
}

/// Relative deviation from the first result from which a retest is worth a note.
const MIN_DEVIATION: f64 = 0.25;

const MAX_LISTED_PAIRS: usize = 4;

/// Retests that contradict the first result. Pairs of a finding are omitted: its sentence covers them.
fn retest_note(run: &Run) -> Option<String> {
    let deviations: Vec<String> = run.retests.iter().filter_map(|test| deviation(run, test)).collect();
    (!deviations.is_empty())
        .then(|| format!("Retested in isolation: {}.", join_first(&deviations, MAX_LISTED_PAIRS)))
}

fn deviation(run: &Run, retest: &TestRecord) -> Option<String> {
    let (sender, receiver) = retest.sender_and_receiver();
    let mut findings = run.findings.iter().flat_map(|finding| &finding.pairs);
    if findings.any(|ends| ends.sender == sender && ends.receiver == receiver) {
        return None;
    }
    let is_same_route = |of: &&ThroughputSummary| of.route == retest.route;
    let is_same_pair = |pair: &&PairSummary| pair.sender == sender && pair.receiver == receiver;
    let mut pairs = run.summary.throughput.iter().filter(is_same_route).flat_map(|of| &of.pairs);
    let first = pairs.find(is_same_pair)?.mean_bits_per_second()?;
    let retested = retest.outcome.throughput()?.bits_per_second;
    ((retested / first - 1.0).abs() >= MIN_DEVIATION)
        .then(|| format!("{} {} (was {})", pair_name(sender, receiver), rate(retested), rate(first)))
}
