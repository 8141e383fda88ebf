//! Servers that go away, get stuck, or starve, while tests run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

fn gone() -> Unusable {
    Unusable::because("its pod was deleted")
}

/// The servers of one node after being put back, at another address.
fn back() -> Restored {
    let server = Server {
        host: "10.9.9.9".to_owned(),
        port: 5201,
        latency_port: None,
        version: Some("3.18".to_owned()),
    };
    Restored::Back { lost: gone(), servers: vec![Ok(server)] }
}

/// The first client of all plays `first`, all others report.
fn only_first(nodes: usize, first: fn() -> Play) -> MadeUp {
    let is_first = Mutex::new(true);
    MadeUp::new(nodes, move |_, _| {
        if std::mem::take(&mut *is_first.lock().unwrap()) { first() } else { Play::Reports(REPORT) }
    })
}

/// The first test of a mesh, alone.
fn one_test() -> Plan {
    Plan::one_by_one(vec![mesh(2).slots().next().unwrap().tests[0]])
}

#[tokio::test(start_paused = true)]
async fn a_server_that_went_away_is_put_back_and_its_test_run_again_at_once() {
    let mut testbed = only_first(2, || Play::IsLost);
    testbed.restore = Box::new(|node, _| if node == 1 { back() } else { Restored::Intact });
    let began = Instant::now();
    let token = CancellationToken::new();
    let measured = run(&testbed, &one_test(), &settings(2), &Unobserved, &token).await.unwrap();
    assert!(failures(&measured).is_empty());
    assert_eq!((measured.tests[0].attempt, began.elapsed()), (2, TIME));
    assert_eq!(testbed.commands.lock().unwrap()[1][2], "10.9.9.9");
}

#[tokio::test(start_paused = true)]
async fn the_tests_of_a_node_that_is_gone_fail_at_once_with_its_reason() {
    let mut testbed =
        MadeUp::new(4, |client, _| if client == 2 { Play::IsLost } else { Play::Reports(REPORT) });
    testbed.restore = Box::new(|node, _| match node {
        2 => Restored::Lost(Unusable::because("not ready")),
        _ => Restored::Intact,
    });
    let began = Instant::now();
    let measured = run_on(&testbed, 4).await.unwrap();
    let failed = failures(&measured);
    let of_node = |(client, server, kind): &(&str, &str, FailureKind)| {
        (*client == "node-3" || *server == "node-3") && *kind == FailureKind::NodeUnusable
    };
    assert!(failed.len() >= 3 && failed.iter().all(of_node), "{failed:?}");
    let mut reasons = measured.tests.iter().filter_map(|test| match &test.outcome {
        Outcome::Failed(failure) => Some(failure.reason.as_str()),
        Outcome::Ok(_) => None,
    });
    assert!(reasons.all(|reason| reason == "node-3: not ready"));
    assert!(began.elapsed() <= TIME * 6);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_back_is_measured_again() {
    let mut testbed = only_first(3, || Play::IsLost);
    let looks = Mutex::new(0);
    testbed.restore = Box::new(move |_, _| {
        let mut looks = looks.lock().unwrap();
        *looks += 1;
        if *looks == 1 { Restored::Lost(Unusable::because("not ready")) } else { Restored::Intact }
    });
    let measured = run_on(&testbed, 3).await.unwrap();
    assert_eq!((measured.tests.len(), failures(&measured).len()), (6, 1));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_stuck_in_a_test_that_is_over_is_replaced() {
    let replaced = Arc::new(AtomicBool::new(false));
    let is_replaced = Arc::clone(&replaced);
    let mut testbed = MadeUp::new(2, move |_, _| {
        Play::Reports(if is_replaced.load(Ordering::Relaxed) { REPORT } else { BUSY })
    });
    testbed.restore = Box::new(move |_, trouble| match trouble {
        Trouble::Stuck => {
            replaced.store(true, Ordering::Relaxed);
            back()
        }
        Trouble::Failed | Trouble::Gone => Restored::Intact,
    });
    let measured =
        run(&testbed, &one_test(), &settings(2), &Unobserved, &CancellationToken::new()).await.unwrap();
    assert_eq!((failures(&measured).len(), measured.tests[0].attempt), (0, 4));
}

#[tokio::test(start_paused = true)]
async fn a_test_through_which_no_data_goes_is_given_up_before_its_time() {
    let testbed = MadeUp::new(2, |_, _| Play::Starves);
    let options = MeasurementOptions { parallel: 2, ..MeasurementOptions::for_seconds(3600) };
    let settings = Settings { options, ..settings(2) };
    let began = Instant::now();
    let measured =
        run(&testbed, &one_test(), &settings, &Unobserved, &CancellationToken::new()).await.unwrap();
    assert_eq!(failures(&measured)[0].2, FailureKind::TimedOut);
    assert_eq!(began.elapsed(), Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn the_way_to_the_service_of_a_server_that_is_back_is_waited_for() {
    let (lost, refused) = (|| Play::IsLost, || Play::Reports(REFUSED));
    let plays = Mutex::new(vec![refused, refused, lost]);
    let mut testbed =
        MadeUp::new(2, move |_, _| plays.lock().unwrap().pop().map_or(Play::Reports(REPORT), |play| play()));
    let is_gone = Mutex::new(true);
    testbed.restore = Box::new(move |node, _| {
        let goes = node == 1 && std::mem::take(&mut *is_gone.lock().unwrap());
        if goes { back() } else { Restored::Intact }
    });
    let settings = Settings { routes: vec![Path::Service.into()], ..settings(2) };
    let token = CancellationToken::new();
    let started = start(&testbed, &settings, &Unobserved, &token).await.unwrap().unwrap();
    // long after all Services are known everywhere
    tokio::time::advance(Duration::from_secs(60)).await;
    let measured = started.measure(&one_test(), &Unobserved, &token).await;
    assert!(failures(&measured).is_empty(), "{:?}", failures(&measured));
}
