//! Schedules against an API server that answers as it is told to.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::*;
use crate::cluster::fake_api::{Answer, FakeApi};
use crate::document::fixtures;
use crate::options::ObjectOptions;
use crate::schedule::objects::tests::schedule;

/// What API servers say of their kinds: this one is of today.
fn discovery(request: &str) -> Option<Answer> {
    let is_it = request.starts_with("GET /apis/batch/v1") && !request.contains("namespaces");
    is_it.then(|| {
        Answer::ok(&json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "batch/v1", "resources": [
            {"name": "cronjobs", "singularName": "", "namespaced": true, "kind": "CronJob", "verbs": ["create"]}
        ]}))
    })
}

fn is_made(request: &str, kind: &str) -> bool {
    request.starts_with("POST ") && request.contains(&format!("/{kind}?")) && !request.contains("dryRun")
}

async fn create(api: &FakeApi, is_given_up: bool) -> Result<bool, ScheduleError> {
    let cluster = api.cluster();
    Schedules::of(&cluster).await.unwrap().create(&schedule(), || is_given_up).await
}

#[tokio::test(start_paused = true)]
async fn one_that_cannot_be_made_whole_takes_back_what_it_made_and_nothing_else() {
    let refused = |kind: &'static str, code| {
        FakeApi::new(move |request, _| {
            discovery(request).or_else(|| is_made(request, kind).then(|| Answer::error(code, "no")))
        })
    };
    let api = refused("rolebindings", 403);
    assert!(create(&api, false).await.unwrap_err().to_string().contains("RoleBinding"));
    let deleted = api.requests("DELETE");
    assert_eq!(deleted.len(), 2, "{deleted:?}");
    assert!(deleted[0].contains("/roles/netbench-nightly"), "{deleted:?}");
    assert!(deleted[1].contains("/serviceaccounts/netbench-nightly"), "{deleted:?}");

    // somebody else was faster
    let api = refused("serviceaccounts", 409);
    let taken = create(&api, false).await.unwrap_err();
    assert_eq!(taken.to_string(), "there is a ServiceAccount netbench-nightly already");
    assert_eq!(api.requests("DELETE"), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn one_that_is_given_up_in_the_middle_is_taken_back() {
    let api = FakeApi::new(|request, _| discovery(request));
    assert!(!create(&api, true).await.unwrap());
    let is_made = |request: &&String| !request.contains("dryRun");
    assert_eq!(api.requests("POST").iter().filter(is_made).count(), 1);
    assert_eq!(api.requests("DELETE").len(), 1);
    assert!(create(&FakeApi::new(|request, _| discovery(request)), false).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn what_would_be_refused_is_told_before_anything_is_made() {
    let api = FakeApi::new(|request, _| {
        let is_last = request.starts_with("POST ") && request.contains("/cronjobs?");
        discovery(request).or_else(|| is_last.then(|| Answer::error(422, "schedule: Invalid value")))
    });
    assert!(create(&api, false).await.unwrap_err().explain().cause.unwrap().contains("Invalid value"));
    assert!(api.requests("POST").iter().all(|request| request.contains("dryRun=All")));
    assert_eq!(api.requests("DELETE"), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_document_waits_for_an_api_server_that_is_away() {
    let tries = AtomicUsize::new(0);
    let api = FakeApi::new(move |request, _| {
        let is_it = request.starts_with("POST ");
        let is_away = is_it && tries.fetch_add(1, Ordering::Relaxed) < 40;
        is_away.then(|| Answer::error(503, "etcdserver: leader changed"))
    });
    let (cluster, id) = (api.cluster(), schedule().id);
    let run = fixtures::run(&["a", "b"], vec![fixtures::measured("a", "b", 1e9)]);
    let records = Records::of(&cluster, &id);
    assert!(!records.keep(&run, None, &ObjectOptions::default()).await.unwrap());
    assert!(api.requests("POST").len() > 40);
    // one that is not there any longer is no error
    assert!(records.read("k3v9x2mq").await.unwrap().is_none());
}
