use super::*;
use crate::engine::{LineSplitter, Target};
use proptest::prelude::*;

macro_rules! recorded {
    ($name:literal) => {
        include_bytes!(concat!("../../../../tests/fixtures/iperf3/", $name))
    };
}

const STREAM: &[u8] = recorded!("3.18-stream-two-streams.ndjson");
const DOCUMENT: &[u8] = recorded!("3.12-document-two-streams.json");

fn reader(format: ReportFormat, flow: Flow, options: &MeasurementOptions) -> Box<ReportReader> {
    let target = Target { host: "10.0.0.1", port: 5201, ip_family: None };
    Box::new(ReportReader::new(format, &ClientSpec { target, flow, options, version: None }))
}

/// Passes output as a testbed does; returns the number of samples, and the exit of the client.
fn feed(reader: &mut ReportReader, pieces: &[&[u8]]) -> (usize, ClientExit) {
    let mut splitter = LineSplitter::default();
    let lines: Vec<String> = pieces.iter().flat_map(|piece| splitter.push(piece)).collect();
    let samples = lines.iter().map(|line| reader.line(line).len()).sum();
    (samples, ClientExit { unfinished_line: splitter.finish(), ..ClientExit::default() })
}

/// The results of the requested directions.
fn read_as(
    format: ReportFormat,
    flow: Flow,
    options: &MeasurementOptions,
    output: &[u8],
) -> Result<Vec<Throughput>, Failure> {
    let mut reader = reader(format, flow, options);
    let (_, exit) = feed(&mut reader, &[output]);
    let results = reader.finish(&exit)?;
    let directions: Vec<Direction> = results.iter().map(|(direction, _)| *direction).collect();
    assert_eq!(directions, flow.directions());
    let throughput = |measurement| match measurement {
        Measurement::Throughput(throughput) => throughput,
        Measurement::Latency(latency) => panic!("{latency:?}"),
    };
    Ok(results.into_iter().map(|(_, measurement)| throughput(measurement)).collect())
}

fn read(format: ReportFormat, time_seconds: u32, output: &[u8]) -> Result<Throughput, Failure> {
    let options = MeasurementOptions::for_seconds(time_seconds);
    read_as(format, Flow::Forward, &options, output).map(|mut results| results.remove(0))
}

fn read_stream(output: &[u8]) -> Result<Throughput, Failure> {
    read(ReportFormat::Stream, 2, output)
}

fn read_document(output: &[u8]) -> Result<Throughput, Failure> {
    read(ReportFormat::Document, 2, output)
}

#[test]
fn udp_report_has_received_and_lost_datagrams() {
    let options = MeasurementOptions { protocol: Protocol::Udp, ..MeasurementOptions::for_seconds(2) };
    let (document, stream) = (ReportFormat::Document, ReportFormat::Stream);
    for (format, recorded, lost, sent) in [
        (document, &recorded!("3.12-document-udp-lossy.json")[..], 22_241, 419_420),
        (document, &recorded!("3.16-document-udp-lossy.json")[..], 178_845, 334_290),
        (stream, &recorded!("3.21-stream-udp-lossy.ndjson")[..], 31_385, 390_320),
    ] {
        let throughput = read_as(format, Flow::Forward, &options, recorded).unwrap().remove(0);
        let udp = throughput.udp.unwrap();
        assert_eq!((udp.lost, udp.sent, udp.out_of_order), (lost, sent, Some(0)));
        assert!((udp.lost_percent - lost as f64 / sent as f64 * 100.0).abs() < 0.01);
        assert!(udp.jitter_microseconds > 0.0);
        // each datagram has 1400 bytes, and the receiver has all but the lost ones
        let received = (sent - lost) * 1400;
        assert!(throughput.bytes.abs_diff(received) <= 14_000, "{} {received}", throughput.bytes);
        assert_eq!((throughput.retransmits, throughput.round_trip_time), (None, None));
        assert_eq!(throughput.samples.len(), 2);
    }
}

