use super::*;
use crate::document::Sample;

/// Start, end, rate in Mbit/s, retransmits and round-trip time of each sample.
fn rounded(samples: &[Sample]) -> Vec<[u64; 5]> {
    let row = |sample: &Sample| {
        [
            sample.start_seconds as u64,
            sample.end_seconds as u64,
            (sample.bits_per_second / 1e6) as u64,
            sample.retransmits.unwrap(),
            sample.round_trip_time_microseconds.unwrap() as u64,
        ]
    };
    samples.iter().map(row).collect()
}

/// Minimum, mean and maximum round-trip time.
fn times(throughput: &Throughput) -> [u64; 3] {
    let times = throughput.round_trip_time.unwrap();
    [times.min_microseconds, times.mean_microseconds, times.max_microseconds].map(|time| time as u64)
}

#[test]
fn one_stream_of_2_1_is_read() {
    let client = recorded!("2.1-tcp-one-stream.client.txt");
    let result = throughput(&options(2, 1), client, recorded!("2.1-tcp-one-stream.server.txt"), "").unwrap();
    assert_eq!((result.bytes, result.seconds), (3_896_770_620, 2.0007));
    assert_eq!(result.bits_per_second as u64, 15_581_628_909);
    assert_eq!(result.retransmits, Some(30));
    // that of the last line, an average over the test, is not part of any sample
    assert_eq!(times(&result), [53, 121, 190]);
    assert_eq!(rounded(&result.samples), [[0, 1, 15662, 13, 53], [1, 2, 15510, 17, 190]]);
    assert_eq!((result.cpu, result.udp), (None, None));
}

#[test]
fn one_stream_of_2_2_is_read() {
    let client = recorded!("2.2-tcp-one-stream.client.txt");
    let result = throughput(&options(2, 1), client, recorded!("2.2-tcp-one-stream.server.txt"), "").unwrap();
    assert_eq!((result.bytes, result.seconds), (4_099_145_792, 1.9993));
    assert_eq!(result.retransmits, Some(36));
    assert_eq!(times(&result), [47, 77, 107]);
    assert_eq!(rounded(&result.samples), [[0, 1, 15596, 28, 47], [1, 2, 17195, 8, 107]]);
}

#[test]
fn two_streams_of_2_1_are_read() {
    let result = throughput(&options(2, 2), CLIENT_2_1, SERVER_2_1, "").unwrap();
    assert_eq!((result.bytes, result.seconds), (6_646_661_240, 2.0019));
    assert_eq!(result.bits_per_second as u64, 26_561_411_618);
    assert_eq!(result.retransmits, Some(13));
    assert_eq!(times(&result), [103, 236, 434]);
    assert_eq!(rounded(&result.samples), [[0, 1, 22365, 10, 307], [1, 2, 30806, 3, 165]]);
}

#[test]
fn two_streams_of_2_2_are_read() {
    let result = throughput(&options(2, 2), CLIENT_2_2, SERVER_2_2, "").unwrap();
    assert_eq!((result.bytes, result.seconds), (6_751_125_632, 2.0009));
    assert_eq!(result.retransmits, Some(15));
    assert_eq!(times(&result), [120, 240, 405]);
    assert_eq!(rounded(&result.samples), [[0, 1, 29552, 11, 262], [1, 2, 24454, 4, 218]]);
}

#[test]
fn incomplete_sums_of_2_1_are_not_used() {
    let client = recorded!("2.1-tcp-sum-missing.client.txt");
    let server = recorded!("2.1-tcp-sum-missing.server.txt");
    let result = throughput(&options(2, 4), client, server, "").unwrap();
    assert_eq!((result.bytes, result.seconds), (4_946_264_304, 2.0081));
    assert_eq!(result.retransmits, Some(63));
    assert_eq!(rounded(&result.samples), [[0, 1, 19228, 35, 838], [1, 2, 20337, 24, 689]]);
    // a stream without a report does not count as one that sent nothing
    let silent: String = client.split_inclusive('\n').filter(|line| !line.starts_with("[  4]")).collect();
    assert!(throughput(&options(2, 4), &silent, server, "").is_err());
}

