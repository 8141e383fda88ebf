//! What is known of a schedule: from what the cluster has of it to a row of a list. Pure.

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::{Job, JobCondition};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use serde::Serialize;
use serde_json::Value;

use super::Cron;
use super::objects::COMMAND_ANNOTATION;
use super::records::Kept;
use crate::plain::{line, reason};
use crate::store::Entry;
use crate::testbed::kubernetes::pods::state::PodState;

/// What is known of a schedule.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// The command, as a shell takes it.
    pub command: String,
    /// When it comes, as CronJobs write it.
    pub cron: String,
    /// The time zone of that; none for the cluster's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// Whether it was told to pause.
    pub is_suspended: bool,
    /// When it comes next; none while it is paused, and if this program cannot tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_run_at: Option<Timestamp>,
    /// The last time it came; none if it never did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_run: Option<LastRun>,
    /// The document of that run; none while there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<Entry>,
    /// How many documents are in the cluster.
    pub records: usize,
}

/// What became of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LastRun {
    /// Its Job.
    pub job: String,
    /// When it began.
    pub started_at: Timestamp,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What became of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "outcome")]
pub enum Outcome {
    /// It goes on.
    Running,
    /// Its pod does not start, as far as can be seen.
    Stuck {
        /// Why.
        why: String,
    },
    /// All was measured.
    Succeeded,
    /// Some pairs failed or are missing.
    SomeFailed,
    /// A gate failed.
    GateFailed {
        /// Which, and who fails it; none if that is not known any longer.
        #[serde(skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// It has no result.
    Failed {
        /// Why, in the words of the program or of the cluster.
        why: String,
    },
}

/// How this program begins the lines of an error, and of a gate that failed, in its log.
const ERROR: &str = "error:";
const GATE: &str = "gate:";
const BECAUSE: &str = "because:";

/// What the cluster has of a schedule.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen<'a> {
    /// The CronJob, whatever its version.
    pub cron_job: &'a Value,
    /// Its Jobs.
    pub jobs: &'a [&'a Job],
    /// Their pods.
    pub pods: &'a [&'a Pod],
    /// Why no pod is made for the newest of the Jobs, if the cluster says so.
    pub refusal: Option<&'a str>,
    /// The documents.
    pub records: &'a [Kept],
}

impl Status {
    /// What is known of a schedule now.
    pub(super) fn of(seen: Seen<'_>, now: Timestamp) -> Self {
        let text = |pointer: &str| {
            let value = seen.cron_job.pointer(pointer).and_then(Value::as_str);
            value.map(line).unwrap_or_default()
        };
        let annotation = format!("/metadata/annotations/{}", COMMAND_ANNOTATION.replace('/', "~1"));
        let timezone = Some(text("/spec/timeZone")).filter(|zone| !zone.is_empty());
        let is_suspended = seen.cron_job.pointer("/spec/suspend").and_then(Value::as_bool).unwrap_or(false);
        let cron = text("/spec/schedule");
        let next = Cron::parse(&cron, timezone.as_deref()).ok().and_then(|cron| cron.next(now));
        let last_run = LastRun::of(seen);
        let newest = seen.records.iter().max_by_key(|kept| kept.entry.started_at);
        let is_of_last_run = |kept: &&Kept| match &last_run {
            Some(LastRun { job, .. }) => kept.job.as_ref() == Some(job),
            None => true,
        };
        Self {
            name: text(&format!("/metadata/labels/{}", super::objects::SCHEDULE_LABEL.replace('/', "~1"))),
            namespace: text("/metadata/namespace"),
            command: text(&annotation),
            cron,
            timezone,
            is_suspended,
            next_run_at: next.filter(|_| !is_suspended),
            record: newest.filter(is_of_last_run).map(|kept| kept.entry.clone()),
            last_run,
            records: seen.records.len(),
        }
    }
}

impl LastRun {
    fn of(seen: Seen<'_>) -> Option<Self> {
        let created = |job: &Job| job.creation_timestamp().map(|time| time.0);
        let job = seen.jobs.iter().filter(|job| created(job).is_some()).max_by_key(|job| created(job))?;
        let outcome = match (Outcome::of(job, seen.pods), seen.refusal) {
            (Outcome::Running, Some(why)) => Outcome::Stuck { why: reason(why) },
            (outcome, _) => outcome,
        };
        Some(Self { job: job.name_any(), started_at: created(job)?, outcome })
    }
}

