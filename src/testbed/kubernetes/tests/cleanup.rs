//! The cleanup of a run.

use super::*;

#[tokio::test(start_paused = true)]
async fn cleanup_deletes_the_scope_first_and_then_the_pods() {
    let api = FakeApi::new(|name, _| server_log(name));
    let testbed = testbed(&api, 2, ClientMode::Job, None);
    start(&testbed).await;
    testbed.stop().await.unwrap();
    let deletions = api.requests("DELETE");
    assert!(deletions[0].starts_with("DELETE /api/v1/namespaces/netbench-k3v9x2mq?"), "{deletions:?}");
    assert!(deletions.iter().any(|request| request.contains("/pods/netbench-k3v9x2mq-server-1?")));
}

#[tokio::test(start_paused = true)]
async fn cleanup_of_deleted_objects_is_no_error() {
    for code in [404, 409] {
        let api = FakeApi::new(move |name, _| match name {
            _ if name.starts_with("DELETE") => Some(Answer::error(code, "gone")),
            _ => server_log(name),
        });
        let testbed = testbed(&api, 2, ClientMode::Job, None);
        start(&testbed).await;
        // another client has deleted them first
        api.delete_pod("/pods/netbench-k3v9x2mq-server-1?");
        api.delete_pod("/pods/netbench-k3v9x2mq-server-2?");
        testbed.stop().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn scope_that_was_not_created_is_not_deleted() {
    let api = FakeApi::new(|name, _| {
        let create = name.starts_with("POST /api/v1/namespaces?");
        create.then(|| {
            Answer::error(403, "namespaces is forbidden: User \"x\" cannot create resource \"namespaces\"")
        })
    });
    let untouched = testbed(&api, 2, ClientMode::Job, None);
    untouched.stop().await.unwrap();
    let refused = testbed(&api, 2, ClientMode::Job, None);
    let error = refused.start(&|_, _| {}).await.unwrap_err();
    assert!(error.explain().help.unwrap().contains("--namespace"));
    refused.stop().await.unwrap();
    assert!(api.requests("DELETE").is_empty());
}

#[tokio::test(start_paused = true)]
async fn namespace_that_is_not_deleted_is_reported() {
    let api = FakeApi::new(|name, _| {
        let is_get = name == "GET /api/v1/namespaces/netbench-k3v9x2mq";
        if is_get {
            Some(Answer::ok(&json!({"metadata": {"name": "netbench-k3v9x2mq"}})))
        } else {
            server_log(name)
        }
    });
    let testbed = testbed(&api, 2, ClientMode::Job, None);
    start(&testbed).await;
    let error = testbed.stop().await.unwrap_err();
    assert!(matches!(error, TestbedError::Removal { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn objects_in_a_given_namespace_are_owned_by_one_config_map() {
    let api = FakeApi::new(|name, body| {
        if name.starts_with("POST") && name.contains("/pods") {
            assert_eq!(body["metadata"]["ownerReferences"][0]["kind"], "ConfigMap");
        }
        server_log(name)
    });
    let testbed = testbed(&api, 2, ClientMode::Job, Some("team-a"));
    assert!(start(&testbed).await.iter().all(Result::is_ok));
    testbed.stop().await.unwrap();
    assert!(api.requests("POST /api/v1/namespaces?").is_empty());
    assert!(
        api.requests("DELETE")[0]
            .starts_with("DELETE /api/v1/namespaces/team-a/configmaps/netbench-k3v9x2mq?")
    );
}
