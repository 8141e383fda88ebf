use super::*;
use proptest::prelude::*;

macro_rules! recorded {
    ($name:literal) => {
        include_bytes!(concat!("../../../../tests/fixtures/iperf3/", $name))
    };
}

const STREAM: &[u8] = recorded!("3.18-stream-two-streams.ndjson");
const DOCUMENT: &[u8] = recorded!("3.12-document-two-streams.json");

fn read(format: ReportFormat, time_seconds: u32, output: &[u8]) -> Result<Measurement, Failure> {
    let mut reader = ReportReader::new(format, time_seconds);
    reader.push(output);
    reader.finish(&ClientExit::default())
}

fn read_stream(output: &[u8]) -> Result<Measurement, Failure> {
    read(ReportFormat::Stream, 2, output)
}

fn read_document(output: &[u8]) -> Result<Measurement, Failure> {
    read(ReportFormat::Document, 2, output)
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
        let mut reader = ReportReader::new(format, 2);
        let seen: usize = output.chunks(7).map(|piece| reader.push(piece).len()).sum();
        assert_eq!(reader.is_complete(), format == ReportFormat::Document || output.ends_with(b"\n"));
        let whole = read(format, 2, output).unwrap();
        assert_eq!(seen, whole.samples.len());
        assert_eq!(reader.finish(&ClientExit::default()), Ok(whole));
    }
}

#[test]
fn errors_keep_iperf3s_words_and_are_sorted() {
    let failures = [
        read_stream(recorded!("3.18-stream-refused.ndjson")),
        read_stream(recorded!("3.18-stream-busy.ndjson")),
        read_stream(recorded!("3.18-stream-server-killed.ndjson")),
        read_document(recorded!("3.12-document-refused.json")),
        read_document(recorded!("3.12-document-busy.json")),
        read_document(recorded!("3.12-document-server-killed.json")),
    ];
    insta::assert_debug_snapshot!(failures.map(Result::unwrap_err));
}

#[test]
fn a_client_without_a_report_is_told_by_its_last_words() {
    let reader = ReportReader::new(ReportFormat::Stream, 2);
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
