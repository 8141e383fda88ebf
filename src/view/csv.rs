//! CSV with one row per test, for spreadsheets and data frames.

use std::borrow::Cow;

use serde::Serialize;

use crate::document::{
    Failure, FailureKind, Latency, Measure, Outcome, Run, TestRecord, Throughput, Verdict,
};

/// One row per test.
pub(super) fn render(run: &Run) -> String {
    write_rows(run.tests.iter().map(|test| Row::new(run, test)))
}

/// Comparison with the baseline, one row per pair and route.
pub(super) fn comparison(run: &Run) -> String {
    let routes = run.comparison.iter().flat_map(|comparison| &comparison.routes);
    write_rows(routes.flat_map(|changes| {
        changes.pairs.iter().map(|pair| ChangeRow {
            sender: escape_formula(&pair.sender),
            receiver: escape_formula(&pair.receiver),
            path: changes.route.to_string(),
            base_bits_per_second: pair.base_bits_per_second,
            bits_per_second: pair.bits_per_second,
            percent: pair.percent,
            p: pair.p,
            verdict: pair.verdict,
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
    writer.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

/// Columns have the names of the document's fields in `snake_case`, as data frames expect.
#[derive(Serialize)]
struct Row<'a> {
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
    bits_per_second: Option<f64>,
    bytes: Option<u64>,
    seconds: Option<f64>,
    retransmits: Option<u64>,
    mss_bytes: Option<u32>,
    round_trip_time_min_microseconds: Option<f64>,
    round_trip_time_mean_microseconds: Option<f64>,
    round_trip_time_max_microseconds: Option<f64>,
    client_cpu_percent: Option<f64>,
    server_cpu_percent: Option<f64>,
    target_bits_per_second: Option<f64>,
    lost_percent: Option<f64>,
    jitter_microseconds: Option<f64>,
    latency_mean_microseconds: Option<f64>,
    latency_p50_microseconds: Option<f64>,
    latency_p95_microseconds: Option<f64>,
    latency_p99_microseconds: Option<f64>,
    latency_max_microseconds: Option<f64>,
    failure_kind: Option<FailureKind>,
    failure_reason: Option<Cow<'a, str>>,
}

impl<'a> Row<'a> {
    fn new(run: &'a Run, test: &'a TestRecord) -> Self {
        let (sender, receiver) = test.sender_and_receiver();
        let throughput: Option<&Throughput> = test.outcome.throughput();
        let latency: Option<&Latency> = test.outcome.latency();
        let failure: Option<&Failure> = match &test.outcome {
            Outcome::Failed(failure) => Some(failure),
            Outcome::Ok(_) => None,
        };
        let time = throughput.and_then(|throughput| throughput.round_trip_time);
        let cpu = throughput.and_then(|throughput| throughput.cpu);
        let udp = throughput.and_then(|throughput| throughput.udp);
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
            outcome: if failure.is_some() { "failed" } else { "ok" },
            bits_per_second: throughput.map(|throughput| throughput.bits_per_second),
            bytes: throughput.map(|throughput| throughput.bytes),
            seconds: throughput
                .map(|throughput| throughput.seconds)
                .or(latency.map(|latency| latency.seconds)),
            retransmits: throughput.and_then(|throughput| throughput.retransmits),
            mss_bytes: throughput.and_then(|throughput| throughput.mss_bytes),
            round_trip_time_min_microseconds: time.map(|time| time.min_microseconds),
            round_trip_time_mean_microseconds: time.map(|time| time.mean_microseconds),
            round_trip_time_max_microseconds: time.map(|time| time.max_microseconds),
            client_cpu_percent: cpu.map(|cpu| cpu.client_percent),
            server_cpu_percent: cpu.map(|cpu| cpu.server_percent),
            target_bits_per_second: udp.and_then(|udp| udp.target_bits_per_second),
            lost_percent: udp.map(|udp| udp.lost_percent),
            jitter_microseconds: udp.map(|udp| udp.jitter_microseconds),
            latency_mean_microseconds: latency.map(|latency| latency.mean_microseconds),
            latency_p50_microseconds: latency.map(|latency| latency.p50_microseconds),
            latency_p95_microseconds: latency.map(|latency| latency.p95_microseconds),
            latency_p99_microseconds: latency.map(|latency| latency.p99_microseconds),
            latency_max_microseconds: latency.map(|latency| latency.max_microseconds),
            failure_kind: failure.map(|failure| failure.kind),
            failure_reason: failure.map(|failure| escape_formula(&failure.reason)),
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
}
