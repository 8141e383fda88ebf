//! Servers that go away during a run.

use super::*;
use crate::testbed::{Restored, Trouble};

/// The node that is asked after, ready or not.
fn node(name: &str, is_ready: bool) -> Option<Answer> {
    let status = if is_ready { "True" } else { "Unknown" };
    name.starts_with("GET /api/v1/nodes?").then(|| {
        Answer::ok(&json!({"kind": "NodeList", "apiVersion": "v1", "metadata": {}, "items": [{
            "metadata": {"name": "node-1"},
            "status": {"conditions": [
                {"type": "Ready", "status": status, "message": "Kubelet stopped posting node status."}
            ]},
        }]}))
    })
}

async fn deleted(api: &FakeApi, testbed: &KubernetesTestbed) {
    let name = testbed.server_name(0, Network::Pod);
    api.delete_pod(&format!("/pods/{name}?"));
    while testbed.made.get().unwrap().pods.state(&name).is_some() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_was_deleted_is_put_back_but_not_for_ever() {
    let api = FakeApi::new(|name, _| server_log(name).or_else(|| node(name, true)));
    let testbed = testbed(&api, 2, ClientWay::Exec, None);
    start(&testbed).await;
    assert!(matches!(testbed.restore(0, Trouble::Failed).await, Restored::Intact));
    deleted(&api, &testbed).await;
    let Restored::Back { lost, servers } = testbed.restore(0, Trouble::Failed).await else {
        panic!("it is not back");
    };
    assert_eq!(lost.reason(), "its pod was deleted");
    assert!(servers.iter().all(Result::is_ok));
    deleted(&api, &testbed).await;
    let Restored::Gone { servers } = testbed.restore(0, Trouble::Failed).await else {
        panic!("it is back again")
    };
    let lost = servers[0].as_ref().unwrap_err();
    assert_eq!(lost.reason(), "its pod was deleted, after it had been put back once");
    assert!(lost.remedy().is_some_and(|remedy| remedy.contains("kubectl describe node node-1")));
    // it is not asked for again
    assert!(matches!(testbed.restore(0, Trouble::Failed).await, Restored::Intact));
}

#[tokio::test(start_paused = true)]
async fn putting_back_that_is_given_up_halfway_has_not_been_done() {
    let api = FakeApi::new(|name, _| server_log(name).or_else(|| node(name, true)));
    let testbed = testbed(&api, 2, ClientWay::Exec, None);
    start(&testbed).await;
    deleted(&api, &testbed).await;
    let given_up = tokio::time::timeout(Duration::from_millis(1), testbed.restore(0, Trouble::Failed)).await;
    assert!(given_up.is_err());
    assert!(matches!(testbed.restore(0, Trouble::Failed).await, Restored::Back { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_network_without_a_server_from_the_start_takes_no_other_with_it() {
    let ways = over(&[Path::Pod, Path::Host]);
    let host_is_refused = |name: &str, body: &Value| {
        (name.starts_with("POST") && body["spec"]["hostNetwork"] == true)
            .then(|| Answer::error(403, "the policy says no"))
            .or_else(|| server_log(name))
            .or_else(|| node(name, true))
    };
    let api = FakeApi::new(host_is_refused);
    let settings = Settings { ways, ..settings() };
    let testbed = with_settings(&api, 2, ClientWay::Exec, None, settings);
    let nodes = testbed.start(&|_, _| {}).await.unwrap();
    assert!(nodes[0][0].is_ok() && nodes[0][1].is_err());
    assert!(matches!(testbed.restore(0, Trouble::Failed).await, Restored::Intact));
    deleted(&api, &testbed).await;
    let Restored::Back { servers, .. } = testbed.restore(0, Trouble::Failed).await else {
        panic!("it is not back");
    };
    assert!(servers[0].is_ok());
    assert!(servers[1].as_ref().is_err_and(|why| why.reason().contains("the policy says no")));
}

#[tokio::test(start_paused = true)]
async fn what_never_worked_is_not_missed_when_a_server_is_back() {
    let api = FakeApi::new(|name, _| server_log(name).or_else(|| node(name, true)));
    let way = |ip_family| Way { path: Path::Pod, ip_family: Some(ip_family) };
    let settings = Settings { ways: vec![way(IpFamily::Ipv4), way(IpFamily::Ipv6)], ..settings() };
    let testbed = with_settings(&api, 2, ClientWay::Exec, None, settings);
    let before = testbed.start(&|_, _| {}).await.unwrap();
    assert!(before[0][0].is_ok() && before[0][1].is_err());
    deleted(&api, &testbed).await;
    let Restored::Back { servers, .. } = testbed.restore(0, Trouble::Failed).await else {
        panic!("it is not back");
    };
    assert!(servers[0].is_ok());
    assert_eq!(servers[1], before[0][1]);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_not_ready_is_given_a_little_time_and_its_server_left_alone() {
    let api = FakeApi::new(|name, _| server_log(name).or_else(|| node(name, false)));
    let testbed = testbed(&api, 2, ClientWay::Exec, None);
    start(&testbed).await;
    let began = Instant::now();
    let Restored::Lost(lost) = testbed.restore(0, Trouble::Failed).await else { panic!("it is well") };
    assert_eq!(lost.reason(), "not ready: Kubelet stopped posting node status");
    assert!(began.elapsed() >= Duration::from_secs(15));
    // one that is known to be gone keeps nobody waiting
    let began = Instant::now();
    assert!(matches!(testbed.restore(0, Trouble::Gone).await, Restored::Lost(_)));
    assert!(began.elapsed() < Duration::from_secs(1));
    assert_eq!(api.requests("DELETE").len(), 0);
}
