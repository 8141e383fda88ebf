use serde_json::json;

use super::*;
use crate::document::{Command, State};
use crate::recurring::schedule::outcome::RunFailure;

fn cron_job() -> Value {
    json!({
        "metadata": {
            "name": "netbench-nightly", "namespace": "network",
            "labels": {"netbench.dev/schedule": "nightly"},
            "annotations": {"netbench.dev/command": "matrix -t 5s"},
        },
        "spec": {"schedule": "0 3 * * *"},
    })
}

fn job(created: &str, status: &Value) -> Job {
    let metadata = json!({"name": "netbench-nightly-1", "uid": "u", "creationTimestamp": created});
    serde_json::from_value(json!({"metadata": metadata, "status": status})).unwrap()
}

/// A pod of a run as the API server returns it, with an injected sidecar before the run's container.
fn pod(code: i32, message: Option<&str>, reason: &str) -> Pod {
    let mut terminated = json!({
        "containerID": "containerd://1f2e", "exitCode": code, "reason": reason,
        "startedAt": "2026-05-02T03:00:02Z", "finishedAt": "2026-05-02T03:01:40Z",
    });
    if let Some(message) = message {
        terminated["message"] = message.into();
    }
    let container = |name: &str, state: Value| {
        json!({
            "name": name, "image": "i", "imageID": "", "ready": false, "restartCount": 0, "started": false,
            "state": state, "lastState": {},
        })
    };
    serde_json::from_value(json!({
        "metadata": {
            "name": "netbench-nightly-1-x7k2p",
            "ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": "j", "uid": "u", "controller": true}],
        },
        "status": {"phase": "Failed", "containerStatuses": [
            container("istio-proxy", json!({"terminated": {"exitCode": 0, "message": "{}"}})),
            container("netbench", json!({"terminated": terminated})),
        ]},
    }))
    .unwrap()
}

/// The summary of a document that the Job `job` kept.
fn record(job: &str, started_at: &str) -> RecordSummary {
    let entry = Entry {
        id: "k3v9x2mq".to_owned(),
        command: Command::Matrix,
        state: State::Complete,
        started_at: started_at.parse().unwrap(),
        context: None,
        nodes: 4,
        median_bits_per_second: Some(9.4e9),
        planned_tests: 12,
        tests: 12,
        failed_tests: 0,
        findings: Vec::new(),
    };
    RecordSummary { entry, job: Some(job.to_owned()) }
}

fn status(job: &Job, pods: &[&Pod], records: &[RecordSummary]) -> Status {
    let objects = ScheduleObjects { cron_job: &cron_job(), jobs: &[job], pods, refusal: None, records };
    Status::of(objects, "2026-05-02T12:00:00Z".parse().unwrap())
}

