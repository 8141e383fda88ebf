use super::*;
use crate::document::Sample;

/// Of each sample its start, its end and its rate in Mbit/s, its retransmits and its round-trip time.
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

/// The least, the mean and the most.
fn times(throughput: &Throughput) -> [u64; 3] {
    let times = throughput.round_trip_time.unwrap();
    [times.min_microseconds, times.mean_microseconds, times.max_microseconds].map(|time| time as u64)
}

#[test]
fn one_stream_of_2_1() {
    let client = recorded!("2.1-tcp-one-stream.client.txt");
    let result = throughput(&options(2, 1), client, recorded!("2.1-tcp-one-stream.server.txt"), "").unwrap();
    assert_eq!((result.bytes, result.seconds), (3_896_770_620, 2.0007));
    assert_eq!(result.bits_per_second as u64, 15_581_628_909);
    assert_eq!(result.retransmits, Some(30));
    // the last line's, an average over the test, is none of the samples'
    assert_eq!(times(&result), [53, 121, 190]);
    assert_eq!(rounded(&result.samples), [[0, 1, 15662, 13, 53], [1, 2, 15510, 17, 190]]);
    assert_eq!((result.cpu, result.udp), (None, None));
}

#[test]
fn one_stream_of_2_2() {
    let client = recorded!("2.2-tcp-one-stream.client.txt");
    let result = throughput(&options(2, 1), client, recorded!("2.2-tcp-one-stream.server.txt"), "").unwrap();
    assert_eq!((result.bytes, result.seconds), (4_099_145_792, 1.9993));
    assert_eq!(result.retransmits, Some(36));
    assert_eq!(times(&result), [47, 77, 107]);
    assert_eq!(rounded(&result.samples), [[0, 1, 15596, 28, 47], [1, 2, 17195, 8, 107]]);
}

#[test]
fn two_streams_of_2_1() {
    let result = throughput(&options(2, 2), CLIENT_2_1, SERVER_2_1, "").unwrap();
    assert_eq!((result.bytes, result.seconds), (6_646_661_240, 2.0019));
    assert_eq!(result.bits_per_second as u64, 26_561_411_618);
    assert_eq!(result.retransmits, Some(13));
    assert_eq!(times(&result), [103, 236, 434]);
    assert_eq!(rounded(&result.samples), [[0, 1, 22365, 10, 307], [1, 2, 30806, 3, 165]]);
}

#[test]
fn two_streams_of_2_2() {
    let result = throughput(&options(2, 2), CLIENT_2_2, SERVER_2_2, "").unwrap();
    assert_eq!((result.bytes, result.seconds), (6_751_125_632, 2.0009));
    assert_eq!(result.retransmits, Some(15));
    assert_eq!(times(&result), [120, 240, 405]);
    assert_eq!(rounded(&result.samples), [[0, 1, 29552, 11, 262], [1, 2, 24454, 4, 218]]);
}

#[test]
fn streams_are_added_up_although_a_sum_of_2_1_leaves_one_out_and_the_last_is_missing() {
    let client = recorded!("2.1-tcp-sum-missing.client.txt");
    let server = recorded!("2.1-tcp-sum-missing.server.txt");
    let result = throughput(&options(2, 4), client, server, "").unwrap();
    assert_eq!((result.bytes, result.seconds), (4_946_264_304, 2.0081));
    assert_eq!(result.retransmits, Some(63));
    assert_eq!(rounded(&result.samples), [[0, 1, 19228, 35, 838], [1, 2, 20337, 24, 689]]);
    // a stream that says nothing is not taken for one that sent nothing
    let silent: String = client.split_inclusive('\n').filter(|line| !line.starts_with("[  4]")).collect();
    assert!(throughput(&options(2, 4), &silent, server, "").is_err());
}

#[test]
fn output_of_both_ends_may_be_interleaved() {
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
    let [(_, Measurement::Throughput(result))] = &reader.finish(&ended("")).unwrap()[..] else { panic!() };
    assert_eq!(seen, 2);
    assert_eq!(result, &throughput(&options, CLIENT_2_2, SERVER_2_2, "").unwrap());
}

#[test]
fn lines_of_the_server_are_asked_for_until_all_streams_were_told_of() {
    for server in [SERVER_2_1, SERVER_2_2] {
        let mut reader = reader(&Iperf2, &options(2, 2));
        let needed: Vec<bool> = server.lines().map(|line| reader.server_line(line)).collect();
        assert_eq!(needed[..5], [true, true, true, true, false]);
    }
}

#[test]
fn a_system_that_does_not_tell_round_trip_times_has_none() {
    let client = recorded!("2.1-tcp-one-stream.client.txt").replace("(10) us", "").replace("(81) us", "");
    let server = recorded!("2.1-tcp-one-stream.server.txt");
    let result = throughput(&options(2, 1), &client, server, "").unwrap();
    assert_eq!(result.round_trip_time, None);
    assert_eq!(result.samples[0].round_trip_time_microseconds, None);
}

#[test]
fn a_server_that_dies_ends_the_test_early() {
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
fn without_the_servers_lines_there_is_no_result() {
    for server in ["", &SERVER_2_1[..SERVER_2_1.find("[  2] 0.0").unwrap()]] {
        let failure = throughput(&options(2, 2), CLIENT_2_1, server, "").unwrap_err();
        assert_eq!(
            failure,
            Failure::new(FailureKind::ClientLost, "the iperf server did not report what it received")
        );
    }
}

#[test]
fn nothing_received_is_no_result() {
    let server = recorded!("2.1-tcp-one-stream.server.txt").replace("3896770620 Bytes", "0 Bytes");
    let client = recorded!("2.1-tcp-one-stream.client.txt");
    let failure = throughput(&options(2, 1), client, &server, "").unwrap_err();
    assert_eq!(failure, incomplete("nothing was received"));
}

#[test]
fn figures_of_a_test_that_was_not_asked_for_are_no_result() {
    let stderr = recorded!("2.1-unknown-congestion-control.stderr");
    let failure = throughput(&options(2, 2), CLIENT_2_1, SERVER_2_1, stderr).unwrap_err();
    assert_eq!(failure, Failure::new(FailureKind::Engine, stderr.trim()));
}

#[test]
fn other_words_are_the_engines() {
    let words = "ERROR: option -b and -l of 131072 are incompatible, consider setting -l to 125000 or lower";
    let failure = throughput(&options(2, 1), "", "", words).unwrap_err();
    assert_eq!(failure, Failure::new(FailureKind::Engine, words));
    let harmless = "shutdown failed: Transport endpoint is not connected";
    assert!(throughput(&options(2, 2), CLIENT_2_1, SERVER_2_1, harmless).is_ok());
}