/// 30% of the datagrams were dropped. The first server reported no loss, the second one also counted that of the omitted
/// second, and the third report is right.
#[test]
fn udp_loss_agrees_with_the_received_bytes() {
    let udp = MeasurementOptions { protocol: Protocol::Udp, ..MeasurementOptions::for_seconds(3) };
    let omit = MeasurementOptions { omit_seconds: 1, ..udp.clone() };
    for (options, flow, recorded, lost) in [
        (&udp, Flow::Forward, &recorded!("3.18-stream-udp-lossy-server-3.12.ndjson")[..], 1650),
        (&omit, Flow::Forward, &recorded!("3.18-stream-udp-lossy-omit-server-3.12.ndjson")[..], 1584),
        (&udp, Flow::Reverse, &recorded!("3.18-stream-udp-lossy-reverse-server-3.12.ndjson")[..], 1581),
    ] {
        let throughput = read_as(ReportFormat::Stream, flow, options, recorded).unwrap().remove(0);
        let udp = throughput.udp.unwrap();
        assert_eq!(udp.lost, lost);
        assert!((29.0..31.0).contains(&udp.lost_percent), "{udp:?}");
    }
}

#[test]
fn old_udp_report_has_what_arrived() {
    let options = MeasurementOptions { protocol: Protocol::Udp, ..MeasurementOptions::for_seconds(2) };
    let recorded = recorded!("3.9-document-udp-lossy.json");
    let throughput = read_as(ReportFormat::Document, Flow::Forward, &options, recorded).unwrap().remove(0);
    assert_eq!((throughput.bits_per_second.round(), throughput.bytes), (16_177_704.0, 4_044_600));
    let udp = throughput.udp.unwrap();
    assert_eq!((udp.sent, udp.lost), (3570, 681));
}

/// The server counts the lost datagrams of the omitted start, the client that receives does not.
#[test]
fn omitted_start_does_not_raise_the_loss_of_an_old_report() {
    let options = MeasurementOptions { protocol: Protocol::Udp, ..MeasurementOptions::for_seconds(2) };
    for (flow, recorded) in [
        (Flow::Forward, &recorded!("3.9-document-udp-lossy-omit.json")[..]),
        (Flow::Reverse, &recorded!("3.9-document-udp-lossy-omit-reverse.json")[..]),
    ] {
        let throughput = read_as(ReportFormat::Document, flow, &options, recorded).unwrap().remove(0);
        let udp = throughput.udp.unwrap();
        assert!((27.0..33.0).contains(&udp.lost_percent), "{udp:?}");
        assert!((udp.lost as f64 / udp.sent as f64 * 100.0 - udp.lost_percent).abs() < 0.1, "{udp:?}");
        assert!((13e6..15e6).contains(&throughput.bits_per_second), "{throughput:?}");
    }
}

#[test]
fn old_bidirectional_report_has_the_same_keys_for_both_directions() {
    let options = MeasurementOptions::for_seconds(2);
    let recorded = recorded!("3.9-document-bidir.json");
    let results = read_as(ReportFormat::Document, Flow::Both, &options, recorded).unwrap();
    assert_eq!([results[0].bytes, results[1].bytes], [499_777_536, 506_593_280]);
    assert_eq!([results[0].retransmits, results[1].retransmits], [Some(0), Some(2)]);
    assert_eq!([results[0].samples.len(), results[1].samples.len()], [2, 2]);
    assert!(results[0].samples[0].bits_per_second < results[1].samples[0].bits_per_second);
}

#[test]
fn bidirectional_report_has_figures_per_direction() {
    let options = MeasurementOptions { parallel: 2, ..MeasurementOptions::for_seconds(2) };
    let (document, stream) = (ReportFormat::Document, ReportFormat::Stream);
    for (format, recorded, bytes, retransmits) in [
        (document, &recorded!("3.12-document-bidir.json")[..], [3_186_098_176, 2_119_434_134], [33, 20]),
        (document, &recorded!("3.16-document-bidir.json")[..], [6_013_452_288, 5_104_730_112], [36, 36]),
        (stream, &recorded!("3.18-stream-bidir.ndjson")[..], [4_862_640_128, 4_641_652_736], [8, 24]),
        (stream, &recorded!("3.21-stream-bidir.ndjson")[..], [4_816_764_928, 4_554_227_712], [18, 23]),
    ] {
        let results = read_as(format, Flow::Both, &options, recorded).unwrap();
        assert_eq!([results[0].bytes, results[1].bytes], bytes);
        assert_eq!(results.iter().map(|r| r.retransmits.unwrap()).collect::<Vec<_>>(), retransmits);
        assert!(results.iter().all(|result| result.samples.len() == 2));
        // the client's kernel only knows the round-trip time of the streams on which the client sends
        assert!(results[0].round_trip_time.is_some_and(|time| time.min_microseconds > 50.0));
        assert_eq!(results[1].round_trip_time, None);
    }
}

