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
    for gate in gates(&run.breaches) {
        let of_gate: Vec<&Breach> = run.breaches.iter().filter(|breach| breach.gate == gate).collect();
        let named: Vec<String> = of_gate.iter().take(NAMED_PAIRS).map(|breach| named(breach)).collect();
        let more = of_gate.len().saturating_sub(NAMED_PAIRS);
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        let pairs = if of_gate.len() == 1 {
            "1 pair fails".to_owned()
        } else {
            format!("{} pairs fail", of_gate.len())
        };
        console::note(&format!("gate:    {pairs} {gate}: {}{more}", named.join(", ")));
    }
}

/// Each gate that fails, once.
fn gates(breaches: &[Breach]) -> Vec<&str> {
    let mut gates: Vec<&str> = breaches.iter().map(|breach| breach.gate.as_str()).collect();
    gates.dedup();
    gates
}

fn named(breach: &Breach) -> String {
    let reached = breach.bits_per_second.map_or_else(|| "failed".to_owned(), rate);
    format!("{} → {} ({reached} of {})", breach.sender, breach.receiver, rate(breach.limit_bits_per_second))
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
