//! What has changed since another run: a matrix, and a list of what has changed for the worse.

use std::fmt::Write;

use comfy_table::Cell;

use super::{Canvas, Drawing, style, way};
use crate::analysis::Matrix;
use crate::document::{Comparison, PairChange, Route, Run, Verdict, WayComparison};
use crate::quantity::RateUnit;

/// The comparison of a run; empty if it was not compared.
pub(in crate::view) fn text(run: &Run, canvas: Canvas) -> String {
    let Some(comparison) = &run.comparison else { return String::new() };
    let mut text = format!(
        "Compared with {} of {}.\n",
        comparison.base,
        comparison.base_started_at.strftime("%Y-%m-%d %H:%M UTC")
    );
    for difference in &comparison.differences {
        let _ = writeln!(text, "  • {difference}");
    }
    for way in &comparison.ways {
        text.push('\n');
        text.push_str(&of_way(run, comparison, way, canvas));
    }
    if comparison.ways.is_empty() {
        text.push_str("The two runs have no path in common: nothing can be compared.\n");
    }
    text
}

fn of_way(run: &Run, comparison: &Comparison, changes: &WayComparison, canvas: Canvas) -> String {
    let of = way(run, changes.path, changes.ip_family);
    let drawing = Drawing {
        title: format!("Change of throughput{of} in %; rows send, columns receive."),
        list_title: format!("Change of throughput{of} of each pair, the worst first."),
        unit: "%".to_owned(),
        write: Box::new(signed),
        part: Box::new(|percent| 1.0 + percent / 100.0),
        worst_is_largest: false,
    };
    let mut text = drawing.draw(&Matrix::of_change(run, changes), canvas);
    let worse = changes.worse();
    text.push('\n');
    text.push_str(&verdicts(changes, comparison.level, run.parameters.measurement.repeat));
    if !worse.is_empty() {
        text.push('\n');
        text.push_str(&table(&worse, changes, canvas));
    }
    text
}

/// How many pairs are slower, faster, the same.
fn verdicts(changes: &WayComparison, level: f64, repeat: u32) -> String {
    let words = [
        (Verdict::Slower, "slower"),
        (Verdict::Faster, "faster"),
        (Verdict::Same, "the same within chance"),
        (Verdict::Unclear, "with too few values to tell"),
        (Verdict::NowFails, "failing now"),
        (Verdict::NowWorks, "working again"),
        (Verdict::StillFails, "failing still"),
        (Verdict::OnlyInOne, "measured in one run only"),
    ];
    let counts = words.into_iter().filter_map(|(verdict, word)| {
        let count = changes.count(verdict);
        (count > 0).then(|| format!("{count} {word}"))
    });
    let counts: Vec<String> = counts.collect();
    let called = changes.count(Verdict::Slower) + changes.count(Verdict::Faster);
    let chance = match called {
        0 => String::new(),
        _ if repeat > 1 => {
            format!(" At most {:.0}% of those called slower or faster are so by chance.", level * 100.0)
        }
        _ => " With one test of each pair, the noise between two tests is a guess: --repeat 3 tells more."
            .to_owned(),
    };
    let median = changes.median_percent.map(|percent| format!("; median change {}%", signed(percent)));
    let pairs = if changes.pairs.len() == 1 { "pair" } else { "pairs" };
    format!(
        "{} {pairs} over {}: {}{}.{chance}\n",
        changes.pairs.len(),
        Route { path: changes.path, ip_family: changes.ip_family }.to_string(),
        counts.join(", "),
        median.unwrap_or_default()
    )
}

/// What has changed for the worse, a line each.
fn table(worse: &[&PairChange], changes: &WayComparison, canvas: Canvas) -> String {
    let rates = changes.pairs.iter().flat_map(|pair| [pair.base_bits_per_second, pair.bits_per_second]);
    let unit = RateUnit::of_largest(rates.flatten());
    let mut table = style::table(canvas);
    let mut header = ["SENDER", "RECEIVER"].map(style::header).to_vec();
    let columns = [format!("THEN {unit}"), format!("NOW {unit}"), "CHANGE  ".to_owned(), "P".to_owned()];
    header.extend(columns.map(|text| style::right(style::header(text))));
    table.set_header(header);
    for pair in worse {
        let figure = |rate: Option<f64>| style::or_dash(rate.map(|rate| unit.figure(rate)));
        table.add_row([
            Cell::new(&pair.sender),
            Cell::new(&pair.receiver),
            figure(pair.base_bits_per_second),
            figure(pair.bits_per_second),
            match pair.percent {
                Some(percent) => {
                    style::figure(&format!("{}%", signed(percent)), 1.0 + percent / 100.0, false, canvas)
                }
                None => style::failed(),
            },
            style::or_dash(pair.p.map(probability)),
        ]);
    }
    style::finish(table)
}

fn signed(percent: f64) -> String {
    // not `-0.0`
    if percent.abs() < 0.05 { "0.0".to_owned() } else { format!("{percent:+.1}") }
}

/// A probability, never as zero.
fn probability(p: f64) -> String {
    if p < 0.001 { "<0.001".to_owned() } else { format!("{p:.3}") }
}