#[test]
fn bidirectional_udp_report_has_datagrams_per_direction() {
    let options = MeasurementOptions { protocol: Protocol::Udp, ..MeasurementOptions::for_seconds(2) };
    let recorded = recorded!("3.21-stream-udp-bidir.ndjson");
    let results = read_as(ReportFormat::Stream, Flow::Both, &options, recorded).unwrap();
    let jitters: Vec<f64> = results.iter().map(|result| result.udp.unwrap().jitter_microseconds).collect();
    assert_eq!(results.iter().map(|result| result.udp.unwrap().sent).collect::<Vec<_>>(), [382, 382]);
    assert!((jitters[0] - jitters[1]).abs() > f64::EPSILON, "{jitters:?}");
}

#[test]
fn reverse_report_has_what_the_client_received() {
    let options = MeasurementOptions::for_seconds(2);
    for (format, recorded, bytes) in [
        (ReportFormat::Document, &recorded!("3.12-document-reverse.json")[..], 4_336_517_120),
        (ReportFormat::Stream, &recorded!("3.18-stream-reverse.ndjson")[..], 5_227_675_648),
    ] {
        let throughput = read_as(format, Flow::Reverse, &options, recorded).unwrap().remove(0);
        assert_eq!((throughput.bytes, throughput.round_trip_time), (bytes, None));
        assert!(throughput.retransmits.is_some());
    }
}

#[test]
fn omitted_start_is_in_no_sample_and_no_figure() {
    let options = MeasurementOptions { omit_seconds: 1, ..MeasurementOptions::for_seconds(2) };
    let recorded = recorded!("3.21-stream-omit.ndjson");
    let throughput = read_as(ReportFormat::Stream, Flow::Forward, &options, recorded).unwrap().remove(0);
    assert_eq!((throughput.samples.len(), throughput.bytes), (2, 4_250_664_960));
}

#[test]
fn oldest_threaded_and_newest_version_are_read() {
    for (format, recorded) in [
        (ReportFormat::Document, &recorded!("3.16-document-tcp.json")[..]),
        (ReportFormat::Stream, &recorded!("3.21-stream-tcp.ndjson")[..]),
    ] {
        let throughput = read(format, 2, recorded).unwrap();
        assert_eq!(throughput.samples.len(), 2);
        assert!(throughput.round_trip_time.is_some() && throughput.cpu.is_some());
    }
}

#[test]
fn stream_of_3_18_is_read() {
    insta::assert_json_snapshot!(read_stream(STREAM).unwrap());
}

#[test]
fn document_of_3_12_is_read() {
    insta::assert_json_snapshot!(read_document(DOCUMENT).unwrap());
}

#[test]
fn document_of_3_18_is_read() {
    let measurement = read_document(recorded!("3.18-document.json")).unwrap();
    assert_eq!(measurement.samples.len(), 2);
    assert!(measurement.round_trip_time.is_some());
}

#[test]
fn document_printed_twice_counts_once() {
    let twice = [DOCUMENT, DOCUMENT].concat();
    assert_eq!(read_document(&twice), read_document(DOCUMENT));
}

