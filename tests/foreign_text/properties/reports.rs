//! Output of the engines, from untrusted images.

use kubectl_netbench::document::{Direction, Failure, Measurement, Outcome, Protocol, Sample};
use kubectl_netbench::engine::iperf2::{Bounceback, Iperf2};
use kubectl_netbench::engine::iperf3::Iperf3;
use kubectl_netbench::engine::{ClientExit, ClientOptions, Engine, Flow};

use super::{check_line, chunks};

type Finished = Result<Vec<(Direction, Measurement)>, Failure>;

/// Maximum length of a reason in characters, with the ellipsis.
const LONGEST_REASON: usize = 2001;

/// Any output of `iperf3 --json-stream`.
pub fn iperf3_stream(bytes: &[u8]) {
    iperf3(bytes, "3.18");
}

/// Any output of `iperf3 --json`.
pub fn iperf3_document(bytes: &[u8]) {
    iperf3(bytes, "3.12");
}

fn iperf3(bytes: &[u8], version: &str) {
    for flow in [Flow::Forward, Flow::Reverse, Flow::Both] {
        for protocol in [Protocol::Tcp, Protocol::Udp] {
            let options = ClientOptions { flow, protocol, ..ClientOptions::tcp(2) };
            report(&Iperf3, &options, Some(version), bytes, "");
        }
    }
}

/// The output of the client and the server of a successful test.
const CLIENT: &str = include_str!("../../fixtures/iperf2/2.2-tcp-two-streams.client.txt");
const SERVER: &str = include_str!("../../fixtures/iperf2/2.2-tcp-two-streams.server.txt");

/// Any output of an iperf 2 client.
pub fn iperf2_throughput(bytes: &[u8]) {
    for parallel in [1, 2] {
        let options = ClientOptions { parallel, ..ClientOptions::tcp(2) };
        report(&Iperf2, &options, None, bytes, SERVER);
    }
}

/// Any output of an iperf 2 server.
pub fn iperf2_received(bytes: &[u8]) {
    let options = ClientOptions { parallel: 2, ..ClientOptions::tcp(2) };
    report(&Iperf2, &options, None, CLIENT.as_bytes(), &String::from_utf8_lossy(bytes));
}

/// Any output of an iperf 2 latency test.
pub fn iperf2_bounceback(bytes: &[u8]) {
    report(&Bounceback, &ClientOptions::tcp(2), None, bytes, "");
}

/// Any log of a server.
pub fn server_logs(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for engine in [&Iperf3 as &dyn Engine, &Iperf2] {
        let mut log = engine.server_log();
        let mut was_listening = false;
        for line in text.lines() {
            log.line(line);
            assert!(log.is_listening() || !was_listening, "a server does not stop listening");
            was_listening = log.is_listening();
            if let Some(version) = log.version() {
                check_line(version);
                assert!(!version.is_empty() && version.len() <= 32);
            }
        }
        // the version determines the report format
        engine.reader(&ClientOptions::tcp(1), log.version());
    }
}

/// Checks the result of a report, read at once and in chunks.
fn report(engine: &dyn Engine, options: &ClientOptions, version: Option<&str>, bytes: &[u8], server: &str) {
    let exit =
        ClientExit { code: Some(1), stderr: String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into() };
    for exit in [ClientExit::default(), exit] {
        let at_once = finish(engine, options, version, [bytes], server, &exit);
        check(options, &at_once);
        let in_chunks = finish(engine, options, version, chunks(bytes), server, &exit);
        assert_eq!(in_chunks, at_once, "read in chunks");
    }
}

fn finish<'a>(
    engine: &dyn Engine,
    options: &ClientOptions,
    version: Option<&str>,
    chunks: impl IntoIterator<Item = &'a [u8]>,
    server: &str,
    exit: &ClientExit,
) -> Finished {
    let mut reader = engine.reader(options, version);
    let mut streamed: Vec<Sample> = Vec::new();
    for chunk in chunks {
        let was_complete = reader.is_complete();
        let samples = reader.push(chunk);
        assert!(!was_complete || samples.is_empty(), "no samples follow a complete report");
        streamed.extend_from_slice(samples);
    }
    for line in server.lines() {
        reader.push_server(line);
    }
    let finished = reader.finish(exit);
    if let Ok(measured) = &finished
        && let Some((_, Measurement::Throughput(throughput))) = measured.first()
    {
        assert!(throughput.samples.starts_with(&streamed), "streamed samples are part of the result");
    }
    finished
}

/// Asserts that a result has possible figures, or a displayable reason.
fn check(options: &ClientOptions, finished: &Finished) {
    match finished {
        Ok(measured) => {
            let directions: Vec<Direction> = measured.iter().map(|(direction, _)| *direction).collect();
            assert_eq!(directions, options.flow.directions());
            for (_, measurement) in measured {
                check_figures(options, measurement);
                check_record(&Outcome::Ok(measurement.clone()));
            }
        }
        Err(failure) => {
            check_line(&failure.reason);
            assert!(!failure.reason.is_empty() && failure.reason.chars().count() <= LONGEST_REASON);
            check_record(&Outcome::Failed(failure.clone()));
        }
    }
}

fn check_figures(options: &ClientOptions, measurement: &Measurement) {
    assert!(Outcome::Ok(measurement.clone()).is_possible(), "{measurement:?}");
    let least = f64::from(options.time_seconds) * 0.9;
    match measurement {
        Measurement::Throughput(throughput) => {
            assert!(throughput.bits_per_second > 0.0 && throughput.seconds >= least, "{throughput:?}");
        }
        Measurement::Latency(latency) => {
            let order = [
                latency.min_microseconds,
                latency.p50_microseconds,
                latency.p95_microseconds,
                latency.p99_microseconds,
                latency.max_microseconds,
            ];
            assert!(order.is_sorted() && latency.requests > 0 && latency.seconds >= least, "{latency:?}");
        }
    }
}

/// Asserts that an outcome survives serialization, and is either a measurement or a failure.
fn check_record(outcome: &Outcome) {
    let written = serde_json::to_value(outcome).expect("outcomes are written");
    let has = |field: &str| written.get(field).is_some();
    assert!(has("reason") != (has("bitsPerSecond") || has("meanMicroseconds")), "{written}");
    assert_eq!(serde_json::from_value::<Outcome>(written).expect("what was written is read"), *outcome);
}
