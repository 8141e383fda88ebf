//! The list of saved runs.

use comfy_table::Cell;
use jiff::{Timestamp, Unit};

use super::{Canvas, style};
use crate::document::{Command, State};
use crate::quantity::rate;
use crate::store::Entry;

/// One row per run.
pub fn table(entries: &[Entry], now: Timestamp, canvas: Canvas) -> String {
    let mut table = style::table(canvas);
    let mut header = ["RUN", "AGE", "CONTEXT", "COMMAND", "NODES"].map(style::header).to_vec();
    header.extend(["MEDIAN", "FAILED", "FINDINGS"].map(|text| style::right(style::header(text))));
    header.push(style::header("STATE"));
    table.set_header(header);
    for entry in entries {
        let command = match entry.command {
            Command::Matrix => "matrix",
            Command::Pair => "pair",
        };
        table.add_row([
            Cell::new(&entry.id),
            Cell::new(age(entry.started_at, now)),
            Cell::new(entry.context.as_deref().unwrap_or("–")),
            Cell::new(command),
            style::right(Cell::new(entry.nodes)),
            style::or_dash(entry.median_bits_per_second.map(rate)),
            style::or_dash((entry.tests > 0).then(|| format!("{}/{}", entry.failed_tests, entry.tests))),
            style::right(Cell::new(entry.findings.len())),
            Cell::new(match entry.state {
                State::Complete => "complete".to_owned(),
                State::Partial => format!("partial, {} of {}", entry.tests, entry.planned_tests),
            }),
        ]);
    }
    canvas.shown(style::finish(table))
}

/// How long ago, as kubectl writes it: `45s`, `12m`, `5h`, `3d`.
pub(super) fn age(then: Timestamp, now: Timestamp) -> String {
    // between two timestamps, a total in seconds always exists
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

    #[test]
    fn ages_are_those_of_kubectl() {
        let age = |seconds| age(Timestamp::UNIX_EPOCH, Timestamp::from_second(seconds).unwrap());
        assert_eq!([45, 600, 7200, 200_000].map(age), ["45s", "10m", "2h", "2d"]);
        assert_eq!(age(-5), "0s");
    }

    #[test]
    fn the_list_tells_runs_apart() {
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
            findings: vec!["node-3 receives 62% below the rest".to_owned()],
        };
        let cut = Entry {
            state: State::Partial,
            tests: 5,
            context: None,
            median_bits_per_second: None,
            ..entry.clone()
        };
        let now = Timestamp::from_second(90).unwrap();
        insta::assert_snapshot!(table(&[entry, cut], now, Canvas::FILE));
    }
}
