//! Tables for people: the matrix as a heat map, or every pair on a line.

mod check;
mod comparison;
mod cost;
mod details;
mod drawing;
mod failures;
mod heat;
mod latency;
mod runs;
mod schedules;
mod settings;
mod style;

pub use check::table as check;
pub(super) use comparison::text as comparison;
pub use runs::table as runs;
pub use schedules::table as schedules;
pub use settings::table as settings;

use drawing::Drawing;

use super::notes::notes;
use super::words::way;
use super::{Canvas, View};
use crate::analysis::{Matrix, part_of_rate};
use crate::document::{Command, Run, ThroughputSummary};
use crate::quantity::RateUnit;

/// Tables for people.
pub(super) struct Terminal {
    pub canvas: Canvas,
    /// With every pair's retransmits, round-trip time and CPU.
    pub wide: bool,
}

impl View for Terminal {
    fn render(&self, run: &Run) -> String {
        let Self { canvas, wide } = *self;
        let to_one_and_back =
            run.parameters.external_server().is_some() && run.parameters.measurement.bidirectional;
        let mut parts = match run.command {
            // towards one server and back is no matrix
            Command::Matrix if to_one_and_back => {
                vec![details::table(run, wide, canvas), cost::sentences(run)]
            }
            Command::Matrix => matrices(run, canvas),
            Command::Pair => {
                vec![details::table(run, wide, canvas), latency::table(run, canvas), cost::sentences(run)]
            }
        };
        if wide && run.command == Command::Matrix && !to_one_and_back {
            parts.extend([details::table(run, true, canvas), latency::table(run, canvas)]);
        }
        parts.push(findings(run));
        parts.push(comparison(run, canvas));
        parts.push(failures::text(run, canvas));
        parts.push(notes(run).into_iter().map(|note| note + "\n").collect());
        parts.retain(|part| !part.is_empty());
        canvas.shown(parts.join("\n"))
    }
}

/// What is wrong, a line each; empty if nothing is.
fn findings(run: &Run) -> String {
    if run.findings.is_empty() {
        return String::new();
    }
    let lines = run.findings.iter().map(|finding| format!("  • {}\n", finding.sentence));
    format!("Findings:\n{}", lines.collect::<String>())
}

/// One matrix for each way and measure, and one for each cost.
fn matrices(run: &Run, canvas: Canvas) -> Vec<String> {
    let mut parts: Vec<String> =
        run.summary.throughput.iter().map(|summary| throughput_matrix(run, summary, canvas)).collect();
    parts.extend(run.summary.latency.iter().map(|summary| latency::matrix(run, summary, canvas)));
    parts.extend(run.summary.costs.iter().map(|cost| cost::matrix(run, cost, canvas)));
    parts
}

fn throughput_matrix(run: &Run, summary: &ThroughputSummary, canvas: Canvas) -> String {
    let matrix = Matrix::of_throughput(run, summary);
    let unit = RateUnit::of_largest(matrix.measured().map(|(_, _, rate)| rate));
    let median = summary.median_bits_per_second.unwrap_or_default();
    let drawing = Drawing {
        title: format!(
            "Throughput{} in {unit}; rows send, columns receive.",
            way(run, summary.path, summary.ip_family)
        ),
        list_title: format!(
            "Throughput{} of each pair, slowest first (the matrix is wider than this terminal).",
            way(run, summary.path, summary.ip_family)
        ),
        unit: unit.to_string(),
        write: Box::new(move |rate| unit.figure(rate)),
        part: Box::new(move |rate| part_of_rate(rate, median)),
        worst_is_largest: false,
    };
    format!("{}{}", drawing.draw(&matrix, canvas), slowest(&matrix, median, unit))
}

/// The sentence that names the slowest pair.
fn slowest(matrix: &Matrix, median: f64, unit: RateUnit) -> String {
    let Some((row, column, rate)) =
        matrix.measured().min_by(|(_, _, one), (_, _, other)| one.total_cmp(other))
    else {
        return "Nothing was measured.\n".to_owned();
    };
    let part = rate / median * 100.0;
    format!(
        "\nSlowest: {} → {}, {} {unit}, {part:.0}% of the median.\n",
        matrix.rows[row],
        matrix.columns[column],
        unit.figure(rate),
    )
}
