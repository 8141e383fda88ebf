//! What a reader must know about the figures of a run.

use crate::document::{PairSummary, Run, State, ThroughputSummary};
use crate::quantity::{duration, rate};

/// What a reader must know about the figures, a sentence each.
pub(super) fn notes(run: &Run) -> Vec<String> {
    let mut notes = Vec::new();
    if run.state == State::Partial {
        let (done, planned) = (run.tests.len(), run.planned_tests);
        notes.push(format!("Partial: the run was ended after {done} of {planned} tests."));
    }
    if let Some(limit) = run.parameters.pods.objects.limits.iter().find(|limit| limit.name == "cpu") {
        notes.push(format!(
            "Each container was limited to {} CPU: figures may measure that limit.",
            limit.quantity.as_str()
        ));
    }
    let pairs = || run.summary.throughput.iter().flat_map(|summary| &summary.pairs);
    let latencies = || run.summary.latency.iter().flat_map(|summary| &summary.pairs);
    if pairs().any(|pair| pair.failed > 0 && pair.measured > 0)
        || latencies().any(|pair| pair.failed > 0 && pair.measured > 0)
    {
        notes.push(
            "Some tests failed of the pairs that are marked (*): their figures are the means of the others."
                .to_owned(),
        );
    }
    if let Some(resolution) = coarse_percentiles(run) {
        notes.push(format!(
            "Percentiles are the upper ends of steps of {}: this iperf 2 has no finer ones.",
            duration(resolution)
        ));
    }
    notes.extend(cleared(run));
    let retried = run.tests.iter().filter(|test| test.attempt > 1).count();
    if retried > 0 {
        let tests = if retried == 1 { "test" } else { "tests" };
        notes.push(format!("Retried: {retried} {tests} took more than one attempt."));
    }
    notes
}

/// The resolution of percentiles in microseconds, where it is too coarse for what was measured.
fn coarse_percentiles(run: &Run) -> Option<f64> {
    let latencies = run.tests.iter().filter_map(|test| test.outcome.latency());
    let coarse =
        latencies.filter(|latency| latency.resolution_microseconds > latency.mean_microseconds / 2.0);
    coarse.map(|latency| latency.resolution_microseconds).reduce(f64::max)
}

/// How far a retest must be from the first figure of its pair to be worth a word.
const OTHERWISE: f64 = 0.25;

/// How many pairs are named.
const NAMED_PAIRS: usize = 4;

/// What measuring again has shown of pairs that no finding tells of: they were slow by chance.
fn cleared(run: &Run) -> Option<String> {
    let mut words = Vec::new();
    for test in &run.retests {
        let (sender, receiver) = test.sender_and_receiver();
        let way = |of: &&ThroughputSummary| (of.path, of.ip_family) == (test.path, test.ip_family);
        let pairs = run.summary.throughput.iter().filter(way).flat_map(|of| &of.pairs);
        let is_its = |pair: &&PairSummary| pair.sender == sender && pair.receiver == receiver;
        let first = pairs.into_iter().find(is_its).and_then(|pair| pair.mean_bits_per_second);
        let again = test.outcome.throughput().map(|figures| figures.bits_per_second);
        let is_told = run.findings.iter().flat_map(|finding| &finding.pairs);
        let is_told = is_told.into_iter().any(|ends| ends.sender == sender && ends.receiver == receiver);
        if let (Some(first), Some(again), false) = (first, again, is_told)
            && (again / first - 1.0).abs() >= OTHERWISE
        {
            words.push(format!("{sender} → {receiver} {} instead of {}", rate(again), rate(first)));
        }
    }
    let more = match words.len().saturating_sub(NAMED_PAIRS) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    words.truncate(NAMED_PAIRS);
    (!words.is_empty()).then(|| format!("Measured again, alone: {}{more}.", words.join(", ")))
}
