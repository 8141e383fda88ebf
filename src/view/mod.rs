//! From a run document to what people and programs read. Pure: returns text.

mod details;
mod failures;
mod grid;
mod list;
mod names;
mod rate;
mod style;

pub use rate::RateUnit;

use crate::analysis::Matrix;
use crate::document::{Command, Node, Run, State};
use crate::engine::iperf3;

/// The form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// The matrix, or the two directions of a pair.
    Table,
    /// The same with every pair's retransmits, round-trip time and CPU.
    Wide,
    /// The run document.
    Json,
    /// The run document.
    Yaml,
}

/// What the output is drawn on.
#[derive(Debug, Clone, Copy)]
pub struct Canvas {
    /// Columns of the terminal; none for output that is not cut or folded.
    pub width: Option<usize>,
    /// Whether colours are shown.
    pub color: bool,
}

/// Draws a run. The text ends with a newline.
pub fn render(run: &Run, format: Format, canvas: Canvas) -> String {
    let mut parts = match (format, run.command) {
        (Format::Json, _) => return json(run),
        (Format::Yaml, _) => return yaml(run),
        (Format::Table, Command::Matrix) => vec![matrix(run, canvas)],
        (Format::Wide, Command::Matrix) => vec![matrix(run, canvas), details::table(run, true, canvas)],
        (_, Command::Pair) => vec![details::table(run, format == Format::Wide, canvas)],
    };
    parts.push(failures::text(run, canvas));
    parts.push(notes(run));
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

/// The matrix as a grid, or as a list where a grid would not fit.
fn matrix(run: &Run, canvas: Canvas) -> String {
    let matrix = Matrix::of(run);
    let unit = RateUnit::of_largest(matrix.rates());
    let drawn = grid::draw(&matrix, unit, canvas).unwrap_or_else(|| list::draw(&matrix, unit, canvas));
    format!("{drawn}{}", slowest(&matrix, unit))
}

/// The sentence that names the slowest pair.
fn slowest(matrix: &Matrix, unit: RateUnit) -> String {
    let Some((client, server)) = matrix.slowest else {
        return "Nothing was measured.\n".to_owned();
    };
    let rate = matrix.cells[client][server].rate().unwrap_or_default();
    let part = matrix.median.map_or(100.0, |median| rate / median * 100.0);
    format!(
        "\nSlowest: {} → {}, {} {unit}, {part:.0}% of the median.\n",
        matrix.nodes[client],
        matrix.nodes[server],
        unit.figure(rate),
    )
}

/// What a reader must know about the figures.
fn notes(run: &Run) -> String {
    let mut notes = Vec::new();
    if run.state == State::Partial {
        let (done, planned) = (run.tests.len(), run.planned_tests);
        notes.push(format!("Partial: the run was ended after {done} of {planned} tests."));
    }
    let cpu_bound = cpu_bound_tests(run);
    if cpu_bound > 0 {
        let all = run.tests.len();
        notes.push(format!(
            "CPU-bound: iperf3 kept a processor busy in {cpu_bound} of {all} tests; \
             these show what the processor can do, not the network."
        ));
    }
    if run.summary.pairs.iter().any(|pair| pair.failed > 0 && pair.measured > 0) {
        notes.push("* Some of the pair's tests failed: this is the mean of the others.".to_owned());
    }
    let retried = run.tests.iter().filter(|test| test.attempt > 1).count();
    if retried > 0 {
        let tests = if retried == 1 { "test" } else { "tests" };
        notes.push(format!("Retried: {retried} {tests} took more than one attempt."));
    }
    if !notes.is_empty() {
        notes.push(String::new());
    }
    notes.join("\n")
}

/// How many tests show the processor rather than the network.
fn cpu_bound_tests(run: &Run) -> usize {
    // an old iperf3 at either end is what the others have to wait for
    let threads = |node: &Node| iperf3::threads(node.iperf3.as_deref(), run.parameters.parallel);
    let threads = run.nodes.iter().map(threads).min().unwrap_or(1);
    run.tests.iter().filter(|test| test.is_cpu_bound(threads)).count()
}

fn json(run: &Run) -> String {
    // a document has string keys and finite numbers only: nothing in it can fail to serialise
    let mut text = serde_json::to_string_pretty(run).unwrap_or_default();
    text.push('\n');
    text
}

fn yaml(run: &Run) -> String {
    // as for JSON: nothing in a document can fail to serialise
    serde_yaml::to_string(run).unwrap_or_default()
}

#[cfg(test)]
mod tests;