impl Outcome {
    fn of(job: &Job, pods: &[&Pod]) -> Self {
        let is_of_job = |pod: &&&Pod| {
            pod.owner_references().iter().any(|owner| Some(&owner.uid) == job.metadata.uid.as_ref())
        };
        let pod = pods.iter().find(is_of_job);
        let failed = match end(job) {
            None => {
                return match pod.map(|pod| PodState::of(pod)) {
                    Some(PodState::Stuck { unusable, .. }) => {
                        Self::Stuck { why: unusable.reason().to_owned() }
                    }
                    _ => Self::Running,
                };
            }
            Some(end) if end.type_ == "Complete" => return Self::Succeeded,
            Some(failed) => failed,
        };
        let ended = pod.and_then(|pod| {
            let status = pod.status.as_ref()?.container_statuses.as_ref()?.first()?;
            status.state.as_ref()?.terminated.as_ref()
        });
        let log = ended.and_then(|ended| ended.message.as_deref()).unwrap_or_default();
        match ended.map(|ended| ended.exit_code) {
            Some(3) => Self::SomeFailed,
            Some(4) => Self::GateFailed { why: after(GATE, log).map(|why| reason(&why)) },
            code => {
                let killed = || {
                    let code = code.filter(|code| *code > 130)?;
                    // `Error` says nothing, `OOMKilled` does
                    let by = ended.and_then(|ended| ended.reason.as_ref()).filter(|by| *by != "Error");
                    let by = by.map_or(String::new(), |by| format!(", {by}"));
                    Some(format!("it was killed: exit code {code}{by}"))
                };
                let cluster = || failed.message.clone().or(failed.reason.clone());
                let why = after(ERROR, log).or_else(killed).or_else(cluster);
                let why = why.unwrap_or("the cluster does not say why".to_owned());
                Self::Failed { why: reason(&why) }
            }
        }
    }
}

/// How a Job ended; none while it goes on.
pub(super) fn end(job: &Job) -> Option<&JobCondition> {
    let conditions = job.status.as_ref()?.conditions.as_ref()?;
    conditions.iter().find(|condition| {
        matches!(condition.type_.as_str(), "Complete" | "Failed") && condition.status == "True"
    })
}

/// The words after the last mark in the program's log, with the reason.
fn after(mark: &str, log: &str) -> Option<String> {
    let lines: Vec<&str> = log.lines().collect();
    let of = |line: &str, part| line.strip_prefix(part).map(str::trim).map(str::to_owned);
    let at = lines.iter().rposition(|line| line.starts_with(mark))?;
    let what = of(lines[at], mark)?;
    match lines.get(at + 1).and_then(|line| of(line, BECAUSE)) {
        Some(because) => Some(format!("{what}: {because}")),
        None => Some(what),
    }
}

#[cfg(test)]
mod tests {
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
        let pod = pod(1, "4 nodes\nerror:   cannot list the nodes\nbecause: not allowed\nto do:   ask\n");
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
        let gate = outcome(&[&pod(4, "kept as x\ngate:    2 pairs fail --fail-below 5Gbit/s\n")]);
        assert_eq!(gate, Outcome::GateFailed { why: Some("2 pairs fail --fail-below 5Gbit/s".to_owned()) });
        let killed = outcome(&[&pod(137, "[ 1/12] node-1 → node-2  9 Gbit/s\n")]);
        assert_eq!(killed, Outcome::Failed { why: "it was killed: exit code 137, OOMKilled".to_owned() });
        assert_eq!(outcome(&[]), Outcome::Failed { why: "BackoffLimitExceeded".to_owned() });
    }

    #[test]
    fn a_run_that_goes_on_has_no_figures_and_one_that_cannot_start_says_why() {
        let job = job("2026-05-02T03:00:00Z", &json!({}));
        let status =
            |pods: &[&Pod]| status(&job, pods, &[kept("netbench-nightly-0", "2026-05-01T03:00:04Z")]);
        assert_eq!(status(&[]).last_run.unwrap().outcome, Outcome::Running);
        assert_eq!((status(&[]).record, status(&[]).records), (None, 1));
        let refusal = Some("Error creating: pods \"a\" is forbidden: exceeded quota");
        let seen = Seen { cron_job: &cron_job(), jobs: &[&job], pods: &[], refusal, records: &[] };
        let outcome = Status::of(seen, Timestamp::UNIX_EPOCH).last_run.unwrap().outcome;
        assert!(matches!(outcome, Outcome::Stuck { why } if why.contains("exceeded quota")));
        let mut pod = pod(0, "");
        let state =
            json!({"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image \"i\""}});
        let containers = pod.status.as_mut().unwrap().container_statuses.as_mut().unwrap();
        containers[0].state = Some(serde_json::from_value(state).unwrap());
        let Outcome::Stuck { why } = status(&[&pod]).last_run.unwrap().outcome else { panic!("it is stuck") };
        assert!(why.contains("image"), "{why}");
    }
}
