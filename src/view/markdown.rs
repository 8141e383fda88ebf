//! Markdown for tickets: what is wrong, the matrix, what failed.

use std::collections::HashSet;
use std::fmt::Write;

use super::View;
use super::notes::notes;
use super::words::{about, way};
use crate::analysis::{Cell, Level, Matrix};
use crate::document::{Command, Outcome, Route, Run};
use crate::explanation::by_reason;
use crate::quantity::{RateUnit, duration, rate};
use crate::sanitize;

pub(super) struct Markdown;

impl View for Markdown {
    fn render(&self, run: &Run) -> String {
        let mut text = heading(run);
        list(&mut text, "Findings", run.findings.iter().map(|finding| escaped(&finding.sentence)));
        list(
            &mut text,
            "Gates",
            run.breaches.iter().map(|breach| {
                let reached = breach.bits_per_second.map_or_else(|| "failed".to_owned(), rate);
                let (sender, receiver) = (escaped(&breach.sender), escaped(&breach.receiver));
                let over = match run.summary.throughput.len() {
                    0 | 1 => String::new(),
                    _ => format!(
                        " over {}",
                        Route { path: breach.path, ip_family: breach.ip_family }.to_string()
                    ),
                };
                format!("{}: {sender} → {receiver}{over} {reached}", code(&breach.gate))
            }),
        );
        matrices(&mut text, run);
        text.push_str(&comparison(run));
        failures(&mut text, run);
        text
    }
}

fn heading(run: &Run) -> String {
    let context = run.cluster.as_ref().and_then(|cluster| cluster.context.as_deref());
    let of = context.map_or_else(String::new, |context| format!(" of {}", escaped(context)));
    let mut text = format!("## Network benchmark{of}\n\n");
    let when = run.started_at.strftime("%Y-%m-%d %H:%M UTC");
    let _ = writeln!(text, "Run {}, {when}: {}.", code(&run.id), about(run));
    for note in notes(run) {
        let _ = writeln!(text, "\n{}", escaped(&note));
    }
    text
}

/// So many items of a list are what anybody reads in a ticket.
const LISTED: usize = 30;

/// A heading and a list below it; nothing if the list is empty.
fn list(text: &mut String, heading: &str, items: impl Iterator<Item = String>) {
    let items: Vec<String> = items.collect();
    if !items.is_empty() {
        let _ = writeln!(text, "\n### {heading}\n");
    }
    for item in items.iter().take(LISTED) {
        let _ = writeln!(text, "- {item}");
    }
    if items.len() > LISTED {
        let _ = writeln!(text, "- and {} more", items.len() - LISTED);
    }
}

fn matrices(text: &mut String, run: &Run) {
    for summary in &run.summary.throughput {
        let unit = RateUnit::of_largest(summary.pairs.iter().filter_map(|pair| pair.mean_bits_per_second));
        let of = way(run, summary.path, summary.ip_family);
        let _ = writeln!(
            text,
            "\n### Throughput{of} in {unit}\n\nRows send, columns receive; **bold** is less than half of the median.\n"
        );
        let matrix = Matrix::of_throughput(run, summary);
        grid(text, &matrix, |rate| unit.figure(rate));
        if let Some(back) = Matrix::of_way_back(run, summary) {
            text.push_str("\nBack: columns send, rows receive.\n\n");
            grid(text, &back, |rate| unit.figure(rate));
        }
    }
    for summary in &run.summary.latency {
        let of = way(run, summary.path, summary.ip_family);
        let _ = writeln!(text, "\n### Latency{of}\n\nRows ask, columns answer, without load.\n");
        grid(text, &Matrix::of_latency(run, summary), duration);
    }
    for cost in &run.summary.costs {
        let (path, against) =
            (Route { path: cost.path, ip_family: cost.ip_family }.to_string(), cost.against.name());
        let _ = writeln!(text, "\n### {path} costs {:.1}% against {against}\n", cost.mean_percent);
        if run.command == Command::Matrix {
            grid(text, &Matrix::of_cost(run, cost), |percent| format!("{percent:.1}%"));
        }
    }
}

