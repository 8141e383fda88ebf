//! The list of saved runs.

use jiff::{Timestamp, Unit};

use super::{Canvas, style};
use crate::document::State;
use crate::quantity::rate;
use crate::store::Entry;
use crate::view::labels::command_name;

/// One row per run.
pub fn table(entries: &[Entry], now: Timestamp, canvas: Canvas) -> String {
    let mut table = style::Table::new(canvas);
    let mut header = ["RUN", "AGE", "CONTEXT", "COMMAND", "NODES"].map(style::header).to_vec();
    header.extend(["MEDIAN", "FAILED", "FINDINGS"].map(|title| style::right(style::header(title))));
    header.push(style::header("STATE"));
    table.add_row(header);
    for entry in entries {
        table.add_row([
            style::Cell::new(&entry.id),
            style::Cell::new(age(entry.started_at, now)),
            style::Cell::new(entry.context.as_deref().unwrap_or("–")),
            style::Cell::new(command_name(entry.command)),
            style::right(style::Cell::new(entry.nodes)),
            style::or_dash(entry.median_bits_per_second.map(rate)),
            style::or_dash((entry.tests > 0).then(|| format!("{}/{}", entry.failed_tests, entry.tests))),
            style::right(style::Cell::new(entry.findings.len())),
            style::Cell::new(match entry.state {
                State::Complete => "complete".to_owned(),
                State::Partial => format!("partial, {} of {}", entry.tests, entry.planned_tests),
            }),
        ]);
    }
    canvas.encode(table.finish())
}

/// Time from `then` to `now` in the units of kubectl: `45s`, `12m`, `5h`, `3d`.
pub(crate) fn age(then: Timestamp, now: Timestamp) -> String {
    // a span between timestamps always has a total in seconds
    let seconds = (now - then).total(Unit::Second).unwrap_or_default().max(0.0) as u64;
    match seconds {
        0..=119 => format!("{seconds}s"),
        120..=7199 => format!("{}m", seconds / 60),
        7200..=172_799 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Command;

    #[test]
    fn age_has_units_of_kubectl() {
        let age = |seconds| age(Timestamp::UNIX_EPOCH, Timestamp::from_second(seconds).unwrap());
        assert_eq!([45, 600, 7200, 200_000].map(age), ["45s", "10m", "2h", "2d"]);
        assert_eq!(age(-5), "0s");
    }

    #[test]
    fn table_has_one_row_per_run() {
        let entry = Entry {
            id: "k3v9x2mq".to_owned(),
            command: Command::Matrix,
            state: State::Complete,
            started_at: Timestamp::UNIX_EPOCH,
            context: Some("prod".to_owned()),
            nodes: 4,
            median_bits_per_second: Some(9.41e9),
            planned_tests: 12,
            tests: 12,
            failed_tests: 1,
            findings: vec!["node-3 receives 62% slower than unaffected pairs".to_owned()],
        };
        let partial = Entry {
            state: State::Partial,
            tests: 5,
            context: None,
            median_bits_per_second: None,
            ..entry.clone()
        };
        let now = Timestamp::from_second(90).unwrap();
        insta::assert_snapshot!(table(&[entry, partial], now, Canvas::FILE));
    }
}
