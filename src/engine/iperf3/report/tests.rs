use super::*;
use proptest::prelude::*;

macro_rules! recorded {
    ($name:literal) => {
        include_bytes!(concat!("../../../../tests/fixtures/iperf3/", $name))
    };
}

const STREAM: &[u8] = recorded!("3.18-stream-two-streams.ndjson");
const DOCUMENT: &[u8] = recorded!("3.12-document-two-streams.json");

fn reader(format: ReportFormat, options: &ClientOptions) -> Box<ReportReader> {
    Box::new(ReportReader::new(format, options))
}

/// The results of the directions that were asked for.
fn read_as(format: ReportFormat, options: &ClientOptions, output: &[u8]) -> Result<Vec<Throughput>, Failure> {
    let mut reader = reader(format, options);
    reader.push(output);
    let results = reader.finish(&ClientExit::default())?;
    let directions: Vec<Direction> = results.iter().map(|(direction, _)| *direction).collect();
    assert_eq!(directions, options.flow.directions());
    let throughput = |measurement| match measurement {
        Measurement::Throughput(throughput) => throughput,
        Measurement::Latency(latency) => panic!("{latency:?}"),
    };
    Ok(results.into_iter().map(|(_, measurement)| throughput(measurement)).collect())
}

fn read(format: ReportFormat, time_seconds: u32, output: &[u8]) -> Result<Throughput, Failure> {
    read_as(format, &ClientOptions::tcp(time_seconds), output).map(|mut results| results.remove(0))
}

fn read_stream(output: &[u8]) -> Result<Throughput, Failure> {
    read(ReportFormat::Stream, 2, output)
}

fn read_document(output: &[u8]) -> Result<Throughput, Failure> {
    read(ReportFormat::Document, 2, output)
}

