//! What a check has found: a line for each item, with what to do below it.

use comfy_table::{Attribute, Cell, Color, ContentArrangement};

use super::{Canvas, style};
use crate::check::{Item, Level, Report};

/// One row per item, and a sentence that sums them up.
pub fn table(report: &Report, canvas: Canvas) -> String {
    let mut table = style::table(canvas);
    if let Some(width) = canvas.width {
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
    }
    for Item { level, topic, found, remedy, .. } in &report.items {
        let remedy = remedy.as_ref().map_or(String::new(), |remedy| format!("\nto do: {remedy}"));
        table.add_row([word(*level), Cell::new(topic.name()), Cell::new(format!("{found}{remedy}"))]);
    }
    let hint = report.hint().map_or(String::new(), |hint| format!("{hint}\n"));
    canvas.shown(format!("{}\n{}\n{hint}", style::finish(table), sentence(report)))
}

/// Symbol, word and colour say the same.
fn word(level: Level) -> Cell {
    match level {
        Level::Ok => Cell::new("✓ ok").fg(Color::Green),
        Level::Warning => Cell::new("! warning").fg(Color::Yellow),
        Level::Problem => Cell::new("✗ problem").fg(Color::Red).add_attribute(Attribute::Bold),
    }
}

fn sentence(report: &Report) -> String {
    let count = |number: usize, thing: &str| match number {
        1 => format!("1 {thing}"),
        number => format!("{number} {thing}s"),
    };
    let (problems, warnings) = (count(report.problems, "problem"), count(report.warnings, "warning"));
    match (report.problems, report.warnings) {
        (0, 0) => "Nothing stands in the way.".to_owned(),
        (0, _) => format!("Nothing stands in the way for certain; {warnings}."),
        (_, 0) => format!("{problems}."),
        (_, _) => format!("{problems}, {warnings}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Topic;

    #[test]
    fn each_item_says_how_bad_it_is_and_what_to_do() {
        let item = |level, topic, found: &str, remedy: Option<&str>| Item {
            is_certain: false,
            level,
            topic,
            found: found.to_owned(),
            remedy: remedy.map(Into::into),
        };
        let items = vec![
            item(Level::Ok, Topic::Cluster, "Kubernetes v1.36.0", None),
            item(Level::Warning, Topic::NetworkPolicies, "deny keeps pods apart", Some("allow them")),
            item(Level::Problem, Topic::Quota, "q has 3 of 4 pods in use", Some("raise it")),
        ];
        let report = Report { problems: 1, warnings: 1, items, rights_hint: String::new() };
        insta::assert_snapshot!(table(&report, Canvas::FILE));
        let narrow = Canvas { width: Some(40), ..Canvas::FILE };
        assert!(table(&report, narrow).lines().all(|line| line.chars().count() <= 40));
    }
}
