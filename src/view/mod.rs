//! From a run document to what people and programs read. Pure: returns text.

mod cost;
mod details;
mod drawing;
mod failures;
mod latency;
mod names;
mod quantity;
mod style;

pub use quantity::{RateUnit, duration};

use drawing::Drawing;

use crate::analysis::{Level, Matrix};
use crate::document::{Command, EngineName, IpFamily, Measure, Node, Path, Run, State, ThroughputSummary};
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
        // towards one server and back is no matrix
        (_, Command::Matrix) if run.parameters.to.is_some() && run.parameters.bidirectional => {
            vec![details::table(run, format == Format::Wide, canvas), cost::sentences(run)]
        }
        (Format::Table, Command::Matrix) => matrices(run, canvas),
        (Format::Wide, Command::Matrix) => {
            let mut parts = matrices(run, canvas);
            parts.push(details::table(run, true, canvas));
            parts.push(latency::table(run, canvas));
            parts
        }
        (_, Command::Pair) => {
            let wide = format == Format::Wide;
            vec![details::table(run, wide, canvas), latency::table(run, canvas), cost::sentences(run)]
        }
    };
    parts.push(failures::text(run, canvas));
    parts.push(notes(run));
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
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
        level: Box::new(move |rate| Level::of_rate(rate, median)),
        worst_is_largest: false,
    };
    format!("{}{}", drawing.draw(&matrix, canvas), slowest(&matrix, median, unit))
}

/// The words that tell the path of a matrix from the others: none if there are no others.
fn way(run: &Run, path: Path, ip_family: Option<IpFamily>) -> String {
    let path = match run.parameters.paths.len() {
        0 | 1 => String::new(),
        _ => format!(" over {}", path_name(path)),
    };
    path + family(ip_family)
}

/// The words that tell a version of IP from the other: none if none was asked for.
fn family(ip_family: Option<IpFamily>) -> &'static str {
    match ip_family {
        Some(IpFamily::Ipv4) => " by IPv4",
        Some(IpFamily::Ipv6) => " by IPv6",
        None => "",
    }
}

/// A path, with the version of IP if one was asked for.
pub fn way_name(path: Path, ip_family: Option<IpFamily>) -> String {
    format!("{}{}", path_name(path), family(ip_family))
}

/// A path as the command line has it.
fn path_name(path: Path) -> &'static str {
    match path {
        Path::Pod => "pod",
        Path::Service => "service",
        Path::NodePort => "nodeport",
        Path::LoadBalancer => "loadbalancer",
        Path::Host => "host",
        Path::Loopback => "loopback",
    }
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

/// What a reader must know about the figures.
fn notes(run: &Run) -> String {
    let mut notes = Vec::new();
    if run.state == State::Partial {
        let (done, planned) = (run.tests.len(), run.planned_tests);
        notes.push(format!("Partial: the run was ended after {done} of {planned} tests."));
    }
    let cpu_bound = cpu_bound_tests(run);
    if cpu_bound > 0 {
        let all = run.tests.iter().filter(|test| test.measure == Measure::Throughput).count();
        notes.push(format!(
            "CPU-bound: iperf3 kept a processor busy in {cpu_bound} of {all} tests; \
             these show what the processor can do, not the network."
        ));
    }
    let pairs = || run.summary.throughput.iter().flat_map(|summary| &summary.pairs);
    let latencies = || run.summary.latency.iter().flat_map(|summary| &summary.pairs);
    if pairs().any(|pair| pair.failed > 0 && pair.measured > 0)
        || latencies().any(|pair| pair.failed > 0 && pair.measured > 0)
    {
        notes.push("* Some of the pair's tests failed: this is the mean of the others.".to_owned());
    }
    if let Some(resolution) = coarse_percentiles(run) {
        notes.push(format!(
            "Percentiles are the upper ends of steps of {}: this iperf 2 has no finer ones.",
            duration(resolution)
        ));
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

/// The resolution of percentiles in microseconds, where it is too coarse for what was measured.
fn coarse_percentiles(run: &Run) -> Option<f64> {
    let latencies = run.tests.iter().filter_map(|test| test.outcome.latency());
    let coarse =
        latencies.filter(|latency| latency.resolution_microseconds > latency.mean_microseconds / 2.0);
    coarse.map(|latency| latency.resolution_microseconds).reduce(f64::max)
}

/// How many tests show the processor rather than the network.
fn cpu_bound_tests(run: &Run) -> usize {
    if run.parameters.engine != EngineName::Iperf3 {
        return 0;
    }
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
