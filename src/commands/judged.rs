//! A run against what was asked of it: its baseline and its gates.

use kubectl_netbench::analysis::{Gates, compare};
use kubectl_netbench::cli::ExitCode;
use kubectl_netbench::document::{Breach, Run};
use kubectl_netbench::quantity::rate;

use crate::console;

/// How many pairs of a gate are named.
const NAMED_PAIRS: usize = 10;

/// Adds to the run what has changed since `baseline`, and what fails the gates.
pub(super) fn judge(run: &mut Run, baseline: Option<&Run>, gates: &Gates) {
    run.comparison = baseline.map(|base| compare(base, run));
    run.breaches = gates.breaches(run);
}

/// Names the pairs that fail gates, on standard error.
pub(super) fn tell_breaches(run: &Run) {
    for breaches in run.breaches.chunk_by(|one, other| one.gate == other.gate) {
        let limit = breaches[0].limit_bits_per_second;
        let same_limit = breaches.iter().all(|breach| breach.limit_bits_per_second.total_cmp(&limit).is_eq());
        let named: Vec<String> =
            breaches.iter().take(NAMED_PAIRS).map(|breach| named(breach, !same_limit)).collect();
        let more = match breaches.len().saturating_sub(NAMED_PAIRS) {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        let pairs = match breaches.len() {
            1 => "1 pair fails".to_owned(),
            count => format!("{count} pairs fail"),
        };
        let limit = if same_limit { format!(" ({})", rate(limit)) } else { String::new() };
        console::note(&format!("gate:    {pairs} {}{limit}: {}{more}", breaches[0].gate, named.join(", ")));
    }
}

fn named(breach: &Breach, with_limit: bool) -> String {
    let Breach { sender, receiver, .. } = breach;
    let reached = breach.bits_per_second.map_or_else(|| "failed".to_owned(), rate);
    let limit =
        if with_limit { format!(" of {}", rate(breach.limit_bits_per_second)) } else { String::new() };
    format!("{sender} → {receiver} {reached}{limit}")
}

/// The exit code of a run that went to its end.
pub(super) fn exit_code(run: &Run) -> ExitCode {
    if run.tests.iter().all(|test| !test.outcome.is_ok()) {
        ExitCode::Error
    } else if !run.breaches.is_empty() {
        ExitCode::GateFailed
    } else if run.has_failures() {
        ExitCode::SomeFailed
    } else {
        ExitCode::Success
    }
}
