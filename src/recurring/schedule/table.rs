//! The list of schedules.

use jiff::Timestamp;

use super::{Outcome, Status};
use crate::quantity::rate;
use crate::view::{Canvas, age, style};

/// One row per schedule; below the table the error and the findings of each last run.
pub fn table(schedules: &[Status], with_namespaces: bool, now: Timestamp, canvas: Canvas) -> String {
    let mut table = style::Table::new(canvas);
    let mut header: Vec<style::Cell> =
        with_namespaces.then(|| style::header("NAMESPACE")).into_iter().collect();
    header.extend(["NAME", "CRON", "NEXT", "LAST", "OUTCOME"].map(style::header));
    header.extend(["MEDIAN", "FINDINGS"].map(|title| style::right(style::header(title))));
    table.add_row(header);
    for status in schedules {
        let mut row: Vec<style::Cell> =
            with_namespaces.then(|| style::Cell::new(&status.namespace)).into_iter().collect();
        let zone = status.timezone.as_ref().map_or(String::new(), |zone| format!(" {zone}"));
        let next = match status.next_run_at {
            Some(next) => format!("in {}", age(now, next)),
            None if status.is_suspended => "suspended".to_owned(),
            None => "–".to_owned(),
        };
        let last = status.last_run.as_ref().map(|run| format!("{} ago", age(run.started_at, now)));
        let record = status.record.as_ref();
        row.extend([
            style::Cell::new(&status.name),
            style::Cell::new(format!("{}{zone}", status.cron)),
            style::Cell::new(next),
            style::Cell::new(last.unwrap_or_else(|| "never".to_owned())),
            style::Cell::new(outcome(status)),
            style::or_dash(record.and_then(|record| record.median_bits_per_second).map(rate)),
            style::or_dash(record.map(|record| record.findings.len().to_string())),
        ]);
        table.add_row(row);
    }
    let details: String = schedules.iter().map(|status| details(status, with_namespaces)).collect();
    canvas.encode(table.finish() + &details)
}

fn outcome(status: &Status) -> String {
    let Some(run) = &status.last_run else { return "–".to_owned() };
    match &run.outcome {
        Outcome::Running => "running".to_owned(),
        Outcome::Succeeded => "ok".to_owned(),
        Outcome::SomeFailed => match &status.record {
            Some(record) => format!("{}/{} failed", record.failed_tests, record.tests),
            None => "some failed".to_owned(),
        },
        Outcome::GateFailed { .. } => "gate failed".to_owned(),
        Outcome::Stuck { .. } => "stuck".to_owned(),
        Outcome::Failed { .. } => "error".to_owned(),
    }
}

/// The error and the findings of the last run, as a list.
fn details(status: &Status, with_namespaces: bool) -> String {
    let why = match status.last_run.as_ref().map(|run| &run.outcome) {
        Some(Outcome::Failed { why } | Outcome::Stuck { why } | Outcome::GateFailed { why: Some(why) }) => {
            Some(why)
        }
        _ => None,
    };
    let findings = status.record.iter().flat_map(|record| &record.findings);
    let items: Vec<&String> = why.into_iter().chain(findings).collect();
    if items.is_empty() {
        return String::new();
    }
    let namespace = if with_namespaces { format!("{}/", status.namespace) } else { String::new() };
    let lines: Vec<String> = items.iter().map(|item| format!("  • {item}")).collect();
    format!("\n{namespace}{}:\n{}\n", status.name, lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Command, State};
    use crate::recurring::schedule::LastRun;
    use crate::store::Entry;

    #[test]
    fn table_shows_next_and_last_run_with_errors_and_findings() {
        let now = Timestamp::from_second(100_000).unwrap();
        let at = |seconds: i64| Timestamp::from_second(100_000 + seconds).unwrap();
        let record = Entry {
            id: "k3v9x2mq".to_owned(),
            command: Command::Matrix,
            state: State::Complete,
            started_at: at(-590),
            context: None,
            nodes: 4,
            median_bits_per_second: Some(9.41e9),
            planned_tests: 12,
            tests: 12,
            failed_tests: 1,
            findings: vec!["node-3 sends 78% slower than unaffected pairs".to_owned()],
        };
        let run = |outcome| LastRun { job: "j".to_owned(), started_at: at(-600), outcome };
        let status = |name: &str, last_run, record| Status {
            name: name.to_owned(),
            namespace: "network".to_owned(),
            command: "matrix".to_owned(),
            cron: "0 3 * * *".to_owned(),
            timezone: None,
            is_suspended: false,
            next_run_at: Some(at(3600)),
            last_run,
            record,
            records: 1,
        };
        let failed = Outcome::Failed { why: "cannot list the nodes".to_owned() };
        let schedules = [
            status("nightly", Some(run(Outcome::SomeFailed)), Some(record)),
            Status { timezone: Some("Asia/Tokyo".to_owned()), ..status("broken", Some(run(failed)), None) },
            Status { is_suspended: true, next_run_at: None, ..status("new", None, None) },
        ];
        insta::assert_snapshot!(table(&schedules, false, now, Canvas::FILE));
        assert!(table(&schedules, true, now, Canvas::FILE).contains("network/broken:"));
    }
}
