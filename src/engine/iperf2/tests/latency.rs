use super::*;

#[test]
fn latency_of_2_2_is_read_with_fine_percentiles() {
    assert_eq!(
        latency(2, BOUNCEBACK_2_2, "").unwrap(),
        Latency {
            requests: 27794,
            seconds: 2.0037,
            mean_microseconds: 72.0,
            min_microseconds: 19.0,
            p50_microseconds: 80.0,
            p95_microseconds: 140.0,
            p99_microseconds: 220.0,
            max_microseconds: 6268.0,
            resolution_microseconds: 10.0,
        }
    );
}

#[test]
fn latency_of_2_1_is_read_with_coarse_percentiles() {
    assert_eq!(
        latency(2, BOUNCEBACK_2_1, "").unwrap(),
        Latency {
            requests: 24905,
            seconds: 2.0006,
            mean_microseconds: 79.0,
            min_microseconds: 18.0,
            p50_microseconds: 100.0,
            p95_microseconds: 200.0,
            p99_microseconds: 300.0,
            max_microseconds: 4233.0,
            resolution_microseconds: 100.0,
        }
    );
}

#[test]
fn last_histogram_counts_regardless_of_its_name() {
    let result = latency(1, recorded!("2.1-bounceback-one-second.txt"), "").unwrap();
    assert_eq!((result.requests, result.p99_microseconds as u64), (13589, 300));
}

#[test]
fn few_or_wide_bins_are_read() {
    let few = latency(1, recorded!("2.2-bounceback-few-bins.txt"), "").unwrap();
    assert_eq!((few.p50_microseconds as u64, few.p95_microseconds as u64), (60, 4517));
    let wide = latency(1, recorded!("2.2-bounceback-millisecond-bins.txt"), "").unwrap();
    assert_eq!((wide.p50_microseconds as u64, wide.resolution_microseconds as u64), (1000, 1000));
}

#[test]
fn report_without_histogram_fails_the_test() {
    let cut = BOUNCEBACK_2_2.rfind("[  1] 0.0000-2.0037 sec  BB8").unwrap();
    let failure = latency(2, &BOUNCEBACK_2_2[..cut], "").unwrap_err();
    assert_eq!(failure, incomplete("iperf did not report a latency histogram"));
}

#[test]
fn killed_server_fails_the_test() {
    let client = recorded!("2.1-bounceback-server-killed.client.txt");
    let stderr = recorded!("2.1-bounceback-server-killed.stderr");
    let failure = latency(4, client, stderr).unwrap_err();
    assert_eq!(failure, incomplete("the test ended after 2.5 of 4 seconds"));
    // as if it had been killed at the very end
    assert_eq!(latency(2, client, stderr).unwrap_err(), incomplete("a request received no reply"));

    let client = recorded!("2.2-bounceback-server-killed.client.txt");
    let failure = latency(4, client, recorded!("2.2-bounceback-server-killed.stderr")).unwrap_err();
    assert_eq!(failure, incomplete("recvn failed: Connection reset by peer"));
}
