//! Tests that transfer nothing or do not end: their reasons, as short tests show them.

use super::*;

/// What a client of small packets, and another short one, do; all others do as `whole`.
fn testbed(small: fn() -> Behavior, short: fn() -> Behavior, whole: fn() -> Behavior) -> FakeTestbed {
    let mut testbed = FakeTestbed::new(2, move |_, _| whole());
    testbed.by_command = Box::new(move |command| {
        let is_small = argument(command, "mss") == "500" || argument(command, "length") == "500";
        let is_short = argument(command, "seconds") == "1";
        if is_small { Some(small()) } else { is_short.then(short) }
    });
    testbed
}

/// The record of the first test of a mesh.
async fn first_test(testbed: &FakeTestbed, options: MeasurementOptions) -> TestRecord {
    let plan = Plan::one_by_one(vec![mesh(2).slots().next().unwrap().tests[0]]);
    let settings = Settings { options, ..settings(2) };
    run(testbed, &plan, &settings, &Unobserved, &CancellationToken::new()).await.unwrap().tests.remove(0)
}

async fn failure(testbed: &FakeTestbed, options: MeasurementOptions) -> Failure {
    match first_test(testbed, options).await.outcome {
        Outcome::Failed(failure) => failure,
        Outcome::Ok(measurement) => panic!("{measurement:?}"),
    }
}

fn tcp() -> MeasurementOptions {
    settings(2).options
}

fn udp() -> MeasurementOptions {
    MeasurementOptions { protocol: Protocol::Udp, target_bits_per_second: Some(50_000_000), ..tcp() }
}

const WORKS: fn() -> Behavior = || Behavior::Reports(REPORT);
const TRANSFERS_NOTHING: fn() -> Behavior = || Behavior::Reports(NO_DATA);

#[tokio::test(start_paused = true)]
async fn packet_size_is_named_if_small_packets_arrive_and_others_do_not() {
    let testbed = testbed(WORKS, TRANSFERS_NOTHING, TRANSFERS_NOTHING);
    for (options, flag) in [(tcp(), "--mss 500"), (udp(), "--length 500")] {
        let failure = failure(&testbed, options).await;
        assert_eq!(failure.kind, FailureKind::PacketSize);
        assert!(failure.reason.contains(flag) && failure.reason.contains("MTU"), "{failure:?}");
        assert!(failure.remedy.is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn packet_size_is_not_named_if_small_packets_are_lost_as_well() {
    let failure = failure(&testbed(TRANSFERS_NOTHING, TRANSFERS_NOTHING, TRANSFERS_NOTHING), tcp()).await;
    assert_eq!(failure.kind, FailureKind::NoData);
    assert!(!format!("{failure:?}").contains("MTU"), "{failure:?}");
}

#[tokio::test(start_paused = true)]
async fn udp_that_is_blocked_is_named() {
    let mut testbed = FakeTestbed::new(2, |_, _| Behavior::Reports(NO_DATA));
    testbed.by_command =
        Box::new(|command| (argument(command, "protocol") == "TCP").then_some(Behavior::Reports(REPORT)));
    let failure = failure(&testbed, udp()).await;
    assert!(failure.reason.contains("TCP works") && !failure.reason.contains("MTU"), "{failure:?}");
}

#[tokio::test(start_paused = true)]
async fn failure_that_a_short_test_does_not_repeat_is_retried_once() {
    let testbed = testbed(WORKS, WORKS, TRANSFERS_NOTHING);
    let record = first_test(&testbed, tcp()).await;
    assert_eq!(record.attempt, 2);
    let Outcome::Failed(failure) = record.outcome else { panic!() };
    assert_eq!((failure.kind, failure.reason.as_str()), (FailureKind::NoData, "no data was received"));
}

#[tokio::test(start_paused = true)]
async fn server_that_hangs_is_replaced_and_the_path_is_not_blamed() {
    let hangs = || Behavior::Hangs;
    let mut testbed = testbed(hangs, hangs, hangs);
    let reasons = std::sync::Arc::new(Mutex::new(Vec::new()));
    let known = std::sync::Arc::clone(&reasons);
    testbed.restore = Box::new(move |node, reason| {
        known.lock().unwrap().push((node, reason));
        RestoreOutcome::Intact
    });
    let failure = failure(&testbed, tcp()).await;
    assert_eq!(failure.kind, FailureKind::Unresponsive);
    assert!(!format!("{failure:?}").contains("MTU"), "{failure:?}");
    let server = ("node-2".into(), RestoreReason::Unresponsive);
    assert!(reasons.lock().unwrap().contains(&server), "{reasons:?}");
}

#[tokio::test(start_paused = true)]
async fn test_without_a_report_has_the_result_of_its_samples() {
    let testbed = testbed(WORKS, WORKS, || Behavior::LosesItsReport);
    let began = Instant::now();
    let record = first_test(&testbed, tcp()).await;
    let throughput = record.outcome.throughput().unwrap();
    assert!((throughput.bits_per_second - 1000.0).abs() < f64::EPSILON);
    let cut_by = throughput.cut_by.as_ref().unwrap();
    assert_eq!(cut_by.kind, FailureKind::ConnectionLost);
    assert!(!cut_by.remedy.as_ref().unwrap().contains("restarted"), "{cut_by:?}");
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[tokio::test(start_paused = true)]
async fn samples_of_lost_large_packets_are_no_result() {
    // what a sender has put into its buffer counts as sent
    let testbed = testbed(WORKS, TRANSFERS_NOTHING, || Behavior::LosesItsReport);
    assert_eq!(failure(&testbed, tcp()).await.kind, FailureKind::PacketSize);
}

#[tokio::test(start_paused = true)]
async fn directions_of_a_bidirectional_test_are_diagnosed_one_after_the_other() {
    // the report of both is larger than the packets that arrive
    let mut testbed = testbed(WORKS, WORKS, TRANSFERS_NOTHING);
    let of_one = std::mem::replace(&mut testbed.by_command, Box::new(|_| None));
    testbed.by_command = Box::new(move |command| match argument(command, "flow") {
        "Both" => Some(Behavior::Starves),
        "Reverse" if argument(command, "mss") == "0" => Some(Behavior::Reports(NO_DATA)),
        _ => of_one(command),
    });
    let steps = vec![Step { variant: throughput_over(Path::Pod), backward: false, flow: Flow::Both }];
    let plan = Plan::mesh(&nodes(2), steps, 1, None);
    let measured = run(&testbed, &plan, &settings(2), &Unobserved, &CancellationToken::new()).await.unwrap();
    let kinds: Vec<FailureKind> = failures(&measured).into_iter().map(|(_, _, kind)| kind).collect();
    assert_eq!(kinds, [FailureKind::PacketSize; 2]);
}

#[tokio::test(start_paused = true)]
async fn server_that_resets_a_connection_after_a_test_is_asked_again() {
    let is_first = Mutex::new(true);
    let mut testbed = testbed(WORKS, TRANSFERS_NOTHING, TRANSFERS_NOTHING);
    let usual = std::mem::replace(&mut testbed.by_command, Box::new(|_| None));
    testbed.by_command = Box::new(move |command| {
        let is_reset = argument(command, "mss") == "500" && std::mem::take(&mut *is_first.lock().unwrap());
        if is_reset { Some(Behavior::Reports("fail connectionLost reset")) } else { usual(command) }
    });
    assert_eq!(failure(&testbed, tcp()).await.kind, FailureKind::PacketSize);
}
