//! Removing what a run has made.

use super::*;

#[tokio::test(start_paused = true)]
async fn removal_deletes_the_scope_first_and_then_hastens_the_pods() {
    let api = FakeApi::new(|name, _| server_log(name));
    let testbed = testbed(&api, 2, ClientWay::Exec, None);
    start(&testbed).await;
    testbed.stop().await.unwrap();
    let deletions = api.requests("DELETE");
    assert!(deletions[0].starts_with("DELETE /api/v1/namespaces/netbench-k3v9x2mq?"), "{deletions:?}");
    assert!(deletions.iter().any(|request| request.contains("/pods/netbench-k3v9x2mq-server-1?")));
}

#[tokio::test(start_paused = true)]
async fn removal_of_what_is_gone_already_is_no_error() {
    for code in [404, 409] {
        let api = FakeApi::new(move |name, _| match name {
            _ if name.starts_with("DELETE") => Some(Answer::error(code, "gone")),
            _ => server_log(name),
        });
        let testbed = testbed(&api, 2, ClientWay::Exec, None);
        start(&testbed).await;
        // somebody else was faster
        api.delete_pod("/pods/netbench-k3v9x2mq-server-1?");
        api.delete_pod("/pods/netbench-k3v9x2mq-server-2?");
        testbed.stop().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_or_never_asked_for_is_not_removed() {
    let api = FakeApi::new(|name, _| {
        let create = name.starts_with("POST /api/v1/namespaces?");
        create.then(|| {
            Answer::error(403, "namespaces is forbidden: User \"x\" cannot create resource \"namespaces\"")
        })
    });
    let untouched = testbed(&api, 2, ClientWay::Exec, None);
    untouched.stop().await.unwrap();
    let refused = testbed(&api, 2, ClientWay::Exec, None);
    let error = refused.start(&|_, _| {}).await.unwrap_err();
    assert!(error.explain().help.unwrap().contains("--namespace"));
    refused.stop().await.unwrap();
    assert!(api.requests("DELETE").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_will_not_go_away_is_reported() {
    let api = FakeApi::new(|name, _| {
        let asked = name == "GET /api/v1/namespaces/netbench-k3v9x2mq";
        if asked {
            Some(Answer::ok(&json!({"metadata": {"name": "netbench-k3v9x2mq"}})))
        } else {
            server_log(name)
        }
    });
    let testbed = testbed(&api, 2, ClientWay::Exec, None);
    start(&testbed).await;
    let error = testbed.stop().await.unwrap_err();
    assert!(matches!(error, TestbedError::Removal { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn in_a_given_namespace_everything_is_owned_by_one_config_map() {
    let api = FakeApi::new(|name, body| {
        if name.starts_with("POST") && name.contains("/pods") {
            assert_eq!(body["metadata"]["ownerReferences"][0]["kind"], "ConfigMap");
        }
        server_log(name)
    });
    let testbed = testbed(&api, 2, ClientWay::Exec, Some("team-a"));
    assert!(start(&testbed).await.iter().all(Result::is_ok));
    testbed.stop().await.unwrap();
    assert!(api.requests("POST /api/v1/namespaces?").is_empty());
    assert!(
        api.requests("DELETE")[0]
            .starts_with("DELETE /api/v1/namespaces/team-a/configmaps/netbench-k3v9x2mq?")
    );
}