#[test]
fn interleaved_output_of_client_and_server_is_read() {
    let options = options(2, 2);
    let mut reader = reader(&Iperf2, &options);
    let mut server = SERVER_2_2.lines();
    let mut seen = 0;
    for line in CLIENT_2_2.lines() {
        seen += reader.line(line).len();
        if let Some(line) = server.next() {
            reader.server_line(line);
        }
    }
    let [(_, Measurement::Throughput(result))] = &reader.finish(&exit("")).unwrap()[..] else { panic!() };
    assert_eq!(seen, 2);
    assert_eq!(result, &throughput(&options, CLIENT_2_2, SERVER_2_2, "").unwrap());
}

#[test]
fn server_lines_are_needed_until_all_streams_are_reported() {
    for server in [SERVER_2_1, SERVER_2_2] {
        let mut reader = reader(&Iperf2, &options(2, 2));
        let needed: Vec<bool> = server.lines().map(|line| reader.server_line(line)).collect();
        assert_eq!(needed[..5], [true, true, true, true, false]);
    }
}

#[test]
fn round_trip_times_are_absent_if_not_reported() {
    let client = recorded!("2.1-tcp-one-stream.client.txt").replace("(10) us", "").replace("(81) us", "");
    let server = recorded!("2.1-tcp-one-stream.server.txt");
    let result = throughput(&options(2, 1), &client, server, "").unwrap();
    assert_eq!(result.round_trip_time, None);
    assert_eq!(result.samples[0].round_trip_time_microseconds, None);
}

#[test]
fn killed_server_ends_the_test_early() {
    let failures = [
        throughput(
            &options(4, 2),
            recorded!("2.1-server-killed.client.txt"),
            "",
            recorded!("2.1-server-killed.stderr"),
        ),
        throughput(
            &options(4, 2),
            recorded!("2.2-server-killed.client.txt"),
            "",
            recorded!("2.2-server-killed.stderr"),
        ),
    ];
    for failure in failures {
        assert_eq!(failure.unwrap_err(), incomplete("the test ended after 2.5 of 4 seconds"));
    }
}

#[test]
fn missing_server_report_fails_the_test() {
    for server in ["", &SERVER_2_1[..SERVER_2_1.find("[  2] 0.0").unwrap()]] {
        let failure = throughput(&options(2, 2), CLIENT_2_1, server, "").unwrap_err();
        assert_eq!(
            failure,
            Failure::new(FailureKind::ClientLost, "the iperf server did not report the received bytes")
        );
    }
}

#[test]
fn test_without_received_data_fails() {
    let server = recorded!("2.1-tcp-one-stream.server.txt").replace("3896770620 Bytes", "0 Bytes");
    let client = recorded!("2.1-tcp-one-stream.client.txt");
    let failure = throughput(&options(2, 1), client, &server, "").unwrap_err();
    assert_eq!(failure, Failure::new(FailureKind::NoData, "no data was received"));
}

#[test]
fn rejected_option_fails_the_test() {
    let stderr = recorded!("2.1-unknown-congestion-control.stderr");
    let failure = throughput(&options(2, 2), CLIENT_2_1, SERVER_2_1, stderr).unwrap_err();
    assert_eq!(failure, Failure::new(FailureKind::Engine, stderr.trim()));
}

#[test]
fn other_message_is_the_reason() {
    let message =
        "ERROR: option -b and -l of 131072 are incompatible, consider setting -l to 125000 or lower";
    let failure = throughput(&options(2, 1), "", "", message).unwrap_err();
    assert_eq!(failure, Failure::new(FailureKind::Engine, message));
    let harmless = "shutdown failed: Transport endpoint is not connected";
    assert!(throughput(&options(2, 2), CLIENT_2_1, SERVER_2_1, harmless).is_ok());
}
