//! Markdown for issues and tickets: findings, failed gates, matrices, failures.

use std::collections::HashSet;
use std::fmt::Write;

use super::labels::{describe_run, overhead_name, route_suffix};
use super::notes::notes;
use super::terminal::overhead;
use super::text::{
    INCONCLUSIVE, axes, format_percent, format_signed_percent, format_time, format_value, pair_name,
};
use crate::analysis::{Cell, Level, Matrix};
use crate::document::{
    Breach, Command, Cost, NodeId, Outcome, PairChange, PairSummary, RouteComparison, Run, Unit, Verdict,
};
use crate::explanation::by_reason;
use crate::quantity::{RateUnit, duration, join_first, rate};
use crate::sanitize;

pub(super) fn render(run: &Run) -> String {
    let mut text = header(run);
    push_list(&mut text, "Findings", run.findings.iter().map(|finding| escape(&finding.sentence)));
    push_list(&mut text, "Failed gates", run.breaches.iter().map(|breach| breach_item(run, breach)));
    push_matrices(&mut text, run);
    text.push_str(&comparison(run));
    push_failures(&mut text, run);
    text
}

fn header(run: &Run) -> String {
    let context = run.cluster.as_ref().and_then(|cluster| cluster.context.as_deref());
    let of = context.map_or_else(String::new, |context| format!(" of {}", escape(context)));
    let mut text = format!("## Network benchmark{of}\n\n");
    let time = format_time(run.started_at);
    let _ = writeln!(text, "Run {}, {time}: {}.", code_span(&run.id), describe_run(run));
    for note in notes(run) {
        let _ = writeln!(text, "\n{}", escape(&note));
    }
    text
}

fn breach_item(run: &Run, breach: &Breach) -> String {
    let measured = rate_or_failed(breach.bits_per_second);
    let over = match run.summary.throughput.len() {
        0 | 1 => String::new(),
        _ => format!(" over {}", breach.route),
    };
    let pair = escaped_pair(breach.sender, breach.receiver);
    format!("{}: {pair}{over} {measured}", code_span(&breach.gate))
}

/// Longer lists are cut off: a ticket is not the place for them.
const MAX_ITEMS: usize = 30;

/// Appends a heading and a list, or nothing if there are no items.
fn push_list(text: &mut String, heading: &str, items: impl Iterator<Item = String>) {
    let items: Vec<String> = items.collect();
    if !items.is_empty() {
        let _ = writeln!(text, "\n### {heading}\n");
    }
    for item in items.iter().take(MAX_ITEMS) {
        let _ = writeln!(text, "- {item}");
    }
    if items.len() > MAX_ITEMS {
        let _ = writeln!(text, "- and {} more", items.len() - MAX_ITEMS);
    }
}

fn push_matrices(text: &mut String, run: &Run) {
    for summary in &run.summary.throughput {
        let unit = RateUnit::of_largest(summary.pairs.iter().filter_map(PairSummary::mean_bits_per_second));
        let over = route_suffix(run, summary.route);
        let _ = writeln!(
            text,
            "\n### Throughput{over} in {unit}\n\nRows send, columns receive; **bold** is less than half of the median.\n"
        );
        push_grid(text, &Matrix::of_throughput(run, summary), |rate| unit.format(rate));
        if let Some(reverse) = Matrix::from_external_server(run, summary) {
            text.push_str("\nReverse direction: columns send, rows receive.\n\n");
            push_grid(text, &reverse, |rate| unit.format(rate));
        }
    }
    for summary in &run.summary.latency {
        let over = route_suffix(run, summary.route);
        let _ = writeln!(
            text,
            "\n### Idle latency{over}\n\nMean round trip; rows are clients, columns are servers; **bold** is more than twice the median.\n"
        );
        push_grid(text, &Matrix::of_latency(run, summary), duration);
    }
    for cost in &run.summary.costs {
        push_overhead(text, run, cost);
    }
}

fn push_overhead(text: &mut String, run: &Run, cost: &Cost) {
    let (path, against) = (cost.route.path.name(), cost.against.name());
    let (name, over) = (overhead_name(cost.route.path), cost.route.over_family());
    let _ = writeln!(text, "\n### {name}{over}\n\n{}", escape(overhead(cost).trim_end()));
    if run.command == Command::Matrix {
        let _ = writeln!(
            text,
            "\nThroughput lost over {path} compared with {against}; rows send, columns receive; **bold** is more than \
             50%.\n"
        );
        push_grid(text, &Matrix::of_cost(run, cost), |percent| format!("{}%", format_percent(percent)));
    }
}

