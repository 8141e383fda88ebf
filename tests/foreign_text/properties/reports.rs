//! The output of engines: the image may contain any program.

use kubectl_netbench::document::{Direction, Failure, Measurement, Outcome, Protocol, Sample};
use kubectl_netbench::engine::{
    ClientExit, ClientSpec, Engine, Flow, LineSplitter, Target, latency_engine, throughput_engine,
};
use kubectl_netbench::options::{EngineId, MeasurementOptions};

use super::{check_line, chunks};

type Finished = Result<Vec<(Direction, Measurement)>, Failure>;

/// Maximum length of a reason in characters, including the ellipsis.
const LONGEST_REASON: usize = 2001;

/// Any output of an iperf3 client that streams events.
pub fn iperf3_stream(bytes: &[u8]) {
    iperf3(bytes, "3.18");
}

/// Any output of an iperf3 client that prints a document.
pub fn iperf3_document(bytes: &[u8]) {
    iperf3(bytes, "3.12");
}

fn iperf3(bytes: &[u8], version: &str) {
    for flow in [Flow::Forward, Flow::Reverse, Flow::Both] {
        for protocol in [Protocol::Tcp, Protocol::Udp] {
            let options = MeasurementOptions { protocol, ..MeasurementOptions::for_seconds(2) };
            report(throughput_engine(EngineId::Iperf3), &client(flow, &options, Some(version)), bytes, "");
        }
    }
}

/// The output of a client and of its server in a successful test.
const CLIENT: &str = include_str!("../../fixtures/iperf2/2.2-tcp-two-streams.client.txt");
const SERVER: &str = include_str!("../../fixtures/iperf2/2.2-tcp-two-streams.server.txt");

/// Any output of an iperf 2 client.
pub fn iperf2_throughput(bytes: &[u8]) {
    for parallel in [1, 2] {
        let options = MeasurementOptions { parallel, ..MeasurementOptions::for_seconds(2) };
        report(throughput_engine(EngineId::Iperf2), &client(Flow::Forward, &options, None), bytes, SERVER);
    }
}

/// Any output of an iperf 2 server.
pub fn iperf2_received(bytes: &[u8]) {
    let options = MeasurementOptions { parallel: 2, ..MeasurementOptions::for_seconds(2) };
    let client = client(Flow::Forward, &options, None);
    report(throughput_engine(EngineId::Iperf2), &client, CLIENT.as_bytes(), &String::from_utf8_lossy(bytes));
}

/// Any output of an iperf 2 client that measures latency.
pub fn iperf2_bounceback(bytes: &[u8]) {
    let options = MeasurementOptions::for_seconds(2);
    report(latency_engine(), &client(Flow::Forward, &options, None), bytes, "");
}

/// Any log of a server.
pub fn server_logs(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for engine in [EngineId::Iperf3, EngineId::Iperf2].map(throughput_engine) {
        let mut log = engine.server_log();
        let mut was_listening = false;
        for line in text.lines() {
            log.line(line);
            assert!(log.is_listening() || !was_listening, "a listening server stays listening");
            was_listening = log.is_listening();
            if let Some(version) = log.version() {
                check_line(version);
                assert!(!version.is_empty() && version.len() <= 32);
            }
        }
        // it determines the format of the report
        let options = MeasurementOptions::for_seconds(1);
        engine.reader(&client(Flow::Forward, &options, log.version()));
    }
}

fn client<'a>(flow: Flow, options: &'a MeasurementOptions, version: Option<&'a str>) -> ClientSpec<'a> {
    let target = Target { host: "10.0.0.1", port: 5201, ip_family: None };
    ClientSpec { target, flow, options, version }
}

/// Checks the properties of any report.
fn report(engine: &dyn Engine, client: &ClientSpec, bytes: &[u8], server: &str) {
    let exit = ClientExit {
        code: Some(1),
        stderr: String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into(),
        unfinished_line: None,
    };
    for exit in [ClientExit::default(), exit] {
        let whole = finish(engine, client, [bytes], server, &exit);
        check(client, &whole);
        let in_pieces = finish(engine, client, chunks(bytes), server, &exit);
        assert_eq!(in_pieces, whole, "read in pieces");
    }
}

fn finish<'a>(
    engine: &dyn Engine,
    client: &ClientSpec,
    pieces: impl IntoIterator<Item = &'a [u8]>,
    server: &str,
    exit: &ClientExit,
) -> Finished {
    let mut reader = engine.reader(client);
    let mut splitter = LineSplitter::default();
    let mut reported: Vec<Sample> = Vec::new();
    for line in pieces.into_iter().flat_map(|piece| splitter.push(piece)).collect::<Vec<_>>() {
        let was_complete = reader.is_complete();
        let samples = reader.line(&line);
        assert!(!was_complete || samples.is_empty(), "nothing follows a complete report");
        reported.extend_from_slice(samples);
    }
    let exit = ClientExit { unfinished_line: splitter.finish(), ..exit.clone() };
    for line in server.lines() {
        reader.server_line(line);
    }
    let finished = reader.finish(&exit);
    if let Ok(measured) = &finished
        && let Some((_, Measurement::Throughput(throughput))) = measured.first()
    {
        assert!(throughput.samples.starts_with(&reported), "samples reported early are part of the result");
    }
    finished
}

/// Checks the properties of any result: plausible figures, or a printable reason.
fn check(client: &ClientSpec, finished: &Finished) {
    match finished {
        Ok(measured) => {
            let directions: Vec<Direction> = measured.iter().map(|(direction, _)| *direction).collect();
            assert_eq!(directions, client.flow.directions());
            for (_, measurement) in measured {
                check_figures(client, measurement);
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

fn check_figures(client: &ClientSpec, measurement: &Measurement) {
    assert!(Outcome::Ok(measurement.clone()).is_possible(), "{measurement:?}");
    let least = f64::from(client.options.time_seconds) * 0.9;
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

/// An outcome survives serialization, and is either a result or a failure.
fn check_record(outcome: &Outcome) {
    let written = serde_json::to_value(outcome).expect("an outcome serializes");
    let has = |field: &str| written.get(field).is_some();
    assert!(has("reason") != (has("bitsPerSecond") || has("meanMicroseconds")), "{written}");
    assert_eq!(
        serde_json::from_value::<Outcome>(written).expect("a serialized outcome deserializes"),
        *outcome
    );
}