fn failed() -> Value {
    json!({"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]})
}

#[test]
fn successful_run_is_shown_with_its_record_and_the_next_run() {
    let complete = json!({"conditions": [{"type": "Complete", "status": "True"}]});
    let status = status(
        &job("2026-05-02T03:00:00Z", &complete),
        &[],
        &[record("netbench-nightly-1", "2026-05-02T02:59:58Z")],
    );
    assert_eq!(status.last_run.unwrap().outcome, Outcome::Succeeded);
    assert_eq!(status.record.unwrap().median_bits_per_second, Some(9.4e9));
    assert_eq!(status.next_run_at.unwrap().to_string(), "2026-05-03T03:00:00Z");
    assert_eq!((status.name.as_str(), status.command.as_str()), ("nightly", "matrix -t 5s"));
}

#[test]
fn run_without_record_does_not_show_that_of_another_run() {
    let message =
        r#"{"exitCode":1,"error":{"error":"cannot list the nodes","cause":"not allowed","help":"ask"}}"#;
    let pod = pod(1, Some(message), "Error");
    let status = status(
        &job("2026-05-02T03:00:00Z", &failed()),
        &[&pod],
        &[record("netbench-nightly-0", "2026-05-01T03:00:04Z")],
    );
    assert_eq!(
        status.last_run.unwrap().outcome,
        Outcome::Failed { why: "cannot list the nodes: not allowed".to_owned() }
    );
    assert_eq!((status.record, status.records), (None, 1));
}

fn outcome_of(pods: &[&Pod]) -> Outcome {
    let status = status(&job("2026-05-02T03:00:00Z", &failed()), pods, &[]);
    status.last_run.unwrap().outcome
}

fn why(pod: &Pod) -> String {
    let Outcome::Failed { why } = outcome_of(&[pod]) else { panic!("not failed") };
    why
}

#[test]
fn termination_message_gives_the_reason() {
    assert_eq!(
        outcome_of(&[&pod(3, Some(r#"{"exitCode":3,"runId":"k3v9x2mq"}"#), "Error")]),
        Outcome::SomeFailed
    );
    let message = r#"{"exitCode":4,"failedGates":["2 pairs fail --fail-below 5Gbit/s","1 pair fails --fail-regression 20%"],"runId":"k3v9x2mq"}"#;
    assert_eq!(
        outcome_of(&[&pod(4, Some(message), "Error")]),
        Outcome::GateFailed {
            why: Some("2 pairs fail --fail-below 5Gbit/s; 1 pair fails --fail-regression 20%".to_owned())
        }
    );
    assert_eq!(why(&pod(1, Some(r#"{"exitCode":1,"error":{"error":"a\nb"}}"#), "Error")), "a b");
    let failure = RunFailure { error: "x".repeat(9000), ..RunFailure::default() };
    let message = RunOutcome { exit_code: 1, error: Some(failure), ..RunOutcome::default() }.to_message();
    let why = why(&pod(1, Some(&message), "Error"));
    assert!(why.starts_with("xxx") && why.ends_with('…'), "{why}");
}

/// A sidecar may run on after the run, and the pod that it keeps is terminated.
#[test]
fn run_with_a_sidecar_has_its_own_outcome() {
    let ended = pod(0, Some(r#"{"exitCode":0,"runId":"k3v9x2mq"}"#), "Completed");
    assert_eq!(outcome_of(&[&ended]), Outcome::Succeeded);
    let going_on = status(&job("2026-05-02T03:00:00Z", &json!({})), &[&ended], &[]);
    assert_eq!(going_on.last_run.unwrap().outcome, Outcome::Succeeded);
}

/// Pods of schedules that an older version created have no message, or the end of their log as the message.
#[test]
fn pod_without_outcome_shows_the_meaning_of_its_exit_code() {
    let log = "4 nodes\nerror:   cannot list the nodes\ngate:    2 pairs fail\n";
    for message in [None, Some(""), Some(log), Some("{\"exitCode\":"), Some("[]")] {
        assert_eq!(why(&pod(1, message, "Error")), "the run failed (exit code 1)");
        assert_eq!(outcome_of(&[&pod(3, message, "Error")]), Outcome::SomeFailed);
        assert_eq!(outcome_of(&[&pod(4, message, "Error")]), Outcome::GateFailed { why: None });
    }
    assert_eq!(why(&pod(137, None, "OOMKilled")), "the run was killed (exit code 137, OOMKilled)");
}

#[test]
fn job_condition_is_shown_if_the_pod_reports_nothing() {
    assert_eq!(outcome_of(&[]), Outcome::Failed { why: "BackoffLimitExceeded".to_owned() });
    let deadline = json!({"conditions": [{
        "type": "Failed", "status": "True", "reason": "DeadlineExceeded",
        "message": "Job was active longer than specified deadline",
    }]});
    let interrupted = pod(130, Some(r#"{"exitCode":130,"runId":"k3v9x2mq"}"#), "Error");
    let status = status(&job("2026-05-02T03:00:00Z", &deadline), &[&interrupted], &[]);
    let why = "Job was active longer than specified deadline".to_owned();
    assert_eq!(status.last_run.unwrap().outcome, Outcome::Failed { why });
}

#[test]
fn running_run_has_no_record_and_stuck_run_has_a_reason() {
    let job = job("2026-05-02T03:00:00Z", &json!({}));
    let status = |pods: &[&Pod]| status(&job, pods, &[record("netbench-nightly-0", "2026-05-01T03:00:04Z")]);
    assert_eq!(status(&[]).last_run.unwrap().outcome, Outcome::Running);
    assert_eq!((status(&[]).record, status(&[]).records), (None, 1));
    let refusal = Some("Error creating: pods \"a\" is forbidden: exceeded quota");
    let objects = ScheduleObjects { cron_job: &cron_job(), jobs: &[&job], pods: &[], refusal, records: &[] };
    let outcome = Status::of(objects, Timestamp::UNIX_EPOCH).last_run.unwrap().outcome;
    assert!(matches!(outcome, Outcome::Stuck { why } if why.contains("exceeded quota")));
    let mut pod = pod(0, None, "Completed");
    let state = json!({"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image \"i\""}});
    let pod_status = pod.status.as_mut().unwrap();
    pod_status.phase = Some("Pending".to_owned());
    let containers = pod_status.container_statuses.as_mut().unwrap();
    containers.remove(0);
    containers[0].state = Some(serde_json::from_value(state).unwrap());
    let Outcome::Stuck { why } = status(&[&pod]).last_run.unwrap().outcome else { panic!("not stuck") };
    assert!(why.contains("image"), "{why}");
}