fn push_grid(text: &mut String, matrix: &Matrix, format_value: impl Fn(f64) -> String) {
    let names = matrix.columns.iter().map(|name| escape(name));
    let _ = writeln!(text, "| |{}|", names.collect::<Vec<_>>().join("|"));
    let _ = writeln!(text, "|---|{}", "--:|".repeat(matrix.columns.len()));
    for (name, cells) in matrix.rows.iter().zip(&matrix.cells) {
        let cells = cells.iter().map(|cell| match cell {
            Cell::Diagonal => "–".to_owned(),
            Cell::NotMeasured => "?".to_owned(),
            Cell::Failed => "**failed**".to_owned(),
            Cell::Measured { value, part, .. } => {
                let marks = escape(cell.marks());
                let bold = if Level::of_part(*part) == Level::VeryBad { "**" } else { "" };
                format!("{bold}{marks}{}{bold}", format_value(*value))
            }
        });
        let _ = writeln!(text, "|**{}**|{}|", escape(name), cells.collect::<Vec<_>>().join("|"));
    }
}

/// Comparison with the baseline; empty if the run has none.
pub(super) fn comparison(run: &Run) -> String {
    let Some(comparison) = &run.comparison else { return String::new() };
    let (baseline, time) = (code_span(&comparison.base), format_time(comparison.base_started_at));
    let mut text = format!("\n### Compared with baseline {baseline} ({time})\n");
    if !comparison.differences.is_empty() {
        text.push('\n');
    }
    for difference in &comparison.differences {
        let _ = writeln!(text, "- {}", escape(difference));
    }
    for changes in &comparison.routes {
        let over = route_suffix(run, changes.route);
        let (name, axes) = (changes.metric.comparison_name(), axes(changes.metric.measure));
        let _ = writeln!(
            text,
            "\n{name} change{over} in %; {axes}; **bold** is half as good as before, or worse.\n"
        );
        push_grid(&mut text, &Matrix::of_change(run, changes), format_signed_percent);
        let worse = changes.worse();
        if worse.is_empty() {
            text.push_str("\nNo regressions.\n");
        }
        let has_inconclusive = worse.iter().any(|pair| pair.verdict == Verdict::Unclear);
        push_list(&mut text, "Regressions", worse.into_iter().map(|pair| regression_item(changes, pair)));
        if has_inconclusive {
            let _ = writeln!(text, "\nInconclusive: {INCONCLUSIVE}.");
        }
    }
    text
}

fn regression_item(changes: &RouteComparison, pair: &PairChange) -> String {
    let value = |value: Option<f64>| match (value, changes.metric.unit) {
        (None, _) => "failed".to_owned(),
        (Some(value), Unit::BitsPerSecond) => rate(value),
        (Some(value), _) => format_value(changes.metric, value, RateUnit::Gigabit),
    };
    let mark = if pair.verdict == Verdict::Unclear { ", inconclusive" } else { "" };
    let percent = pair
        .percent
        .map_or_else(String::new, |percent| format!(" ({}%{mark})", format_signed_percent(percent)));
    format!(
        "{}: {} → {}{percent}",
        escaped_pair(pair.sender, pair.receiver),
        value(pair.base),
        value(pair.value)
    )
}

fn push_failures(text: &mut String, run: &Run) {
    let failed = run.tests.iter().filter_map(|test| match &test.outcome {
        Outcome::Failed(failure) => Some((failure.reason.as_str(), test.sender_and_receiver())),
        Outcome::Ok(_) => None,
    });
    let items = by_reason(failed).into_iter().map(|(reason, pairs)| {
        // with several paths, the same pair may fail more than once
        let mut seen = HashSet::new();
        let pairs = pairs.into_iter().filter(|pair| seen.insert(*pair));
        let pairs: Vec<String> = pairs.map(|(sender, receiver)| escaped_pair(sender, receiver)).collect();
        format!("{}: {}", join_first(&pairs, MAX_ITEMS), escape(reason))
    });
    push_list(text, "Failures", items);
}

fn rate_or_failed(bits_per_second: Option<f64>) -> String {
    bits_per_second.map_or_else(|| "failed".to_owned(), rate)
}

fn escaped_pair(sender: NodeId, receiver: NodeId) -> String {
    pair_name(escape(&sender), escape(&receiver))
}

/// Backticks in `text` become apostrophes: they would end the span.
fn code_span(text: &str) -> String {
    format!("`{}`", sanitize::line(text).replace('`', "'"))
}

/// Escapes text, also for use in tables: no markup, no automatic links, no mentions.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let text = sanitize::line(text);
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        match character {
            '\\' | '`' | '*' | '_' | '<' | '>' | '|' | '[' | ']' | '#' | '&' | '~' | '$' => {
                escaped.push('\\');
                escaped.push(character);
            }
            // GitHub and GitLab resolve a mention even after a backslash
            '@' => escaped.push_str("`@`"),
            // a URL becomes a link, with or without its scheme
            ':' if rest.as_str().starts_with("//") => escaped.push_str("\\:"),
            '.' if escaped.ends_with("www") || escaped.ends_with("WWW") => escaped.push_str("\\."),
            _ => escaped.push(character),
        }
    }
    escaped
}
