//! Leftovers: how they are found and removed, and what blocks their removal.

use std::sync::Arc;

use jiff::{Timestamp, ToSpan};

use super::*;
use crate::testbed::TestbedError;

/// A `ConfigMap` that a run has created two minutes ago.
fn owner() -> Answer {
    let created_at = Timestamp::now() - 2.minutes();
    Answer::ok(&json!({"kind": "ConfigMapList", "apiVersion": "v1", "metadata": {}, "items": [{
        "metadata": {"name": "netbench-bcdfghjk", "namespace": "team-a", "creationTimestamp": created_at.to_string(),
            "labels": {"app.kubernetes.io/managed-by": "kubectl-netbench", "netbench.dev/run": "bcdfghjk"}},
    }]}))
}

#[tokio::test(start_paused = true)]
async fn objects_are_no_leftovers_if_pods_cannot_be_listed() {
    let find = async |sees_pods: bool| {
        let api = FakeApi::new(move |name, _| match name {
            name if name.starts_with("GET /api/v1/configmaps?") => Some(owner()),
            name if name.starts_with("GET /api/v1/pods?") && !sees_pods => {
                Some(Answer::refusal(recorded!("403-rbac-limited-user.json")))
            }
            name if name.starts_with("GET") => {
                Some(Answer::ok(&json!({"kind": "List", "apiVersion": "v1", "metadata": {}, "items": []})))
            }
            _ => None,
        });
        find_leftovers(&api.cluster(), Search::Glance, None).await.unwrap()
    };
    let owner_state = |found: &FoundLeftovers| found.leftovers[0].owner_state(None, Timestamp::now());
    let seen = find(true).await;
    assert_eq!((owner_state(&seen), seen.restricted), (OwnerState::Ended, Vec::new()));
    let unseen = find(false).await;
    assert_eq!(owner_state(&unseen), OwnerState::MayBeRunning);
    assert_eq!(unseen.restricted, [(Kind::Pod, Some("default".to_owned()))]);
}

/// A cluster with objects of the run `bcdfghjk`, each with the path of its list. With `is_blocked` they
/// cannot be deleted.
fn cluster_with(objects: &[(&'static str, Value)], is_blocked: bool) -> FakeApi {
    let objects = Arc::new(Mutex::new(objects.to_vec()));
    FakeApi::new(move |name, _| {
        let mut objects = objects.lock().unwrap();
        let (method, path) = name.split_once(' ')?;
        let (path, _) = path.split_once('?').unwrap_or((path, ""));
        match method {
            "GET" => {
                let of = |(list, object): &(&str, Value)| (*list == path).then(|| object.clone());
                let items: Vec<Value> = objects.iter().filter_map(of).collect();
                Some(Answer::ok(&json!({"kind": "List", "apiVersion": "v1", "metadata": {}, "items": items})))
            }
            "DELETE" => {
                if !is_blocked {
                    let is = |(list, object): &(&str, Value)| {
                        path == format!("{list}/{}", object["metadata"]["name"].as_str().unwrap())
                    };
                    objects.retain(|object| !is(object));
                }
                Some(Answer::ok(&json!({"kind": "Status", "apiVersion": "v1", "status": "Success"})))
            }
            _ => None,
        }
    })
}

fn left(kind: &'static str, more: &Value) -> (&'static str, Value) {
    let mut object = json!({"metadata": {"name": "netbench-bcdfghjk-server-1", "namespace": "team-a",
        "labels": {"app.kubernetes.io/managed-by": "kubectl-netbench", "netbench.dev/run": "bcdfghjk"}}});
    for (key, value) in more.as_object().unwrap() {
        match value.as_object() {
            Some(fields) if key == "metadata" => {
                object["metadata"].as_object_mut().unwrap().extend(fields.clone());
            }
            _ => object[key] = value.clone(),
        }
    }
    (kind, object)
}

const GONE: &str = "2026-11-23T01:00:00Z";

const PODS: &str = "/api/v1/namespaces/team-a/pods";

#[tokio::test(start_paused = true)]
async fn each_object_in_a_given_namespace_is_deleted() {
    let other = json!({"metadata": {"name": "other", "labels": {"netbench.dev/run": "cccccccc"}}});
    let api = cluster_with(
        &[
            left(PODS, &json!({})),
            left(PODS, &other),
            left("/api/v1/namespaces/team-a/services", &json!({})),
            left("/apis/networking.k8s.io/v1/namespaces/team-a/networkpolicies", &json!({})),
        ],
        false,
    );
    let found = find_leftovers(&api.cluster(), Search::Whole, Some("team-a")).await.unwrap();
    let of_run = |leftover: &&Leftover| leftover.run.as_deref() == Some("bcdfghjk");
    let leftover = found.leftovers.iter().find(of_run).unwrap();
    assert_eq!(leftover.contents(), "1 pod, 1 NetworkPolicy, 1 Service");
    leftover.remove(&api.cluster()).await.unwrap();
    let mut deleted = api.requests("DELETE");
    deleted.sort();
    assert_eq!(deleted.len(), 3, "{deleted:?}");
    assert!(deleted.iter().all(|request| request.contains("/netbench-bcdfghjk-server-1?")), "{deleted:?}");
}

/// What the error of a removal reports if `object` does not go away.
async fn blocker(object: &Value) -> Option<String> {
    let api = cluster_with(&[left(PODS, object)], true);
    let found = find_leftovers(&api.cluster(), Search::Whole, Some("team-a")).await.unwrap();
    match found.leftovers[0].remove(&api.cluster()).await {
        Err(TestbedError::Removal { namespace, held_by, .. }) if namespace == "team-a" => held_by,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn blocked_removal_reports_the_finalizer_or_the_kubelet() {
    assert_eq!(
        blocker(&json!({"metadata": {"finalizers": ["example.org/hold"], "deletionTimestamp": GONE}}))
            .await
            .unwrap(),
        "the pod netbench-bcdfghjk-server-1 has the finalizer example.org/hold"
    );
    assert_eq!(
        blocker(&json!({"metadata": {"deletionTimestamp": GONE}, "spec": {"nodeName": "node-2"}}))
            .await
            .unwrap(),
        "the pod netbench-bcdfghjk-server-1 is waiting for the kubelet of node-2 to confirm its termination"
    );
    // an object that is not being deleted blocks nothing
    assert_eq!(blocker(&json!({"spec": {"nodeName": "node-2"}})).await, None);
}

#[tokio::test(start_paused = true)]
async fn search_without_any_permission_is_an_error() {
    let api = FakeApi::new(|name, _| {
        name.starts_with("GET").then(|| Answer::refusal(recorded!("403-rbac-limited-user.json")))
    });
    let error = find_leftovers(&api.cluster(), Search::Whole, None).await.unwrap_err();
    assert!(error.is_forbidden());
}
