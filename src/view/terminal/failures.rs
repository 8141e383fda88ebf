//! Reasons of failed tests, below the tables.

use std::collections::HashSet;

use anstyle::Style;

use super::Canvas;
use super::style::FAILED;
use crate::document::{Failure, NodeId, Outcome, Run, node_names};
use crate::explanation::by_reason;
use crate::quantity::join_first;
use crate::view::text::pair_name;

const MAX_LISTED_PAIRS: usize = 6;

/// One paragraph per reason; empty if no test failed.
pub(super) fn text(run: &Run, canvas: Canvas) -> String {
    let failed = run.tests.iter().filter_map(|test| match &test.outcome {
        Outcome::Failed(failure) => Some((failure.reason.as_str(), (test.sender_and_receiver(), failure))),
        Outcome::Ok(_) => None,
    });
    by_reason(failed).iter().map(|(reason, tests)| paragraph(reason, tests, canvas)).collect()
}

/// The nodes that failures are about; none if one of them is about a pair.
fn nodes(tests: &[((NodeId, NodeId), &Failure)]) -> Option<Vec<NodeId>> {
    let mut nodes = tests.iter().map(|(_, failure)| failure.node).collect::<Option<Vec<NodeId>>>()?;
    nodes.sort_unstable();
    nodes.dedup();
    Some(nodes)
}

fn paragraph(reason: &str, tests: &[((NodeId, NodeId), &Failure)], canvas: Canvas) -> String {
    let style = if canvas.color.is_some() { FAILED } else { Style::new() };
    // with several paths, the same pair may fail more than once
    let mut seen = HashSet::new();
    let pairs = tests.iter().map(|(pair, _)| *pair).filter(|pair| seen.insert(*pair));
    let pairs: Vec<String> = pairs.map(|(sender, receiver)| pair_name(sender, receiver)).collect();
    let affected = match nodes(tests) {
        Some(nodes) => node_names(&nodes),
        None => join_first(&pairs, MAX_LISTED_PAIRS),
    };
    let remedy = tests.iter().find_map(|(_, failure)| failure.remedy.as_ref());
    let help = remedy.map_or(String::new(), |remedy| format!("        help: {remedy}\n"));
    format!("{style}failed{style:#}  {affected}\n        {reason}\n{help}")
}