#[test]
fn udp_tells_what_was_received_and_what_was_lost() {
    let options = ClientOptions { protocol: Protocol::Udp, ..ClientOptions::tcp(2) };
    let (document, stream) = (ReportFormat::Document, ReportFormat::Stream);
    for (format, recorded, lost, sent) in [
        (document, &recorded!("3.12-document-udp-lossy.json")[..], 22_241, 419_420),
        (document, &recorded!("3.16-document-udp-lossy.json")[..], 178_845, 334_290),
        (stream, &recorded!("3.21-stream-udp-lossy.ndjson")[..], 31_385, 390_320),
    ] {
        let throughput = read_as(format, &options, recorded).unwrap().remove(0);
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

#[test]
fn both_directions_have_figures_of_their_own() {
    let options = ClientOptions { flow: Flow::Both, parallel: 2, ..ClientOptions::tcp(2) };
    let (document, stream) = (ReportFormat::Document, ReportFormat::Stream);
    for (format, recorded, bytes, retransmits) in [
        (document, &recorded!("3.12-document-bidir.json")[..], [3_186_098_176, 2_119_434_134], [33, 20]),
        (document, &recorded!("3.16-document-bidir.json")[..], [6_013_452_288, 5_104_730_112], [36, 36]),
        (stream, &recorded!("3.18-stream-bidir.ndjson")[..], [4_862_640_128, 4_641_652_736], [8, 24]),
        (stream, &recorded!("3.21-stream-bidir.ndjson")[..], [4_816_764_928, 4_554_227_712], [18, 23]),
    ] {
        let results = read_as(format, &options, recorded).unwrap();
        assert_eq!([results[0].bytes, results[1].bytes], bytes);
        assert_eq!(results.iter().map(|r| r.retransmits.unwrap()).collect::<Vec<_>>(), retransmits);
        assert!(results.iter().all(|result| result.samples.len() == 2));
        // the client's kernel knows the time of what the client sends, and nothing of the rest
        assert!(results[0].round_trip_time.is_some_and(|time| time.min_microseconds > 50.0));
        assert_eq!(results[1].round_trip_time, None);
    }
}

#[test]
fn udp_in_both_directions_has_the_datagrams_of_each() {
    let options = ClientOptions { flow: Flow::Both, protocol: Protocol::Udp, ..ClientOptions::tcp(2) };
    let results = read_as(ReportFormat::Stream, &options, recorded!("3.21-stream-udp-bidir.ndjson")).unwrap();
    let jitters: Vec<f64> = results.iter().map(|result| result.udp.unwrap().jitter_microseconds).collect();
    assert_eq!(results.iter().map(|result| result.udp.unwrap().sent).collect::<Vec<_>>(), [382, 382]);
    assert!((jitters[0] - jitters[1]).abs() > f64::EPSILON, "{jitters:?}");
}

#[test]
fn the_way_back_is_what_the_client_received() {
    let options = ClientOptions { flow: Flow::Reverse, ..ClientOptions::tcp(2) };
    for (format, recorded, bytes) in [
        (ReportFormat::Document, &recorded!("3.12-document-reverse.json")[..], 4_336_517_120),
        (ReportFormat::Stream, &recorded!("3.18-stream-reverse.ndjson")[..], 5_227_675_648),
    ] {
        let throughput = read_as(format, &options, recorded).unwrap().remove(0);
        assert_eq!((throughput.bytes, throughput.round_trip_time), (bytes, None));
        assert!(throughput.retransmits.is_some());
    }
}

#[test]
fn the_omitted_start_is_no_sample_and_in_no_figure() {
    let options = ClientOptions { omit_seconds: 1, ..ClientOptions::tcp(2) };
    let throughput =
        read_as(ReportFormat::Stream, &options, recorded!("3.21-stream-omit.ndjson")).unwrap().remove(0);
    assert_eq!((throughput.samples.len(), throughput.bytes), (2, 4_250_664_960));
}

#[test]
fn the_oldest_threaded_and_the_newest_version_are_read_as_well() {
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
fn a_stream_of_3_18() {
    insta::assert_json_snapshot!(read_stream(STREAM).unwrap());
}

#[test]
fn a_document_of_3_12() {
    insta::assert_json_snapshot!(read_document(DOCUMENT).unwrap());
}

#[test]
fn a_document_of_3_18() {
    let measurement = read_document(recorded!("3.18-document.json")).unwrap();
    assert_eq!(measurement.samples.len(), 2);
    assert!(measurement.round_trip_time.is_some());
}

#[test]
fn a_document_printed_twice_counts_once() {
    let twice = [DOCUMENT, DOCUMENT].concat();
    assert_eq!(read_document(&twice), read_document(DOCUMENT));
}

#[test]
fn output_may_come_in_any_pieces() {
    for (format, output) in [(ReportFormat::Stream, STREAM), (ReportFormat::Document, DOCUMENT)] {
        let mut reader = reader(format, &ClientOptions::tcp(2));
        let seen: usize = output.chunks(7).map(|piece| reader.push(piece).len()).sum();
        assert_eq!(reader.is_complete(), format == ReportFormat::Document || output.ends_with(b"\n"));
        let whole = read(format, 2, output).unwrap();
        assert_eq!(seen, whole.samples.len());
        let result = reader.finish(&ClientExit::default());
        assert_eq!(result, Ok(vec![(Direction::ClientToServer, Measurement::Throughput(whole))]));
    }
}

#[test]
fn errors_keep_iperf3s_words_and_are_sorted() {
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
fn a_client_without_a_report_is_told_by_its_last_words() {
    let reader = reader(ReportFormat::Stream, &ClientOptions::tcp(2));
    let exit = ClientExit {
        code: Some(1),
        stderr: String::from_utf8_lossy(recorded!("3.12-no-json-stream.stderr")).into_owned(),
    };
    let failure = reader.finish(&exit).unwrap_err();
    assert_eq!(failure.reason, "unrecognized option '--json-stream'");
}

#[test]
fn a_test_that_ended_early_is_no_result() {
    let failure = read(ReportFormat::Stream, 10, STREAM).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Incomplete);
    assert_eq!(failure.reason, "the test ended after 2.0 of 10 seconds");
}

#[test]
fn a_lost_sample_is_no_result() {
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
fn numbers_that_are_none_become_absent_figures() {
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
    fn a_truncated_report_is_never_a_result(part in 0.0f64..1.0) {
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
    fn a_damaged_report_gives_the_true_figure_or_none(at in 0..STREAM.len(), byte in any::<u8>()) {
        // a changed digit is a changed figure: only damage to the form can be told
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
fn a_line_without_an_end_is_not_kept_and_the_next_one_is_read() {
    let mut reader = ReportReader::new(ReportFormat::Stream, &ClientOptions::tcp(1));
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..20 {
        reader.push(&piece);
        assert!(reader.pending.len() <= reader.most_pending());
    }
    reader.push(b"\n{\"event\":\"error\",\"data\":\"the server is busy\"}\n");
    assert_eq!(Box::new(reader).finish(&ClientExit::default()).unwrap_err().kind, FailureKind::Busy);
}

#[test]
fn what_only_looks_like_a_document_is_not_read_again_and_again() {
    let mut reader = ReportReader::new(ReportFormat::Document, &ClientOptions::tcp(1));
    let began = std::time::Instant::now();
    reader.push("{\nx\n}\n".repeat(200_000).as_bytes());
    assert_eq!(reader.tries, MOST_TRIES);
    assert!(began.elapsed().as_secs() < 30);
}

#[test]
fn figures_whose_sum_would_be_infinite_are_none() {
    let text = std::str::from_utf8(STREAM).unwrap().replace("\"mean_rtt\":", "\"mean_rtt\":1e308,\"was\":");
    let time = read_stream(text.as_bytes()).unwrap().round_trip_time;
    assert_eq!(time, None);
}

#[test]
fn a_blank_line_is_no_reason() {
    for (output, reason) in
        [("\n", "iperf3's report broke off before its end"), ("\n\u{7}\n", "no reason was given")]
    {
        assert_eq!(read_document(output.as_bytes()).unwrap_err().reason, reason);
    }
    assert_eq!(read_document(b"\n \nsh: iperf3: not found\n").unwrap_err().reason, "sh: iperf3: not found");
    let empty = b"{\"event\":\"error\",\"data\":\"\"}\n";
    assert_eq!(read_stream(empty).unwrap_err().reason, "no reason was given");
}
