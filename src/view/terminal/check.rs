//! The report of a check: a row for each item, with its help below.

use anstyle::{AnsiColor, Style};

use super::{Canvas, style};
use crate::check::{Item, Level, Report};
use crate::quantity::plural;

/// One row per item, and a summary.
pub fn table(report: &Report, canvas: Canvas) -> String {
    let mut table = style::Table::new(canvas);
    for Item { level, topic, found, remedy, .. } in &report.items {
        let remedy = remedy.as_ref().map_or(String::new(), |remedy| format!("\nhelp: {remedy}"));
        let text = style::Cell::new(format!("{found}{remedy}"));
        table.add_row([level_cell(*level), style::Cell::new(topic.name()), text]);
    }
    table.wrap_last_column();
    let hint = report.hint().map_or(String::new(), |hint| format!("{hint}\n"));
    canvas.encode(format!("{}\n{}\n{hint}", table.finish(), summary(report)))
}

/// The level by symbol, word and color, so that it is readable without the color.
fn level_cell(level: Level) -> style::Cell {
    let (text, style): (&str, Style) = match level {
        Level::Ok => ("✓ ok", AnsiColor::Green.on_default()),
        Level::Warning => ("! warning", AnsiColor::Yellow.on_default()),
        Level::Problem => ("✗ problem", AnsiColor::Red.on_default().bold()),
    };
    style::Cell::new(text).style(style)
}

fn summary(report: &Report) -> String {
    let (problems, warnings) = (plural(report.problems, "problem"), plural(report.warnings, "warning"));
    match (report.problems, report.warnings) {
        (0, 0) => "No problems".to_owned(),
        (0, _) => format!("No blocking problems, {warnings}"),
        (_, 0) => problems,
        (_, _) => format!("{problems}, {warnings}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Topic;

    #[test]
    fn items_are_shown_with_level_and_help() {
        let item = |level, topic, found: &str, remedy: Option<&str>| Item {
            is_fatal: false,
            level,
            topic,
            found: found.to_owned(),
            remedy: remedy.map(Into::into),
        };
        let items = vec![
            item(Level::Ok, Topic::Cluster, "Kubernetes v1.36.0", None),
            item(
                Level::Warning,
                Topic::NetworkPolicies,
                "ingress is blocked by deny",
                Some("add a NetworkPolicy"),
            ),
            item(Level::Problem, Topic::Quota, "q: 3 of 4 pods used", Some("raise the quota")),
        ];
        let report = Report { problems: 1, warnings: 1, items, rbac_hint: String::new() };
        insta::assert_snapshot!(table(&report, Canvas::FILE));
        let narrow = Canvas { width: Some(40), ..Canvas::FILE };
        assert!(table(&report, narrow).lines().all(|line| line.chars().count() <= 40));
    }
}
