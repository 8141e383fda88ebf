//! A run against what was asked of it: its baseline and its gates.

use kubectl_netbench::analysis::{Gates, compare};
use kubectl_netbench::cli::ExitCode;
use kubectl_netbench::document::{Breach, PairChange, Run, State, Verdict, way_name};
use kubectl_netbench::quantity::rate;

use super::Error;
use crate::console;

/// How many pairs of a gate are named.
const NAMED_PAIRS: usize = 10;

/// Adds to the run what has changed since `baseline`, and what fails the gates; what was not asked for
/// stays as it was.
///
/// # Errors
/// Two runs have nothing to compare, though it was asked for.
pub(super) fn judge(run: &mut Run, baseline: Option<&Run>, gates: &Gates) -> Result<(), Error> {
    if let Some(base) = baseline {
        let comparison = compare(base, run);
        let is_compared = |pair: &PairChange| pair.verdict != Verdict::OnlyInOne;
        let compares = comparison.ways.iter().any(|way| way.pairs.iter().any(is_compared));
        run.comparison = Some(comparison);
        if !compares && gates.regression.is_some() {
            return Err(Error::NothingToCompare { base: base.id.clone() });
        }
    }
    if !gates.is_empty() {
        run.breaches = gates.breaches(run);
    }
    Ok(())
}

/// Checks that a run is not compared with itself.
///
/// # Errors
/// It is.
pub(super) fn check_other(base: Option<&Run>, run: &Run) -> Result<(), Error> {
    match base {
        Some(base) if base.id == run.id => Err(Error::SameRun { id: run.id.clone() }),
        _ => Ok(()),
    }
}

/// Names the pairs that fail gates, on standard error.
pub(super) fn tell_breaches(run: &Run) {
    for gate in failed_gates(run) {
        console::note(&format!("gate:    {gate}"));
    }
}

/// The gates that failed, each with its limit and the pairs that fail it.
pub(super) fn failed_gates(run: &Run) -> Vec<String> {
    let several_ways = run.summary.throughput.len() > 1;
    let failed = |breaches: &[Breach]| {
        let limit = breaches[0].limit_bits_per_second;
        let same_limit = breaches.iter().all(|breach| breach.limit_bits_per_second.total_cmp(&limit).is_eq());
        let named: Vec<String> = breaches
            .iter()
            .take(NAMED_PAIRS)
            .map(|breach| named(breach, !same_limit, several_ways))
            .collect();
        let more = match breaches.len().saturating_sub(NAMED_PAIRS) {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        let pairs = match breaches.len() {
            1 => "1 pair fails".to_owned(),
            count => format!("{count} pairs fail"),
        };
        let limit = if same_limit { format!(" ({})", rate(limit)) } else { String::new() };
        format!("{pairs} {}{limit}: {}{more}", breaches[0].gate, named.join(", "))
    };
    run.breaches.chunk_by(|one, other| one.gate == other.gate).map(failed).collect()
}

fn named(breach: &Breach, with_limit: bool, several_ways: bool) -> String {
    let Breach { sender, receiver, .. } = breach;
    let over = if several_ways {
        format!(" over {}", way_name(breach.path, breach.ip_family))
    } else {
        String::new()
    };
    let reached = breach.bits_per_second.map_or_else(|| "failed".to_owned(), rate);
    let limit =
        if with_limit { format!(" of {}", rate(breach.limit_bits_per_second)) } else { String::new() };
    format!("{sender} → {receiver}{over} {reached}{limit}")
}

/// The exit code of a run that went to its end, and of one that is shown again.
pub(super) fn exit_code(run: &Run, gates: &Gates) -> ExitCode {
    if run.tests.iter().all(|test| !test.outcome.is_ok()) {
        ExitCode::Error
    } else if !gates.is_empty() && !run.breaches.is_empty() {
        ExitCode::GateFailed
    } else if run.has_failures() || run.state == State::Partial {
        ExitCode::SomeFailed
    } else {
        ExitCode::Success
    }
}
