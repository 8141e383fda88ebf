//! Tables for the terminal: the matrix as a heat map, or one row per pair.

mod check;
mod colors;
mod comparison;
mod failures;
mod latency;
mod matrix;
mod overhead;
mod pairs;
pub(crate) mod runs;
pub(crate) mod style;

pub use check::table as check;
pub(super) use comparison::text as comparison;
pub(super) use overhead::sentence as overhead;
pub use runs::table as runs;

use matrix::MatrixRenderer;

use super::Canvas;
use super::labels::route_suffix;
use super::notes::notes;
use super::text::pair_name;
use crate::analysis::{Level, Matrix, part_of_rate};
use crate::document::{Command, Run, ThroughputSummary};
use crate::quantity::{self, RateUnit};

/// Renders the results of a run. `wide` adds one row per pair to a matrix, and more columns to a pair.
pub(super) fn render(run: &Run, wide: bool, canvas: Canvas) -> String {
    let has_reverse_tests = run.external_server().is_some() && run.parameters.measurement.bidirectional;
    let mut sections = match run.command {
        // rows and columns could show one direction only
        Command::Matrix if has_reverse_tests => {
            vec![pairs::table(run, wide, canvas), overhead::sentences(run)]
        }
        Command::Matrix => matrices(run, canvas),
        Command::Pair => {
            vec![pairs::table(run, wide, canvas), latency::table(run, canvas), overhead::sentences(run)]
        }
    };
    if wide && run.command == Command::Matrix && !has_reverse_tests {
        sections.extend([pairs::table(run, true, canvas), latency::table(run, canvas)]);
    }
    sections.push(findings(run));
    sections.push(comparison(run, canvas));
    sections.push(failures::text(run, canvas));
    sections.push(notes(run).into_iter().map(|note| note + "\n").collect());
    sections.retain(|section| !section.is_empty());
    canvas.encode(sections.join("\n"))
}

fn findings(run: &Run) -> String {
    if run.findings.is_empty() {
        return String::new();
    }
    let lines = run.findings.iter().map(|finding| format!("  • {}\n", finding.sentence));
    format!("Findings:\n{}", lines.collect::<String>())
}

/// One matrix per route and measure, and one per overhead.
fn matrices(run: &Run, canvas: Canvas) -> Vec<String> {
    let mut sections: Vec<String> =
        run.summary.throughput.iter().map(|summary| throughput_matrix(run, summary, canvas)).collect();
    sections.extend(run.summary.latency.iter().map(|summary| latency::matrix(run, summary, canvas)));
    sections.extend(run.summary.costs.iter().map(|cost| overhead::matrix(run, cost, canvas)));
    sections
}

fn throughput_matrix(run: &Run, summary: &ThroughputSummary, canvas: Canvas) -> String {
    let matrix = Matrix::of_throughput(run, summary);
    if matrix.measured().next().is_none() {
        return format!("No throughput was measured{}.\n", route_suffix(run, summary.route));
    }
    let unit = RateUnit::of_largest(matrix.measured().map(|(_, _, rate)| rate));
    let median = summary.median_bits_per_second.unwrap_or_default();
    let over = route_suffix(run, summary.route);
    let renderer = MatrixRenderer {
        title: format!("Throughput{over} in {unit}; rows send, columns receive."),
        list_title: format!("Throughput{over} per pair, slowest first (matrix too wide for this terminal)."),
        unit: unit.to_string(),
        format_value: Box::new(move |rate| unit.format(rate)),
        part: Box::new(move |rate| part_of_rate(rate, median)),
        is_larger_worse: false,
        marks: ["less than 50% of the median", "less than 85% of the median"],
    };
    format!("{}{}", renderer.render(&matrix, canvas), slowest_pair(run, &matrix, median))
}

fn slowest_pair(run: &Run, matrix: &Matrix, median: f64) -> String {
    let Some((row, column, rate)) =
        matrix.measured().min_by(|(_, _, one), (_, _, other)| one.total_cmp(other))
    else {
        return String::new();
    };
    let pair = pair_name(matrix.rows[row], matrix.columns[column]);
    let part = part_of_rate(rate, median);
    // if most pairs are slow, so is the median
    let is_median_slow = !run.findings.is_empty() && Level::of_part(part) == Level::Usual;
    let relation =
        if is_median_slow { String::new() } else { format!(", {:.0}% of the median", part * 100.0) };
    format!("\nSlowest: {pair}, {}{relation}.\n", quantity::rate(rate))
}