fn grid(text: &mut String, matrix: &Matrix, write: impl Fn(f64) -> String) {
    let names = matrix.columns.iter().map(|name| escaped(name));
    let _ = writeln!(text, "| |{}|", names.collect::<Vec<_>>().join("|"));
    let _ = writeln!(text, "|---|{}", "--:|".repeat(matrix.columns.len()));
    for (name, cells) in matrix.rows.iter().zip(&matrix.cells) {
        let cells = cells.iter().map(|cell| match cell {
            Cell::Diagonal => "–".to_owned(),
            Cell::NotMeasured => "?".to_owned(),
            Cell::Failed => "**failed**".to_owned(),
            Cell::Measured { value, part, some_failed } => {
                let star = if *some_failed { "\\*" } else { "" };
                let bold = if Level::of_part(*part) == Level::VeryBad { "**" } else { "" };
                format!("{bold}{star}{}{bold}", write(*value))
            }
        });
        let _ = writeln!(text, "|**{}**|{}|", escaped(name), cells.collect::<Vec<_>>().join("|"));
    }
}

/// What has changed since another run; empty if it was not compared.
pub(super) fn comparison(run: &Run) -> String {
    let Some(comparison) = &run.comparison else { return String::new() };
    let when = comparison.base_started_at.strftime("%Y-%m-%d %H:%M UTC");
    let mut text = format!("\n### Compared with {} of {when}\n", code(&comparison.base));
    if !comparison.differences.is_empty() {
        text.push('\n');
    }
    for difference in &comparison.differences {
        let _ = writeln!(text, "- {}", escaped(difference));
    }
    for changes in &comparison.ways {
        let of = way(run, changes.path, changes.ip_family);
        let _ = writeln!(text, "\nChange{of} in percent:\n");
        grid(&mut text, &Matrix::of_change(run, changes), |percent| format!("{percent:+.1}"));
        let worse = changes.worse();
        if worse.is_empty() {
            text.push_str("\nNothing has changed for the worse by more than chance.\n");
        }
        let items = worse.iter().map(|pair| {
            let figure = |figure: Option<f64>| figure.map_or_else(|| "failed".to_owned(), rate);
            let percent = pair.percent.map_or_else(String::new, |percent| format!(" ({percent:+.1}%)"));
            format!(
                "{} → {}: {} → {}{percent}",
                escaped(&pair.sender),
                escaped(&pair.receiver),
                figure(pair.base_bits_per_second),
                figure(pair.bits_per_second)
            )
        });
        list(&mut text, "Slower or failing", items);
    }
    text
}

fn failures(text: &mut String, run: &Run) {
    let failed = run.tests.iter().filter_map(|test| match &test.outcome {
        Outcome::Failed(failure) => Some((failure.reason.as_str(), test.sender_and_receiver())),
        Outcome::Ok(_) => None,
    });
    let reasons = by_reason(failed);
    list(
        text,
        "Failures",
        reasons.iter().map(|(reason, pairs)| {
            let pairs =
                pairs.iter().map(|(sender, receiver)| format!("{} → {}", escaped(sender), escaped(receiver)));
            // over several paths, one pair fails more than once
            let mut seen = HashSet::new();
            let pairs = pairs.filter(|pair| seen.insert(pair.clone()));
            let mut pairs: Vec<String> = pairs.take(LISTED + 1).collect();
            if pairs.len() > LISTED {
                pairs.truncate(LISTED);
                pairs.push("…".to_owned());
            }
            format!("{}: {}", pairs.join(", "), escaped(reason))
        }),
    );
}

/// Text in a span of code, whatever is in it.
fn code(text: &str) -> String {
    format!("`{}`", sanitize::line(text).replace('`', "'"))
}

/// Text that stays text, in a table too: no markup, no address that becomes a link, no name that
/// somebody is called by.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let text = sanitize::line(text);
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        match character {
            '\\' | '`' | '*' | '_' | '<' | '>' | '|' | '[' | ']' | '#' | '&' | '~' | '$' => {
                escaped.push('\\');
                escaped.push(character);
            }
            // a backslash does not keep a forge from calling whom it finds in the text
            '@' => escaped.push_str("`@`"),
            // with or without a scheme, an address becomes a link
            ':' if rest.as_str().starts_with("//") => escaped.push_str("\\:"),
            '.' if escaped.ends_with("www") || escaped.ends_with("WWW") => escaped.push_str("\\."),
            _ => escaped.push(character),
        }
    }
    escaped
}
