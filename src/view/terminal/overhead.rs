//! Overhead of one path compared with another, as a matrix and in a sentence.

use std::fmt::Write;

use super::{Canvas, MatrixRenderer};
use crate::analysis::{Matrix, part_of_cost};
use crate::document::{Cost, Run};
use crate::quantity::duration;
use crate::view::labels::overhead_name;
use crate::view::text::{format_percent, pair_name};

/// The overhead of all pairs, followed by its median and its maximum.
pub(super) fn matrix(run: &Run, cost: &Cost, canvas: Canvas) -> String {
    let name = full_name(cost);
    let (path, against) = (cost.route.path.name(), cost.against.name());
    let renderer = MatrixRenderer {
        title: format!("{name} in %: throughput lost over {path} compared with {against}."),
        list_title: format!(
            "{name} per pair: throughput lost over {path} compared with {against}, highest first."
        ),
        unit: "%".to_owned(),
        format_value: Box::new(format_percent),
        part: Box::new(part_of_cost),
        is_larger_worse: true,
        marks: ["more than 50% lost", "more than 15% lost"],
    };
    format!("{}\n{}", renderer.render(&Matrix::of_cost(run, cost), canvas), sentence(cost))
}

/// One sentence per overhead of the run.
pub(super) fn sentences(run: &Run) -> String {
    run.summary.costs.iter().map(sentence).collect()
}

/// The median, which a single outlier does not decide, and the worst pair: one line.
pub(in crate::view) fn sentence(cost: &Cost) -> String {
    let (name, path, against) = (full_name(cost), cost.route.path.name(), cost.against.name());
    let lost = cost.median_percent.unwrap_or(cost.mean_percent);
    let relation = match format_percent(lost.abs()) {
        size if size == "0.0" => "as fast as".to_owned(),
        size if lost > 0.0 => format!("{size}% slower than"),
        size => format!("{size}% faster than"),
    };
    let mut text = format!("{name}: {path} is {relation} {against}");
    if cost.pairs.len() > 1 {
        let _ = write!(text, " (median of {} pairs)", cost.pairs.len());
    }
    if let Some(added) = cost.median_added_latency_microseconds() {
        let sign = if added >= 0.0 { '+' } else { '-' };
        text = format!("{text}, {sign}{} latency", duration(added.abs()));
    }
    match cost.worst() {
        Some(worst) if cost.pairs.len() > 1 => {
            let pair = pair_name(worst.sender, worst.receiver);
            format!("{text}; worst: {pair}, {}%.\n", format_percent(worst.percent))
        }
        _ => format!("{text}.\n"),
    }
}

fn full_name(cost: &Cost) -> String {
    overhead_name(cost.route.path).to_owned() + cost.route.over_family()
}
