//! Servers that disappear during a run.

use super::*;
use crate::testbed::kubernetes::objects::Network;
use crate::testbed::{RestoreOutcome, RestoreReason};

/// The list with the one requested node, ready or not.
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

async fn delete_server(api: &FakeApi, testbed: &KubernetesTestbed) {
    let context = &testbed.context;
    let name = context.settings.server_name(context.node(node_1()).unwrap(), Network::Pod);
    api.delete_pod(&format!("/pods/{name}?"));
    while testbed.active.get().unwrap().pods.state(&name).is_some() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn deleted_server_is_restored_only_once() {
    let api = FakeApi::new(|name, _| server_log(name).or_else(|| node(name, true)));
    let testbed = testbed(&api, 2, ClientMode::Job, None);
    start(&testbed).await;
    assert!(matches!(testbed.restore(node_1(), RestoreReason::TestFailed).await, RestoreOutcome::Intact));
    delete_server(&api, &testbed).await;
    let RestoreOutcome::Recreated { lost, servers } =
        testbed.restore(node_1(), RestoreReason::TestFailed).await
    else {
        panic!("it is not restored");
    };
    assert_eq!(lost.reason(), "the server pod was deleted");
    assert!(servers.values().all(Result::is_ok));
    delete_server(&api, &testbed).await;
    let RestoreOutcome::Unrecoverable { servers } =
        testbed.restore(node_1(), RestoreReason::TestFailed).await
    else {
        panic!("it is restored twice")
    };
    let lost = servers[&POD].as_ref().unwrap_err();
    assert_eq!(lost.reason(), "the server pod was deleted, after it was restored once");
    assert!(lost.remedy().is_some_and(|remedy| remedy.contains("kubectl describe node node-1")));
    // a server that is gone for good is not checked again
    assert!(matches!(testbed.restore(node_1(), RestoreReason::TestFailed).await, RestoreOutcome::Intact));
}

#[tokio::test(start_paused = true)]
async fn cancelled_restore_does_not_count() {
    let api = FakeApi::new(|name, _| server_log(name).or_else(|| node(name, true)));
    let testbed = testbed(&api, 2, ClientMode::Job, None);
    start(&testbed).await;
    delete_server(&api, &testbed).await;
    let given_up =
        tokio::time::timeout(Duration::from_millis(1), testbed.restore(node_1(), RestoreReason::TestFailed))
            .await;
    assert!(given_up.is_err());
    assert!(matches!(
        testbed.restore(node_1(), RestoreReason::TestFailed).await,
        RestoreOutcome::Recreated { .. }
    ));
}

#[tokio::test(start_paused = true)]
async fn network_that_never_had_a_server_does_not_affect_the_other() {
    let routes = over(&[Path::Pod, Path::Host]);
    let host_is_refused = |name: &str, body: &Value| {
        (name.starts_with("POST") && body["spec"]["hostNetwork"] == true)
            .then(|| Answer::error(403, "the policy says no"))
            .or_else(|| server_log(name))
            .or_else(|| node(name, true))
    };
    let api = FakeApi::new(host_is_refused);
    let settings = Settings { routes, ..settings() };
    let testbed = with_settings(&api, 2, ClientMode::Job, None, settings);
    let nodes = testbed.start(&|_, _| {}).await.unwrap();
    let host = Path::Host.into();
    assert!(nodes[&node_1()][&POD].is_ok() && nodes[&node_1()][&host].is_err());
    assert!(matches!(testbed.restore(node_1(), RestoreReason::TestFailed).await, RestoreOutcome::Intact));
    delete_server(&api, &testbed).await;
    let RestoreOutcome::Recreated { servers, .. } =
        testbed.restore(node_1(), RestoreReason::TestFailed).await
    else {
        panic!("it is not restored");
    };
    assert!(servers[&POD].is_ok());
    assert!(servers[&host].as_ref().is_err_and(|why| why.reason().contains("the policy says no")));
}

#[tokio::test(start_paused = true)]
async fn path_that_never_worked_keeps_its_reason_after_a_restore() {
    let api = FakeApi::new(|name, _| server_log(name).or_else(|| node(name, true)));
    let [ipv4, ipv6] =
        [IpFamily::Ipv4, IpFamily::Ipv6].map(|family| Route { ip_family: Some(family), ..POD });
    let settings = Settings { routes: vec![ipv4, ipv6], ..settings() };
    let testbed = with_settings(&api, 2, ClientMode::Job, None, settings);
    let before = testbed.start(&|_, _| {}).await.unwrap();
    let before = &before[&node_1()];
    assert!(before[&ipv4].is_ok() && before[&ipv6].is_err());
    delete_server(&api, &testbed).await;
    let RestoreOutcome::Recreated { servers, .. } =
        testbed.restore(node_1(), RestoreReason::TestFailed).await
    else {
        panic!("it is not restored");
    };
    assert!(servers[&ipv4].is_ok());
    assert_eq!(servers[&ipv6], before[&ipv6]);
}

#[tokio::test(start_paused = true)]
async fn node_that_is_not_ready_is_waited_for_and_its_server_kept() {
    let api = FakeApi::new(|name, _| server_log(name).or_else(|| node(name, false)));
    let testbed = testbed(&api, 2, ClientMode::Job, None);
    start(&testbed).await;
    let began = Instant::now();
    let RestoreOutcome::Unavailable(lost) = testbed.restore(node_1(), RestoreReason::TestFailed).await else {
        panic!("it is well")
    };
    assert_eq!(lost.reason(), "not ready: Kubelet stopped posting node status");
    assert!(began.elapsed() >= Duration::from_secs(30));
    // a server that is known to be gone is not waited for
    let began = Instant::now();
    assert!(matches!(
        testbed.restore(node_1(), RestoreReason::LostBefore).await,
        RestoreOutcome::Unavailable(_)
    ));
    assert!(began.elapsed() < Duration::from_secs(1));
    assert_eq!(api.requests("DELETE").len(), 0);
}
