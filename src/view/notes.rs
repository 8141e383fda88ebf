//! What a reader must know about the figures of a run.

use crate::document::{Run, State};
use crate::quantity::duration;

/// What a reader must know about the figures, a sentence each.
pub(super) fn notes(run: &Run) -> Vec<String> {
    let mut notes = Vec::new();
    if run.state == State::Partial {
        let (done, planned) = (run.tests.len(), run.planned_tests);
        notes.push(format!("Partial: the run was ended after {done} of {planned} tests."));
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
