//! The output of the programs that measure, from images that may be anybody's.

use kubectl_netbench::document::{Direction, Failure, Measurement, Outcome, Protocol, Sample};
use kubectl_netbench::engine::iperf2::{Bounceback, Iperf2};
use kubectl_netbench::engine::iperf3::Iperf3;
use kubectl_netbench::engine::{ClientExit, ClientOptions, Engine, Flow};

use super::{check_line, pieces};

type Finished = Result<Vec<(Direction, Measurement)>, Failure>;

/// The most characters of a reason, and the mark that some are left out.
const LONGEST_REASON: usize = 2001;

/// Any output of an iperf3 that writes events.
pub fn iperf3_stream(bytes: &[u8]) {
    iperf3(bytes, "3.18");
}

/// Any output of an iperf3 that writes a document.
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

/// What a client and its server wrote in a test that went well.
const CLIENT: &str = include_str!("../../fixtures/iperf2/2.2-tcp-two-streams.client.txt");
const SERVER: &str = include_str!("../../fixtures/iperf2/2.2-tcp-two-streams.server.txt");

/// Any output of an iperf 2.
pub fn iperf2_throughput(bytes: &[u8]) {
    for parallel in [1, 2] {
        let options = ClientOptions { parallel, ..ClientOptions::tcp(2) };
        report(&Iperf2, &options, None, bytes, SERVER);
    }
}

/// Any output of an iperf 2's server.
pub fn iperf2_received(bytes: &[u8]) {
    let options = ClientOptions { parallel: 2, ..ClientOptions::tcp(2) };
    report(&Iperf2, &options, None, CLIENT.as_bytes(), &String::from_utf8_lossy(bytes));
}

/// Any output of an iperf 2 that measures latency.
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
            assert!(log.is_listening() || !was_listening, "a server that listens goes on listening");
            was_listening = log.is_listening();
            if let Some(version) = log.version() {
                check_line(version);
                assert!(!version.is_empty() && version.len() <= 32);
            }
        }
        // it decides on the form of the report
        engine.reader(&ClientOptions::tcp(1), log.version());
    }
}

/// What holds of any report.
fn report(engine: &dyn Engine, options: &ClientOptions, version: Option<&str>, bytes: &[u8], server: &str) {
    let exit =
        ClientExit { code: Some(1), stderr: String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into() };
    for exit in [ClientExit::default(), exit] {
        let at_once = finish(engine, options, version, [bytes], server, &exit);
        check(options, &at_once);
        let in_pieces = finish(engine, options, version, pieces(bytes), server, &exit);
        assert_eq!(in_pieces, at_once, "read in pieces");
    }
}

fn finish<'a>(
    engine: &dyn Engine,
    options: &ClientOptions,
    version: Option<&str>,
    pieces: impl IntoIterator<Item = &'a [u8]>,
    server: &str,
    exit: &ClientExit,
) -> Finished {
    let mut reader = engine.reader(options, version);
    let mut told: Vec<Sample> = Vec::new();
    for piece in pieces {
        let was_complete = reader.is_complete();
        let samples = reader.push(piece);
        assert!(!was_complete || samples.is_empty(), "nothing follows a whole report");
        told.extend_from_slice(samples);
    }
    for line in server.lines() {
        reader.push_server(line);
    }
    let finished = reader.finish(exit);
    if let Ok(measured) = &finished
        && let Some((_, Measurement::Throughput(throughput))) = measured.first()
    {
        assert!(throughput.samples.starts_with(&told), "what was told while it ran is part of the result");
    }
    finished
}

/// What holds of the result of any report: it is figures that can be, or a reason for people.
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

/// What is written of an outcome is read again as the same, and says one thing only.
fn check_record(outcome: &Outcome) {
    let written = serde_json::to_value(outcome).expect("outcomes are written");
    let has = |field: &str| written.get(field).is_some();
    assert!(has("reason") != (has("bitsPerSecond") || has("meanMicroseconds")), "{written}");
    assert_eq!(serde_json::from_value::<Outcome>(written).expect("what was written is read"), *outcome);
}