#[test]
fn output_in_any_pieces_is_read() {
    for (format, output) in [(ReportFormat::Stream, STREAM), (ReportFormat::Document, DOCUMENT)] {
        let mut reader = reader(format, Flow::Forward, &MeasurementOptions::for_seconds(2));
        let (seen, exit) = feed(&mut reader, &output.chunks(7).collect::<Vec<_>>());
        assert!(reader.is_complete());
        let whole = read(format, 2, output).unwrap();
        assert_eq!(seen, whole.samples.len());
        let result = reader.finish(&exit);
        assert_eq!(result, Ok(vec![(Direction::ClientToServer, Measurement::Throughput(whole))]));
    }
}

#[test]
fn errors_are_classified_and_quoted() {
    let failures = [
        read_stream(recorded!("3.18-stream-refused.ndjson")),
        read_stream(recorded!("3.18-stream-busy.ndjson")),
        read_stream(recorded!("3.18-stream-server-killed.ndjson")),
        read_stream(recorded!("3.21-stream-refused.ndjson")),
        read_document(recorded!("3.12-document-refused.json")),
        read_document(recorded!("3.16-document-refused.json")),
        read_document(recorded!("3.12-document-busy.json")),
        read_document(recorded!("3.12-document-server-killed.json")),
    ];
    insta::assert_debug_snapshot!(failures.map(Result::unwrap_err));
}

#[test]
fn lost_control_connection_leaves_a_partial_result() {
    let options = MeasurementOptions::for_seconds(4);
    for (format, flow, recorded) in [
        (ReportFormat::Stream, Flow::Forward, &recorded!("3.18-stream-control-lost.ndjson")[..]),
        (ReportFormat::Document, Flow::Reverse, &recorded!("3.12-document-reverse-control-lost.json")[..]),
    ] {
        let mut reader = reader(format, flow, &options);
        let (_, exit) = feed(&mut reader, &[recorded]);
        let failure = reader.finish(&exit).unwrap_err();
        assert_eq!(failure.kind, FailureKind::ConnectionLost);
        assert!(failure.reason.starts_with("the control connection was lost: unable to send"), "{failure:?}");
        let partial = reader.partial().unwrap();
        let [(direction, throughput)] = &partial[..] else { panic!("{partial:?}") };
        assert_eq!(std::slice::from_ref(direction), flow.directions());
        assert_eq!(throughput.samples.len(), 4);
        assert!((throughput.seconds - 4.0).abs() < 0.1, "{}", throughput.seconds);
        let rates = throughput.samples.iter().map(|sample| sample.bits_per_second);
        let (min, max) = (rates.clone().fold(f64::INFINITY, f64::min), rates.fold(0.0, f64::max));
        assert!((min..=max).contains(&throughput.bits_per_second), "{throughput:?}");
    }
}

#[test]
fn interval_that_a_failing_client_repeats_counts_once() {
    let mut reader = reader(ReportFormat::Stream, Flow::Forward, &MeasurementOptions::for_seconds(4));
    let text = String::from_utf8_lossy(recorded!("3.18-stream-control-lost.ndjson"));
    let lines: Vec<&str> = text.lines().collect();
    for line in [lines[0], lines[1], lines[1]] {
        reader.line(line);
    }
    assert_eq!(reader.partial().unwrap()[0].1.samples.len(), 1);
}

#[test]
fn udp_client_does_not_know_what_arrived() {
    let options = MeasurementOptions { protocol: Protocol::Udp, ..MeasurementOptions::for_seconds(2) };
    let mut reader = reader(ReportFormat::Stream, Flow::Forward, &options);
    feed(&mut reader, &[recorded!("3.21-stream-udp-lossy.ndjson")]);
    assert_eq!(reader.partial(), None);
}

#[test]
fn test_without_received_data_has_no_result() {
    let failure = read_stream(recorded!("3.18-stream-no-data.ndjson")).unwrap_err();
    assert_eq!((failure.kind, failure.reason.as_str()), (FailureKind::NoData, "no data was received"));
}

#[test]
fn client_without_report_fails_with_its_stderr() {
    let mut reader = reader(ReportFormat::Stream, Flow::Forward, &MeasurementOptions::for_seconds(2));
    let exit = ClientExit {
        code: Some(1),
        stderr: String::from_utf8_lossy(recorded!("3.12-no-json-stream.stderr")).into_owned(),
        unfinished_line: None,
    };
    let failure = reader.finish(&exit).unwrap_err();
    assert_eq!(failure.reason, "unrecognized option '--json-stream'");
}

