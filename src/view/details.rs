//! Every pair on a line of its own, with what explains its throughput.

use comfy_table::Cell;

use super::{Canvas, RateUnit, style};
use crate::analysis::Level;
use crate::document::{PairSummary, Run};

/// One row per pair, in the order in which they were measured. `wide` adds the spread, and
/// how many of the tests were measured.
pub(super) fn table(run: &Run, wide: bool, canvas: Canvas) -> String {
    let rates = || run.summary.pairs.iter().filter_map(|pair| pair.mean_bits_per_second);
    let unit = RateUnit::of_largest(rates());
    let mut table = style::table(canvas);
    let mut header = vec![style::header("CLIENT"), style::header("SERVER")];
    header.push(style::right(style::header(format!("{unit}  "))));
    let mut figures = vec!["RETRANSMITS", "RTT", "CLIENT CPU", "SERVER CPU"];
    if wide {
        figures.extend(["MIN", "MAX", "STDDEV", "TESTS"]);
    }
    header.extend(figures.into_iter().map(|text| style::right(style::header(text))));
    table.set_header(header);
    for pair in &run.summary.pairs {
        table.add_row(row(pair, run.summary.median_bits_per_second, unit, wide));
    }
    style::finish(table)
}

fn row(pair: &PairSummary, median: Option<f64>, unit: RateUnit, wide: bool) -> Vec<Cell> {
    let throughput = match (pair.mean_bits_per_second, median) {
        (Some(rate), Some(median)) => style::rate(&unit.figure(rate), Level::of(rate, median)),
        _ => style::failed(),
    };
    let figure = |value: Option<f64>, write: &dyn Fn(f64) -> String| match value {
        Some(value) => style::right(Cell::new(write(value))),
        None => style::dim("–"),
    };
    let percent = |value: f64| format!("{value:.0}%");
    let rate = |value: f64| unit.figure(value);
    let mut row = vec![
        Cell::new(&pair.client),
        Cell::new(&pair.server),
        throughput,
        figure(pair.mean_retransmits, &|count| format!("{count:.0}")),
        figure(pair.mean_round_trip_time_microseconds, &|time| milliseconds(time)),
        figure(pair.mean_client_cpu_percent, &percent),
        figure(pair.mean_server_cpu_percent, &percent),
    ];
    if wide {
        row.extend([
            figure(pair.min_bits_per_second, &rate),
            figure(pair.max_bits_per_second, &rate),
            figure(pair.standard_deviation_bits_per_second, &rate),
            style::right(Cell::new(format!("{}/{}", pair.measured, pair.measured + pair.failed))),
        ]);
    }
    row
}

/// Microseconds as milliseconds with three significant digits.
fn milliseconds(microseconds: f64) -> String {
    let milliseconds = microseconds / 1e3;
    let digits = match milliseconds {
        value if value < 1.0 => 3,
        value if value < 10.0 => 2,
        value if value < 100.0 => 1,
        _ => 0,
    };
    format!("{milliseconds:.digits$} ms")
}
