//! Operations on schedules against a fake API server.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::*;
use crate::cluster::fake_api::{Answer, FakeApi};
use crate::document::fixtures;
use crate::options::ObjectOptions;
use crate::recurring::schedule::objects::tests::schedule;

/// The answer to API discovery: CronJobs in `batch/v1`.
fn discovery(request: &str) -> Option<Answer> {
    let is_discovery = request.starts_with("GET /apis/batch/v1") && !request.contains("namespaces");
    is_discovery.then(|| {
        Answer::ok(&json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "batch/v1", "resources": [
            {"name": "cronjobs", "singularName": "", "namespaced": true, "kind": "CronJob", "verbs": ["create"]}
        ]}))
    })
}

/// Whether a request creates an object of this resource.
fn is_creation(request: &str, resource: &str) -> bool {
    request.starts_with("POST ") && request.contains(&format!("/{resource}?")) && !request.contains("dryRun")
}

async fn create(api: &FakeApi, is_cancelled: bool) -> Result<bool, ScheduleError> {
    let cluster = api.cluster();
    Schedules::discover(&cluster).await.unwrap().create(&schedule(), || is_cancelled).await
}

#[tokio::test(start_paused = true)]
async fn rejected_object_rolls_back_the_creation() {
    let rejecting = |resource: &'static str, code| {
        FakeApi::new(move |request, _| {
            discovery(request).or_else(|| is_creation(request, resource).then(|| Answer::error(code, "no")))
        })
    };
    let api = rejecting("rolebindings", 403);
    assert!(create(&api, false).await.unwrap_err().to_string().contains("RoleBinding"));
    let deleted = api.requests("DELETE");
    assert_eq!(deleted.len(), 2, "{deleted:?}");
    assert!(deleted[0].contains("/roles/netbench-nightly"), "{deleted:?}");
    assert!(deleted[1].contains("/serviceaccounts/netbench-nightly"), "{deleted:?}");

    // another process has created it in the meantime
    let api = rejecting("serviceaccounts", 409);
    let conflict = create(&api, false).await.unwrap_err();
    assert_eq!(conflict.to_string(), "ServiceAccount netbench-nightly already exists");
    assert_eq!(api.requests("DELETE"), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn cancelled_creation_is_rolled_back() {
    let api = FakeApi::new(|request, _| discovery(request));
    assert!(!create(&api, true).await.unwrap());
    let is_creation = |request: &&String| !request.contains("dryRun");
    assert_eq!(api.requests("POST").iter().filter(is_creation).count(), 1);
    assert_eq!(api.requests("DELETE").len(), 1);
    assert!(create(&FakeApi::new(|request, _| discovery(request)), false).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn rejection_in_the_dry_run_creates_nothing() {
    let api = FakeApi::new(|request, _| {
        let is_last = request.starts_with("POST ") && request.contains("/cronjobs?");
        discovery(request).or_else(|| is_last.then(|| Answer::error(422, "schedule: Invalid value")))
    });
    assert!(create(&api, false).await.unwrap_err().explain().cause.unwrap().contains("Invalid value"));
    assert!(api.requests("POST").iter().all(|request| request.contains("dryRun=All")));
    assert_eq!(api.requests("DELETE"), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn document_is_kept_once_the_api_server_is_back() {
    let tries = AtomicUsize::new(0);
    let api = FakeApi::new(move |request, _| {
        let is_away = request.starts_with("POST ") && tries.fetch_add(1, Ordering::Relaxed) < 40;
        is_away.then(|| Answer::error(503, "etcdserver: leader changed"))
    });
    let (cluster, id) = (api.cluster(), schedule().id);
    let run = fixtures::run(&["a", "b"], vec![fixtures::measured("a", "b", 1e9)]);
    let records = Records::new(&cluster, &id);
    assert!(!records.keep(&run, None, &ObjectOptions::default()).await.unwrap());
    assert!(api.requests("POST").len() > 40);
    // a document that no longer exists is no error
    assert!(records.read("k3v9x2mq").await.unwrap().is_none());
}

/// Follows a run that has ended with exit code 1 and this log.
async fn follow(log: &'static str) -> (Result<i32, ScheduleError>, Vec<String>) {
    let api = FakeApi::new(move |request, _| {
        let is_job = request.starts_with("GET ") && request.contains("/jobs/");
        let job = json!({"metadata": {"name": "netbench-nightly-1"}, "status": {}});
        let is_log = request.contains("/log?");
        if let Some(answer) = discovery(request) {
            return Some(answer);
        }
        is_job.then(|| Answer::ok(&job)).or_else(|| is_log.then(|| Answer::text(log)))
    });
    let message = r#"{"exitCode":1,"error":{"error":"cannot list the nodes","cause":"not allowed"}}"#;
    api.add_pod(json!({
        "metadata": {"name": "netbench-nightly-1-x7k2p", "labels": {"job-name": "netbench-nightly-1"}},
        "status": {"phase": "Failed", "containerStatuses": [{
            "name": "netbench", "image": "i", "imageID": "", "ready": false, "restartCount": 0,
            "state": {"terminated": {"exitCode": 1, "reason": "Error", "message": message}},
        }]},
    }));
    let (cluster, mut lines) = (api.cluster(), Vec::new());
    let (schedules, id) = (Schedules::discover(&cluster).await.unwrap(), schedule().id);
    let followed = schedules.follow(&id, "netbench-nightly-1", |line| {
        lines.push(line.to_owned());
        std::ops::ControlFlow::Continue(())
    });
    (followed.await, lines)
}

#[tokio::test(start_paused = true)]
async fn lost_log_is_replaced_by_the_error_in_the_termination_message() {
    let (ended, lines) = follow("2026-05-02T03:01:40Z error:   cannot list the nodes\n").await;
    assert_eq!((ended.unwrap(), lines), (1, vec!["error:   cannot list the nodes".to_owned()]));
    let (ended, lines) = follow("").await;
    let explanation = ended.unwrap_err().explain();
    assert_eq!((explanation.error.as_str(), lines), ("cannot list the nodes", Vec::new()));
    assert_eq!(explanation.cause.as_deref(), Some("not allowed"));
}
