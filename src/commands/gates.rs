//! Evaluates the baseline and the gates of a run.

use kubectl_netbench::analysis::{Gates, compare};
use kubectl_netbench::cli::ExitCode;
use kubectl_netbench::document::{Breach, Metric, PairChange, Run, State, Verdict};
use kubectl_netbench::quantity::rate;

use super::Error;
use crate::console;

/// Maximum number of pairs named per gate.
const MAX_NAMED_PAIRS: usize = 10;

/// Adds the comparison with `baseline` and the breaches of `gates` to the run. Without a baseline or gates, those
/// of the document are unchanged.
///
/// # Errors
/// A regression gate is set, but the two runs have no pair in common.
pub(super) fn evaluate(run: &mut Run, baseline: Option<&Run>, gates: &Gates) -> Result<(), Error> {
    if let Some(base) = baseline {
        let comparison = compare(base, run);
        let is_compared = |pair: &PairChange| pair.verdict != Verdict::OnlyInOne;
        let mut throughput =
            comparison.routes.iter().filter(|route| route.metric == Metric::throughput_mean());
        let has_common_pair = throughput.any(|route| route.pairs.iter().any(is_compared));
        run.comparison = Some(comparison);
        if !has_common_pair && gates.regression.is_some() {
            return Err(Error::NothingToCompare { base: base.id.clone() });
        }
    }
    if !gates.is_empty() {
        run.breaches = gates.breaches(run);
    }
    Ok(())
}

/// # Errors
/// The run would be compared with itself.
pub(super) fn check_distinct(base: Option<&Run>, run: &Run) -> Result<(), Error> {
    match base {
        Some(base) if base.id == run.id => Err(Error::SameRun { id: run.id.clone() }),
        _ => Ok(()),
    }
}

/// Prints the pairs that fail each gate to standard error.
pub(super) fn print_breaches(run: &Run) {
    for gate in failed_gates(run) {
        console::note(&format!("gate:  {gate}"));
    }
}

/// The failed gates, each with its limit and the pairs that fail it.
pub(super) fn failed_gates(run: &Run) -> Vec<String> {
    let has_several_routes = run.summary.throughput.len() > 1;
    let failed = |breaches: &[Breach]| {
        let limit = breaches[0].limit_bits_per_second;
        let same_limit = breaches.iter().all(|breach| breach.limit_bits_per_second.total_cmp(&limit).is_eq());
        let named: Vec<String> = breaches
            .iter()
            .take(MAX_NAMED_PAIRS)
            .map(|breach| describe(breach, !same_limit, has_several_routes))
            .collect();
        let more = match breaches.len().saturating_sub(MAX_NAMED_PAIRS) {
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

fn describe(breach: &Breach, with_limit: bool, with_route: bool) -> String {
    let Breach { sender, receiver, .. } = breach;
    let over = if with_route { format!(" over {}", breach.route) } else { String::new() };
    let reached = breach.bits_per_second.map_or_else(|| "failed".to_owned(), rate);
    let limit =
        if with_limit { format!(" of {}", rate(breach.limit_bits_per_second)) } else { String::new() };
    format!("{sender} → {receiver}{over} {reached}{limit}")
}

/// The exit code of a run that was not interrupted, and of a saved one.
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
