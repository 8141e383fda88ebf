//! Servers that are lost, get stuck, or transfer nothing while tests run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

fn gone() -> Unusable {
    Unusable::because("its pod was deleted")
}

/// The servers of one node, restored at another address.
fn back() -> RestoreOutcome {
    back_over(Path::Pod)
}

fn back_over(path: Path) -> RestoreOutcome {
    let server = Server { host: "10.9.9.9".to_owned(), port: PORT, latency_port: None, version: None };
    RestoreOutcome::Recreated { lost: gone(), servers: [(path.into(), Ok(server))].into() }
}

/// The first client behaves as `first`, all others report.
fn only_first(nodes: usize, first: fn() -> Behavior) -> FakeTestbed {
    let is_first = Mutex::new(true);
    FakeTestbed::new(nodes, move |_, _| {
        if std::mem::take(&mut *is_first.lock().unwrap()) { first() } else { Behavior::Reports(REPORT) }
    })
}

/// The first test of a mesh.
fn one_test() -> Plan {
    one_test_over(Path::Pod)
}

fn one_test_over(path: Path) -> Plan {
    Plan::one_by_one(vec![mesh_over(path, 2).slots().next().unwrap().tests[0]])
}

#[tokio::test(start_paused = true)]
async fn lost_server_is_restored_and_its_test_retried_immediately() {
    let mut testbed = only_first(2, || Behavior::IsLost);
    testbed.restore = Box::new(|node, _| if node == "node-2" { back() } else { RestoreOutcome::Intact });
    let began = Instant::now();
    let token = CancellationToken::new();
    let measured = run(&testbed, &one_test(), &settings(2), &Unobserved, &token).await.unwrap();
    assert!(failures(&measured).is_empty());
    assert_eq!((measured.tests[0].attempt, began.elapsed()), (2, TIME));
    assert_eq!(argument(&testbed.commands.lock().unwrap()[1], "host"), "10.9.9.9");
}

#[tokio::test(start_paused = true)]
async fn tests_of_a_lost_node_fail_immediately_with_its_reason() {
    let mut testbed =
        FakeTestbed::new(
            4,
            |client, _| if client == "node-3" { Behavior::IsLost } else { Behavior::Reports(REPORT) },
        );
    testbed.restore = Box::new(|node, _| {
        if node == "node-3" {
            RestoreOutcome::Unavailable(Unusable::because("not ready"))
        } else {
            RestoreOutcome::Intact
        }
    });
    let began = Instant::now();
    let measured = run_on(&testbed, 4).await.unwrap();
    let failed = failures(&measured);
    let of_node = |(client, server, kind): &(NodeId, NodeId, FailureKind)| {
        (*client == "node-3" || *server == "node-3") && *kind == FailureKind::NodeUnusable
    };
    assert!(failed.len() >= 3 && failed.iter().all(of_node), "{failed:?}");
    let mut reasons = measured.tests.iter().filter_map(|test| match &test.outcome {
        Outcome::Failed(failure) => Some(failure.to_string()),
        Outcome::Ok(_) => None,
    });
    assert!(reasons.all(|reason| reason == "node-3: not ready"));
    assert!(began.elapsed() <= TIME * 6);
}

#[tokio::test(start_paused = true)]
async fn recovered_node_is_tested_again() {
    let mut testbed = only_first(3, || Behavior::IsLost);
    let checks = Mutex::new(0);
    testbed.restore = Box::new(move |_, _| {
        let mut checks = checks.lock().unwrap();
        *checks += 1;
        if *checks == 1 {
            RestoreOutcome::Unavailable(Unusable::because("not ready"))
        } else {
            RestoreOutcome::Intact
        }
    });
    let measured = run_on(&testbed, 3).await.unwrap();
    assert_eq!((measured.tests.len(), failures(&measured).len()), (6, 1));
}

#[tokio::test(start_paused = true)]
async fn server_stuck_in_a_finished_test_is_replaced() {
    let replaced = Arc::new(AtomicBool::new(false));
    let is_replaced = Arc::clone(&replaced);
    let mut testbed = FakeTestbed::new(2, move |_, _| {
        Behavior::Reports(if is_replaced.load(Ordering::Relaxed) { REPORT } else { BUSY })
    });
    testbed.restore = Box::new(move |_, reason| match reason {
        RestoreReason::Stuck => {
            replaced.store(true, Ordering::Relaxed);
            back()
        }
        _ => RestoreOutcome::Intact,
    });
    let measured =
        run(&testbed, &one_test(), &settings(2), &Unobserved, &CancellationToken::new()).await.unwrap();
    assert_eq!((failures(&measured).len(), measured.tests[0].attempt), (0, 4));
}

#[tokio::test(start_paused = true)]
async fn test_without_data_is_aborted_before_its_time() {
    let testbed = FakeTestbed::new(2, |_, _| Behavior::Starves);
    let options = MeasurementOptions::for_seconds(3600);
    let settings = Settings { options, ..settings(2) };
    let began = Instant::now();
    let measured =
        run(&testbed, &one_test(), &settings, &Unobserved, &CancellationToken::new()).await.unwrap();
    assert_eq!(failures(&measured)[0].2, FailureKind::NoData);
    // and a short test of it
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn service_of_a_restored_server_is_waited_for() {
    let (lost, refused) = (|| Behavior::IsLost, || Behavior::Reports(REFUSED));
    let behaviors = Mutex::new(vec![refused, refused, lost]);
    let mut testbed = FakeTestbed::new(2, move |_, _| {
        behaviors.lock().unwrap().pop().map_or(Behavior::Reports(REPORT), |behave| behave())
    });
    let is_gone = Mutex::new(true);
    testbed.restore = Box::new(move |node, _| {
        let goes = node == "node-2" && std::mem::take(&mut *is_gone.lock().unwrap());
        if goes { back_over(Path::Service) } else { RestoreOutcome::Intact }
    });
    let settings = over(Path::Service, 2);
    let token = CancellationToken::new();
    testbed.path = Path::Service;
    let started = start(&testbed, &settings, &Unobserved, &token).await.unwrap().unwrap();
    // long after every node has programmed all Services
    tokio::time::advance(Duration::from_secs(60)).await;
    let measured = started.measure(&one_test_over(Path::Service), &Unobserved, &token).await;
    assert!(failures(&measured).is_empty(), "{:?}", failures(&measured));
}
