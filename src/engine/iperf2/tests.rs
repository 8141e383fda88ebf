use proptest::prelude::*;

use super::*;
use crate::document::{Direction, Latency, Measurement, Throughput};
use crate::engine::{ClientExit, Flow, LineSplitter, Target};
use crate::options::{MeasurementOptions, Protocol};

macro_rules! recorded {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/iperf2/", $name))
    };
}

mod latency;
mod throughput;

const CLIENT_2_1: &str = recorded!("2.1-tcp-two-streams.client.txt");
const SERVER_2_1: &str = recorded!("2.1-tcp-two-streams.server.txt");
const CLIENT_2_2: &str = recorded!("2.2-tcp-two-streams.client.txt");
const SERVER_2_2: &str = recorded!("2.2-tcp-two-streams.server.txt");
const BOUNCEBACK_2_1: &str = recorded!("2.1-bounceback.txt");
const BOUNCEBACK_2_2: &str = recorded!("2.2-bounceback.txt");

fn options(time_seconds: u32, parallel: u32) -> MeasurementOptions {
    MeasurementOptions { parallel, ..MeasurementOptions::for_seconds(time_seconds) }
}

fn reader(engine: &dyn Engine, options: &MeasurementOptions) -> Box<dyn Reader> {
    let target = Target { host: "10.0.0.1", port: 5001, ip_family: None };
    engine.reader(&ClientSpec { target, flow: Flow::Forward, options, version: None })
}

fn exit(stderr: &str) -> ClientExit {
    ClientExit { code: Some(0), stderr: stderr.to_owned(), unfinished_line: None }
}

fn finish(
    engine: &dyn Engine,
    options: &MeasurementOptions,
    client: &[u8],
    server: &str,
    exit: &ClientExit,
) -> Result<Measurement, Failure> {
    let mut reader = reader(engine, options);
    let mut splitter = LineSplitter::default();
    for line in splitter.push(client) {
        reader.line(&line);
    }
    for line in server.lines() {
        reader.server_line(line);
    }
    assert!(!reader.is_complete());
    let exit = ClientExit { unfinished_line: splitter.finish(), ..exit.clone() };
    let mut measured = reader.finish(&exit)?;
    assert_eq!(measured.len(), 1);
    let (direction, measurement) = measured.remove(0);
    assert_eq!(direction, Direction::ClientToServer);
    Ok(measurement)
}

fn throughput(
    options: &MeasurementOptions,
    client: &str,
    server: &str,
    stderr: &str,
) -> Result<Throughput, Failure> {
    match finish(&Iperf2, options, client.as_bytes(), server, &exit(stderr))? {
        Measurement::Throughput(throughput) => Ok(throughput),
        Measurement::Latency(_) => panic!("latency"),
    }
}

fn latency(time_seconds: u32, client: &str, stderr: &str) -> Result<Latency, Failure> {
    match finish(&Bounceback, &options(time_seconds, 1), client.as_bytes(), "", &exit(stderr))? {
        Measurement::Latency(latency) => Ok(latency),
        Measurement::Throughput(_) => panic!("throughput"),
    }
}

#[test]
fn test_that_ended_early_fails() {
    let failure = throughput(&options(10, 2), CLIENT_2_1, SERVER_2_1, "").unwrap_err();
    assert_eq!(failure, incomplete("the test ended after 2.0 of 10 seconds"));
    let server = SERVER_2_1.replace("0.0000-2.0019", "0.0000-1.6").replace("0.0000-1.9985", "0.0000-1.5");
    let failure = throughput(&options(2, 2), CLIENT_2_1, &server, "").unwrap_err();
    assert_eq!(failure, incomplete("the test ended after 1.6 of 2 seconds"));
    assert_eq!(
        latency(10, BOUNCEBACK_2_2, "").unwrap_err(),
        incomplete("the test ended after 2.0 of 10 seconds")
    );
}

#[test]
fn implausible_number_of_bytes_fails_the_test() {
    let server = SERVER_2_1.replace("3556900924 Bytes", "5239597748572731119 Bytes");
    assert_ne!(server, SERVER_2_1);
    let failure = throughput(&options(2, 2), CLIENT_2_1, &server, "").unwrap_err();
    assert_eq!(failure, incomplete("the iperf server reported an implausible number of bytes"));
}

#[test]
fn refused_connection_is_unreachable_despite_exit_code_0() {
    for stderr in [recorded!("2.1-refused.stderr"), recorded!("2.2-refused.stderr")] {
        let client = "[  1] local 0.0.0.0 port 0 connected with 127.0.0.1 port 21001 (sock=3)\n";
        let failures = [
            throughput(&options(2, 1), client, "", stderr).unwrap_err(),
            // stdout and stderr as one
            throughput(&options(2, 1), &format!("{client}{stderr}"), "", "").unwrap_err(),
            latency(2, client, stderr).unwrap_err(),
        ];
        for failure in failures {
            assert_eq!(failure.kind, FailureKind::Unreachable);
            assert!(failure.reason.contains("Connection refused"), "{}", failure.reason);
        }
    }
}

#[test]
fn unsupported_option_is_named() {
    let missing = |options| Iperf2.capabilities().missing(&options);
    let tcp = MeasurementOptions::for_seconds(1);
    assert_eq!(missing(tcp.clone()), None);
    assert_eq!(missing(MeasurementOptions { protocol: Protocol::Udp, ..tcp.clone() }), Some("--udp"));
    assert_eq!(missing(MeasurementOptions { bidirectional: true, ..tcp.clone() }), Some("--bidir"));
    assert_eq!(missing(MeasurementOptions { omit_seconds: 1, ..tcp }), Some("--omit"));
}

proptest! {
    #[test]
    fn truncated_report_is_never_a_result(part in 0.0f64..1.0) {
        let cut = |output: &str| output[..((output.len() - 1) as f64 * part) as usize].to_owned();
        let options = options(2, 2);
        for (client, server) in [(CLIENT_2_1, SERVER_2_1), (CLIENT_2_2, SERVER_2_2)] {
            // neither the last sum is needed, nor the connection times that 2.1 reports after it
            let (report, _) = client.rsplit_once("[SUM").unwrap();
            prop_assert!(throughput(&options, &cut(report), server, "").is_err());
        }
        prop_assert!(latency(2, &cut(BOUNCEBACK_2_1), "").is_err());
        prop_assert!(latency(2, &cut(BOUNCEBACK_2_2), "").is_err());
    }

    #[test]
    fn garbage_is_never_a_result(bytes in proptest::collection::vec(any::<u8>(), 0..2000), line in ".*") {
        for engine in [&Iperf2 as &dyn Engine, &Bounceback] {
            prop_assert!(finish(engine, &options(2, 2), &bytes, &line, &exit("")).is_err());
        }
    }
}