#[test]
fn test_that_ended_early_fails() {
    let failure = read(ReportFormat::Stream, 10, STREAM).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Incomplete);
    assert_eq!(failure.reason, "the test ended after 2.0 of 10 seconds");
}

#[test]
fn lost_sample_fails_the_test() {
    let first_interval_gone: Vec<&str> = std::str::from_utf8(STREAM)
        .unwrap()
        .lines()
        .enumerate()
        .filter_map(|(number, line)| (number != 1).then_some(line))
        .collect();
    let failure = read_stream(first_interval_gone.join("\n").as_bytes()).unwrap_err();
    assert_eq!(failure.reason, "no samples between 0.0 and 1.0 seconds of the test");
}

#[test]
fn nan_and_inf_become_absent_figures() {
    let text = std::str::from_utf8(STREAM).unwrap();
    let without_cpu = text.replace("\"host_total\":64.51688199759", "\"host_total\":-nan");
    assert_ne!(text, without_cpu);
    assert_eq!(read_stream(without_cpu.as_bytes()).unwrap().cpu, None);

    let without_rate = text.replace("\"bits_per_second\":34222238991.173164", "\"bits_per_second\":inf");
    assert_ne!(text, without_rate);
    assert_eq!(read_stream(without_rate.as_bytes()).unwrap_err().kind, FailureKind::Incomplete);
}

proptest! {
    #[test]
    fn truncated_report_is_never_a_result(part in 0.0f64..1.0) {
        let cut = |output: &[u8]| output[..(output.trim_ascii_end().len() as f64 * part) as usize].to_vec();
        prop_assert!(read_stream(&cut(STREAM)).is_err());
        prop_assert!(read_document(&cut(DOCUMENT)).is_err());
    }

    #[test]
    fn garbage_is_never_a_result(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(read_stream(&bytes).is_err());
        prop_assert!(read_document(&bytes).is_err());
    }

    #[test]
    fn damaged_report_has_the_true_figure_or_fails(at in 0..STREAM.len(), byte in any::<u8>()) {
        // a changed digit is a valid report of another figure: only damage to the syntax can be detected
        let is_number = |byte: u8| byte.is_ascii_digit() || b".eE-".contains(&byte);
        prop_assume!(!is_number(byte) && !is_number(STREAM[at]));
        let mut output = STREAM.to_vec();
        output[at] = byte;
        if let Ok(measurement) = read_stream(&output) {
            let difference = measurement.bits_per_second - read_stream(STREAM).unwrap().bits_per_second;
            prop_assert!(difference.abs() < 1.0);
        }
    }
}

#[test]
fn parse_attempts_of_an_invalid_document_are_limited() {
    let mut reader = reader(ReportFormat::Document, Flow::Forward, &MeasurementOptions::for_seconds(1));
    let pieces = "{\nx\n}\n".repeat(200_000);
    feed(&mut reader, &[pieces.as_bytes()]);
    assert_eq!(reader.parses, MAX_PARSES);
}

#[test]
fn figures_with_an_infinite_sum_are_absent() {
    let text = std::str::from_utf8(STREAM).unwrap().replace("\"mean_rtt\":", "\"mean_rtt\":1e308,\"was\":");
    let time = read_stream(text.as_bytes()).unwrap().round_trip_time;
    assert_eq!(time, None);
}

#[test]
fn blank_line_is_not_a_reason() {
    for (output, reason) in
        [("\n", "the report of iperf3 is incomplete"), ("\n\u{7}\n", "no reason was given")]
    {
        assert_eq!(read_document(output.as_bytes()).unwrap_err().reason, reason);
    }
    assert_eq!(read_document(b"\n \nsh: iperf3: not found\n").unwrap_err().reason, "sh: iperf3: not found");
    let empty = b"{\"event\":\"error\",\"data\":\"\"}\n";
    assert_eq!(read_stream(empty).unwrap_err().reason, "no reason was given");
}
