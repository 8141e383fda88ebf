//! How long answers take: as a matrix, and pair by pair.

use comfy_table::Cell;

use super::{Canvas, Drawing, style, way};
use crate::analysis::{Matrix, part_of_latency};
use crate::document::{LatencyPair, LatencySummary, Route, Run};
use crate::quantity::duration;

/// The mean latencies of all pairs, and how they grow under load.
pub(super) fn matrix(run: &Run, summary: &LatencySummary, canvas: Canvas) -> String {
    let matrix = Matrix::of_latency(run, summary);
    let median = summary.median_microseconds.unwrap_or_default();
    let of = way(run, summary.path, summary.ip_family);
    let drawing = Drawing {
        title: format!("Latency{of} in ms: the mean time of an answer, without load."),
        list_title: format!("Latency{of} of each pair without load, slowest first."),
        unit: "ms".to_owned(),
        write: Box::new(milliseconds),
        part: Box::new(move |latency| part_of_latency(latency, median)),
        worst_is_largest: true,
    };
    let ratios = summary.pairs.iter();
    let ratios = ratios.filter_map(|pair| Some((pair, pair.under_load_microseconds?, pair.load_ratio?)));
    let worst = ratios.max_by(|(_, _, one), (_, _, other)| one.total_cmp(other));
    let under_load = worst.map(|(pair, loaded, ratio)| {
        let loaded = duration(loaded);
        let (client, server) = (&pair.client, &pair.server);
        format!("\nUnder load, worst {client} → {server}: {loaded}, {ratio:.1} times as long.\n")
    });
    drawing.draw(&matrix, canvas) + &under_load.unwrap_or_default()
}

/// Every pair on a line of its own; empty if no latency was measured.
pub(super) fn table(run: &Run, canvas: Canvas) -> String {
    if run.summary.latency.is_empty() {
        return String::new();
    }
    let several = run.summary.latency.len() > 1;
    let mut table = style::table(canvas);
    let mut header = vec![style::header("CLIENT"), style::header("SERVER")];
    if several {
        header.push(style::header("PATH"));
    }
    header.push(style::right(style::header("LATENCY  ")));
    let figures = ["P50", "P95", "P99", "MAX", "UNDER LOAD", "RATIO"];
    header.extend(figures.map(|text| style::right(style::header(text))));
    table.set_header(header);
    for summary in &run.summary.latency {
        for pair in &summary.pairs {
            let path =
                several.then(|| Route { path: summary.path, ip_family: summary.ip_family }.to_string());
            table.add_row(row(pair, path, summary.median_microseconds, canvas));
        }
    }
    style::finish(table)
}

fn row(pair: &LatencyPair, path: Option<String>, median: Option<f64>, canvas: Canvas) -> Vec<Cell> {
    let mut row = vec![Cell::new(&pair.client), Cell::new(&pair.server)];
    row.extend(path.map(Cell::new));
    row.push(match (pair.mean_microseconds, median) {
        (Some(mean), Some(median)) => {
            style::figure(&duration(mean), part_of_latency(mean, median), true, canvas)
        }
        _ => style::failed(),
    });
    let figures = [
        pair.p50_microseconds,
        pair.p95_microseconds,
        pair.p99_microseconds,
        pair.max_microseconds,
        pair.under_load_microseconds,
    ];
    row.extend(figures.map(|figure| style::or_dash(figure.map(duration))));
    row.push(style::or_dash(pair.load_ratio.map(|ratio| format!("{ratio:.1}×"))));
    row
}

/// Milliseconds with as many digits as tell one microsecond from the next, up to a second.
fn milliseconds(microseconds: f64) -> String {
    duration(microseconds).trim_end_matches(" ms").to_owned()
}
