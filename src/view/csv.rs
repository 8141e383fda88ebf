//! CSV with one row per test, for spreadsheets and data frames.

use std::borrow::Cow;

use serde::Serialize;

use crate::document::{METRICS, Measure, Metric, Outcome, Run, TestRecord, Unit, Verdict};

/// One row per test.
pub(super) fn render(run: &Run) -> String {
    let metrics = || METRICS.iter().filter(|metric| metric.column.is_some());
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    let columns = metrics().filter_map(|metric| metric.column);
    let header = TEST_COLUMNS.into_iter().chain(columns).chain(FAILURE_COLUMNS);
    // rows are flat and the writer is in memory, so this cannot fail
    let _ = writer.write_record(header);
    for test in &run.tests {
        let failure = match &test.outcome {
            Outcome::Failed(failure) => Some(failure),
            Outcome::Ok(_) => test.outcome.throughput().and_then(|throughput| throughput.cut_by.as_ref()),
        };
        let values: Vec<Option<Number>> =
            metrics().map(|metric| metric.of(test).map(|value| Number::of(metric, value))).collect();
        let reason = failure.map(|failure| escape_formula(&failure.to_string()).into_owned());
        let row = (TestRow::new(run, test), values, failure.map(|failure| failure.kind), reason);
        let _ = writer.serialize(row);
    }
    text(writer)
}

/// A value with no more digits than were measured: counts are whole numbers.
#[derive(Serialize)]
#[serde(untagged)]
enum Number {
    Count(u64),
    Float(f64),
}

impl Number {
    fn of(metric: &Metric, value: f64) -> Self {
        if matches!(metric.unit, Unit::Count | Unit::Bytes) {
            Self::Count(value as u64)
        } else {
            Self::Float(value)
        }
    }
}

/// Comparison with the baseline, one row per pair and route.
pub(super) fn comparison(run: &Run) -> String {
    let routes = run.comparison.iter().flat_map(|comparison| &comparison.routes);
    write_rows(routes.flat_map(|changes| {
        let is_throughput = changes.metric == Metric::throughput_mean();
        changes.pairs.iter().map(move |pair| ChangeRow {
            sender: escape_formula(&pair.sender),
            receiver: escape_formula(&pair.receiver),
            path: changes.route.to_string(),
            base_bits_per_second: pair.base.filter(|_| is_throughput),
            bits_per_second: pair.value.filter(|_| is_throughput),
            percent: pair.percent,
            p: pair.p,
            verdict: pair.verdict,
            metric: changes.metric.column.unwrap_or_default(),
            base: pair.base,
            value: pair.value,
        })
    }))
}

/// Prevents a spreadsheet from executing foreign text (names, reasons) as a formula. A leading apostrophe
/// is the notation of spreadsheets for text.
fn escape_formula(text: &str) -> Cow<'_, str> {
    const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
    if text.starts_with(FORMULA) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

fn write_rows(rows: impl Iterator<Item = impl Serialize>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        // rows are flat and the writer is in memory, so this cannot fail
        let _ = writer.serialize(row);
    }
    text(writer)
}

fn text(writer: csv::Writer<Vec<u8>>) -> String {
    writer.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

/// The columns before the metrics. Columns have the names of the document's fields in `snake_case`, as data frames
/// expect.
const TEST_COLUMNS: [&str; 13] = [
    "run",
    "started_at",
    "finished_at",
    "client",
    "server",
    "sender",
    "receiver",
    "measure",
    "path",
    "slot",
    "repetition",
    "attempt",
    "outcome",
];

/// The columns after the metrics.
const FAILURE_COLUMNS: [&str; 2] = ["failure_kind", "failure_reason"];

/// The values of [`TEST_COLUMNS`].
#[derive(Serialize)]
struct TestRow<'a> {
    run: Cow<'a, str>,
    started_at: String,
    finished_at: String,
    client: Cow<'a, str>,
    server: Cow<'a, str>,
    sender: Cow<'a, str>,
    receiver: Cow<'a, str>,
    measure: Measure,
    path: String,
    slot: usize,
    repetition: u32,
    attempt: u32,
    outcome: &'a str,
}

impl<'a> TestRow<'a> {
    fn new(run: &'a Run, test: &'a TestRecord) -> Self {
        let (sender, receiver) = test.sender_and_receiver();
        Self {
            run: escape_formula(&run.id),
            started_at: test.started_at.to_string(),
            finished_at: test.finished_at.to_string(),
            client: escape_formula(&test.client),
            server: escape_formula(&test.server),
            sender: escape_formula(sender.name()),
            receiver: escape_formula(receiver.name()),
            measure: test.measure,
            path: test.route.to_string(),
            slot: test.slot,
            repetition: test.repetition,
            attempt: test.attempt,
            outcome: if test.outcome.is_ok() { "ok" } else { "failed" },
        }
    }
}

#[derive(Serialize)]
struct ChangeRow<'a> {
    sender: Cow<'a, str>,
    receiver: Cow<'a, str>,
    path: String,
    base_bits_per_second: Option<f64>,
    bits_per_second: Option<f64>,
    percent: Option<f64>,
    p: Option<f64>,
    verdict: Verdict,
    metric: &'a str,
    base: Option<f64>,
    value: Option<f64>,
}
