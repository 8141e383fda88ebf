//! Comparison with the baseline: a matrix of changes, and a table of regressions.

use std::fmt::Write;

use super::{Canvas, MatrixRenderer, route_suffix, style};
use crate::analysis::{Matrix, part_of_change};
use crate::document::{Comparison, Measure, PairChange, RouteComparison, Run, Unit, Verdict};
use crate::quantity::RateUnit;
use crate::quantity::plural;
use crate::view::text::{INCONCLUSIVE, axes, format_signed_percent, format_time, format_value};

/// Empty if the run has no comparison.
pub(in crate::view) fn text(run: &Run, canvas: Canvas) -> String {
    let Some(comparison) = &run.comparison else { return String::new() };
    let mut text = format!(
        "Compared with baseline {} ({}).\n",
        comparison.base,
        format_time(comparison.base_started_at)
    );
    for difference in &comparison.differences {
        let _ = writeln!(text, "  • {difference}");
    }
    for changes in &comparison.routes {
        text.push('\n');
        text.push_str(&route_section(run, comparison, changes, canvas));
    }
    if comparison.routes.is_empty() {
        text.push_str("Nothing to compare: the runs have no path in common.\n");
    }
    text
}

fn route_section(run: &Run, comparison: &Comparison, changes: &RouteComparison, canvas: Canvas) -> String {
    let over = route_suffix(run, changes.route);
    let metric = changes.metric;
    let (name, axes) = (metric.comparison_name(), axes(metric.measure));
    let renderer = MatrixRenderer {
        title: format!("{name} change{over} in %; {axes}."),
        list_title: format!("{name} change{over} per pair, worst first."),
        unit: "%".to_owned(),
        format_value: Box::new(format_signed_percent),
        part: Box::new(|percent| part_of_change(percent, metric)),
        is_larger_worse: metric.is_larger_worse(),
        marks: if metric.is_larger_worse() {
            ["more than twice the baseline", "more than 1.18 times the baseline"]
        } else {
            ["less than 50% of the baseline", "less than 85% of the baseline"]
        },
    };
    let mut text = renderer.render(&Matrix::of_change(run, changes), canvas);
    let worse = changes.worse();
    text.push('\n');
    text.push_str(&verdict_summary(changes, comparison.level, run.parameters.measurement.repeat));
    if !worse.is_empty() {
        text.push('\n');
        text.push_str(&regressions(&worse, changes, canvas));
    }
    text
}

/// Number of pairs per verdict, and how reliable the verdicts are.
fn verdict_summary(changes: &RouteComparison, level: f64, repeat: u32) -> String {
    let verdicts = [
        (Verdict::Slower, "slower"),
        (Verdict::Faster, "faster"),
        (Verdict::Same, "without significant change"),
        (Verdict::Unclear, "inconclusive (too few samples)"),
        (Verdict::NowFails, "newly failing"),
        (Verdict::NowWorks, "recovered"),
        (Verdict::StillFails, "still failing"),
        (Verdict::OnlyInOne, "in one run only"),
    ];
    let counts = verdicts.into_iter().filter_map(|(verdict, name)| {
        let count = changes.count(verdict);
        (count > 0).then(|| format!("{count} {name}"))
    });
    let counts: Vec<String> = counts.collect();
    let significant = changes.count(Verdict::Slower) + changes.count(Verdict::Faster);
    let reliability = match significant {
        0 => String::new(),
        _ if repeat > 1 => format!(" False discovery rate: at most {:.0}%.", level * 100.0),
        _ => " With one test per pair, the noise between tests is estimated: --repeat 3 measures it."
            .to_owned(),
    };
    let median =
        changes.median_percent.map(|percent| format!("; median change {}%", format_signed_percent(percent)));
    format!(
        "{} over {}: {}{}.{reliability}\n",
        plural(changes.pairs.len(), "pair"),
        changes.route,
        counts.join(", "),
        median.unwrap_or_default()
    )
}

fn regressions(worse: &[&PairChange], changes: &RouteComparison, canvas: Canvas) -> String {
    let metric = changes.metric;
    let rates = changes.pairs.iter().flat_map(|pair| [pair.base, pair.value]);
    let rate_unit = RateUnit::of_largest(rates.flatten());
    // other values have their unit
    let unit = if metric.unit == Unit::BitsPerSecond { format!(" {rate_unit}") } else { String::new() };
    let ends = match metric.measure {
        Measure::Throughput => ["SENDER", "RECEIVER"],
        Measure::Latency => ["CLIENT", "SERVER"],
    };
    let mut table = style::Table::new(canvas);
    let mut header = ends.map(style::header).to_vec();
    let columns = [format!("BASELINE{unit}"), format!("NOW{unit}"), "CHANGE  ".to_owned(), "P".to_owned()];
    header.extend(columns.map(|title| style::right(style::header(title))));
    table.add_row(header);
    for pair in worse {
        let value =
            |value: Option<f64>| style::or_dash(value.map(|value| format_value(metric, value, rate_unit)));
        table.add_row([
            style::Cell::new(pair.sender),
            style::Cell::new(pair.receiver),
            value(pair.base),
            value(pair.value),
            match pair.percent {
                Some(percent) => {
                    let text = format!("{}%", format_signed_percent(percent));
                    let is_larger_worse = metric.is_larger_worse();
                    style::heat_cell(&text, part_of_change(percent, metric), is_larger_worse, canvas)
                }
                None => style::failed(),
            },
            match pair.verdict {
                Verdict::Unclear => style::right(style::Cell::new("inconclusive")),
                _ => style::or_dash(pair.p.map(format_p_value)),
            },
        ]);
    }
    let mut text = table.finish();
    if worse.iter().any(|pair| pair.verdict == Verdict::Unclear) {
        let _ = writeln!(text, "inconclusive: {INCONCLUSIVE}.");
    }
    text
}

/// Never zero.
fn format_p_value(p: f64) -> String {
    if p < 0.001 { "<0.001".to_owned() } else { format!("{p:.3}") }
}
