use serde_json::json;

use super::*;
use crate::document::{Command, State};

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

fn pod(code: i32, message: &str) -> Pod {
    serde_json::from_value(json!({
        "metadata": {"ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": "j", "uid": "u"}]},
        "status": {"containerStatuses": [{
            "name": "netbench", "image": "i", "imageID": "", "ready": false, "restartCount": 0,
            "state": {"terminated": {"exitCode": code, "message": message, "reason": "OOMKilled"}},
        }]},
    }))
    .unwrap()
}

/// The document of the Job `job`.
fn kept(job: &str, started_at: &str) -> Kept {
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
    Kept { entry, job: Some(job.to_owned()) }
}

fn status(job: &Job, pods: &[&Pod], records: &[Kept]) -> Status {
    let seen = Seen { cron_job: &cron_job(), jobs: &[job], pods, refusal: None, records };
    Status::of(seen, "2026-05-02T12:00:00Z".parse().unwrap())
}

fn failed() -> Value {
    json!({"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]})
}

#[test]
fn a_run_that_went_well_is_told_with_its_document_and_the_next_one() {
    let complete = json!({"conditions": [{"type": "Complete", "status": "True"}]});
    let status = status(
        &job("2026-05-02T03:00:00Z", &complete),
        &[],
        &[kept("netbench-nightly-1", "2026-05-02T02:59:58Z")],
    );
    assert_eq!(status.last_run.unwrap().outcome, Outcome::Succeeded);
    assert_eq!(status.record.unwrap().median_bits_per_second, Some(9.4e9));
    assert_eq!(status.next_run_at.unwrap().to_string(), "2026-05-03T03:00:00Z");
    assert_eq!((status.name.as_str(), status.command.as_str()), ("nightly", "matrix -t 5s"));
}

#[test]
fn a_run_without_a_document_does_not_show_that_of_another() {
    let pod = pod(1, "4 nodes\nerror: cannot list the nodes\ncause: not allowed\nhelp:  ask\n");
    let status = status(
        &job("2026-05-02T03:00:00Z", &failed()),
        &[&pod],
        &[kept("netbench-nightly-0", "2026-05-01T03:00:04Z")],
    );
    assert_eq!(
        status.last_run.unwrap().outcome,
        Outcome::Failed { why: "cannot list the nodes: not allowed".to_owned() }
    );
    assert_eq!((status.record, status.records), (None, 1));
}

#[test]
fn exit_codes_say_what_failed() {
    let outcome = |pods: &[&Pod]| {
        let status = status(&job("2026-05-02T03:00:00Z", &failed()), pods, &[]);
        status.last_run.unwrap().outcome
    };
    assert_eq!(outcome(&[&pod(3, "")]), Outcome::SomeFailed);
    let gate = outcome(&[&pod(4, "kept as x\ngate:  2 pairs fail --fail-below 5Gbit/s\n")]);
    assert_eq!(gate, Outcome::GateFailed { why: Some("2 pairs fail --fail-below 5Gbit/s".to_owned()) });
    let killed = outcome(&[&pod(137, "[ 1/12] node-1 → node-2  9 Gbit/s\n")]);
    assert_eq!(killed, Outcome::Failed { why: "it was killed: exit code 137, OOMKilled".to_owned() });
    assert_eq!(outcome(&[]), Outcome::Failed { why: "BackoffLimitExceeded".to_owned() });
}

#[test]
fn a_run_that_goes_on_has_no_figures_and_one_that_cannot_start_says_why() {
    let job = job("2026-05-02T03:00:00Z", &json!({}));
    let status = |pods: &[&Pod]| status(&job, pods, &[kept("netbench-nightly-0", "2026-05-01T03:00:04Z")]);
    assert_eq!(status(&[]).last_run.unwrap().outcome, Outcome::Running);
    assert_eq!((status(&[]).record, status(&[]).records), (None, 1));
    let refusal = Some("Error creating: pods \"a\" is forbidden: exceeded quota");
    let seen = Seen { cron_job: &cron_job(), jobs: &[&job], pods: &[], refusal, records: &[] };
    let outcome = Status::of(seen, Timestamp::UNIX_EPOCH).last_run.unwrap().outcome;
    assert!(matches!(outcome, Outcome::Stuck { why } if why.contains("exceeded quota")));
    let mut pod = pod(0, "");
    let state = json!({"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image \"i\""}});
    let containers = pod.status.as_mut().unwrap().container_statuses.as_mut().unwrap();
    containers[0].state = Some(serde_json::from_value(state).unwrap());
    let Outcome::Stuck { why } = status(&[&pod]).last_run.unwrap().outcome else { panic!("it is stuck") };
    assert!(why.contains("image"), "{why}");
}
