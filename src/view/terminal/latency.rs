//! Round-trip latency, as a matrix and with one row per pair.

use super::{Canvas, MatrixRenderer, route_suffix, style};
use crate::analysis::{Matrix, part_of_latency};
use crate::document::{LatencyPair, LatencySummary, Measure, Metric, Run};
use crate::quantity::{RateUnit, duration};
use crate::view::text::{format_value, key_metrics, pair_name, titles};

/// Mean latency without load, followed by the pair whose latency increases most under load.
pub(super) fn matrix(run: &Run, summary: &LatencySummary, canvas: Canvas) -> String {
    let median = summary.median_microseconds.unwrap_or_default();
    let over = route_suffix(run, summary.route);
    let matrix = Matrix::of_latency(run, summary);
    if matrix.measured().next().is_none() {
        return format!("No latency was measured{over}.\n");
    }
    let renderer = MatrixRenderer {
        title: format!("Idle latency{over} in ms (mean round trip); rows are clients, columns servers."),
        list_title: format!("Idle latency{over} per pair (mean round trip), highest first."),
        unit: "ms".to_owned(),
        format_value: Box::new(milliseconds_without_unit),
        part: Box::new(move |latency| part_of_latency(latency, median)),
        is_larger_worse: true,
        marks: ["more than twice the median", "more than 1.18 times the median"],
    };
    let worst = worst_under_load(summary).unwrap_or_default();
    renderer.render(&matrix, canvas) + &worst
}

fn worst_under_load(summary: &LatencySummary) -> Option<String> {
    let loaded = summary.pairs.iter();
    let loaded = loaded.filter_map(|pair| Some((pair, pair.under_load_microseconds?, pair.load_ratio?)));
    let (pair, latency, ratio) = loaded.max_by(|(_, _, one), (_, _, other)| one.total_cmp(other))?;
    let (name, latency) = (pair_name(pair.client, pair.server), duration(latency));
    let digits = usize::from(ratio < 10.0);
    Some(format!(
        "\nHighest latency under load: {name}, {latency}, {ratio:.digits$} times the idle latency.\n"
    ))
}

/// One row per pair; empty if latency was not measured.
pub(super) fn table(run: &Run, canvas: Canvas) -> String {
    if run.summary.latency.is_empty() {
        return String::new();
    }
    let has_path = run.summary.latency.len() > 1;
    let mut table = style::Table::new(canvas);
    let mut header = vec![style::header("CLIENT"), style::header("SERVER")];
    if has_path {
        header.push(style::header("PATH"));
    }
    header.push(style::right(style::header("LATENCY  ")));
    let metrics: Vec<&Metric> = key_metrics(run, Measure::Latency).collect();
    let titles = titles(metrics.iter().copied()).chain(["UNDER LOAD", "RATIO"].map(str::to_owned));
    header.extend(titles.map(|title| style::right(style::header(title))));
    table.add_row(header);
    for summary in &run.summary.latency {
        for pair in &summary.pairs {
            let path = has_path.then(|| summary.route.to_string());
            table.add_row(row(&metrics, pair, path, summary.median_microseconds, canvas));
        }
    }
    table.finish()
}

fn row(
    metrics: &[&Metric],
    pair: &LatencyPair,
    path: Option<String>,
    median: Option<f64>,
    canvas: Canvas,
) -> Vec<style::Cell> {
    let mut row = vec![style::Cell::new(pair.client), style::Cell::new(pair.server)];
    row.extend(path.map(style::Cell::new));
    row.push(match (pair.mean_microseconds(), median) {
        (Some(mean), Some(median)) => {
            style::heat_cell(&duration(mean), part_of_latency(mean, median), true, canvas)
        }
        _ => style::failed(),
    });
    let value = |metric: &Metric| Some(format_value(metric, pair.aggregates.get(metric)?, RateUnit::Gigabit));
    row.extend(metrics.iter().map(|metric| style::or_dash(value(metric))));
    row.push(style::or_dash(pair.under_load_microseconds.map(duration)));
    row.push(style::or_dash(pair.load_ratio.map(|ratio| format!("{ratio:.1}×"))));
    row
}

fn milliseconds_without_unit(microseconds: f64) -> String {
    duration(microseconds).trim_end_matches(" ms").to_owned()
}
