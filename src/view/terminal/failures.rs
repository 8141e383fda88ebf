//! Why tests failed, below the tables.

use std::collections::HashSet;

use super::Canvas;
use crate::document::{Failure, Outcome, Run};
use crate::explanation::by_reason;

/// How many pairs are named for one reason before the rest is only counted.
const NAMED_PAIRS: usize = 6;

/// The failed tests, one paragraph per reason; empty if there are none.
pub(super) fn text(run: &Run, canvas: Canvas) -> String {
    let failed = run.tests.iter().filter_map(|test| match &test.outcome {
        Outcome::Failed(failure) => Some((failure.reason.as_str(), (test.sender_and_receiver(), failure))),
        Outcome::Ok(_) => None,
    });
    let (start, end) = if canvas.color.is_some() { ("\u{1b}[1;35m", "\u{1b}[0m") } else { ("", "") };
    let paragraph = |reason: &str, tests: &[((&str, &str), &Failure)]| {
        // over several paths, one pair fails more than once
        let mut seen = HashSet::new();
        let pairs: Vec<(&str, &str)> =
            tests.iter().map(|(pair, _)| *pair).filter(|pair| seen.insert(*pair)).collect();
        let named = pairs.iter().take(NAMED_PAIRS).map(|(sender, receiver)| format!("{sender} → {receiver}"));
        let named = named.collect::<Vec<_>>().join(", ");
        let more = match pairs.len().saturating_sub(NAMED_PAIRS) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let remedy = tests.iter().find_map(|(_, failure)| failure.remedy.as_ref());
        let remedy = remedy.map_or(String::new(), |remedy| format!("        help: {remedy}\n"));
        format!("{start}failed{end}  {named}{more}\n        {reason}\n{remedy}")
    };
    by_reason(failed).iter().map(|(reason, tests)| paragraph(reason, tests)).collect()
}
