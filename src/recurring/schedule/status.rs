//! The status of a schedule, as `schedule list` shows it: computed from its objects in the cluster. Pure.

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::{Job, JobCondition};
use k8s_openapi::api::core::v1::{ContainerStateTerminated, Pod};
use kube::ResourceExt;
use serde::Serialize;
use serde_json::Value;

use super::Cron;
use super::objects::{COMMAND_ANNOTATION, CONTAINER, SCHEDULE_LABEL};
use super::outcome::RunOutcome;
use super::records::RecordSummary;
use crate::sanitize::{line, reason};
use crate::store::Entry;
use crate::testbed::kubernetes::pods::state::PodState;

/// The status of a schedule.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The name of the schedule.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// The command of each run, quoted for a shell.
    pub command: String,
    /// The cron expression.
    pub cron: String,
    /// The time zone of the expression; none for that of the cluster's controller manager.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// Whether it is paused.
    pub is_suspended: bool,
    /// The time of the next run; none while the schedule is paused, or if only the controller knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_run_at: Option<Timestamp>,
    /// The last run; none before the first one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_run: Option<LastRun>,
    /// The summary of the last run's document; none if it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<Entry>,
    /// The number of run documents in ConfigMaps.
    pub records: usize,
}

/// The last run of a schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LastRun {
    /// The name of its Job.
    pub job: String,
    /// When the Job was created.
    pub started_at: Timestamp,
    /// Its outcome.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// The outcome of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "outcome")]
pub enum Outcome {
    /// It is in progress.
    Running,
    /// Its pod does not start.
    Stuck {
        /// The reason.
        why: String,
    },
    /// All tests succeeded.
    Succeeded,
    /// Some pairs failed or are missing.
    SomeFailed,
    /// A gate failed.
    GateFailed {
        /// The gates with their pairs; none if the run did not report them.
        #[serde(skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// It has no result.
    Failed {
        /// The reason, as reported by the run or the cluster.
        why: String,
    },
}

/// The exit code of a run without failures.
const SUCCESS: i32 = 0;

/// The exit code of a run in which some pairs failed.
const SOME_FAILED: i32 = 3;

/// The exit code of a run in which a gate failed.
const GATE_FAILED: i32 = 4;

/// The reason in the condition of a Job whose only pod failed.
const POD_FAILED: &str = "BackoffLimitExceeded";

/// The objects of a schedule in the cluster.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScheduleObjects<'a> {
    /// The CronJob, in any version of the API.
    pub cron_job: &'a Value,
    /// Its Jobs.
    pub jobs: &'a [&'a Job],
    /// The pods of the Jobs.
    pub pods: &'a [&'a Pod],
    /// Why the newest Job has no pod, if the cluster has reported a reason.
    pub refusal: Option<&'a str>,
    /// The run documents in ConfigMaps.
    pub records: &'a [RecordSummary],
}

impl Status {
    /// Computes the status at the time `now`.
    pub(super) fn of(objects: ScheduleObjects<'_>, now: Timestamp) -> Self {
        let text = |pointer: &str| {
            let value = objects.cron_job.pointer(pointer).and_then(Value::as_str);
            value.map(line).unwrap_or_default()
        };
        let in_metadata =
            |field: &str, key: &str| text(&format!("/metadata/{field}/{}", key.replace('/', "~1")));
        let timezone = Some(text("/spec/timeZone")).filter(|zone| !zone.is_empty());
        let is_suspended =
            objects.cron_job.pointer("/spec/suspend").and_then(Value::as_bool).unwrap_or(false);
        let cron = text("/spec/schedule");
        let next = Cron::parse(&cron, timezone.as_deref()).ok().and_then(|cron| cron.next(now));
        let last_run = LastRun::of(objects);
        let newest = objects.records.iter().max_by_key(|record| record.entry.started_at);
        let is_of_last_run = |record: &&RecordSummary| match &last_run {
            Some(LastRun { job, .. }) => record.job.as_ref() == Some(job),
            None => true,
        };
        Self {
            name: in_metadata("labels", SCHEDULE_LABEL),
            namespace: text("/metadata/namespace"),
            command: in_metadata("annotations", COMMAND_ANNOTATION),
            cron,
            timezone,
            is_suspended,
            next_run_at: next.filter(|_| !is_suspended),
            record: newest.filter(is_of_last_run).map(|record| record.entry.clone()),
            last_run,
            records: objects.records.len(),
        }
    }
}

impl LastRun {
    fn of(objects: ScheduleObjects<'_>) -> Option<Self> {
        let created = |job: &Job| job.creation_timestamp().map(|time| time.0);
        let job = objects.jobs.iter().filter(|job| created(job).is_some()).max_by_key(|job| created(job))?;
        let outcome = match (Outcome::of(job, objects.pods), objects.refusal) {
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
        let (terminated, ended) = (pod.and_then(|pod| terminated(pod)), end_condition(job));
        if terminated.is_none() && ended.is_none() {
            return match pod.map(|pod| PodState::of(pod)) {
                Some(PodState::Stuck { unusable, .. }) => Self::Stuck { why: unusable.reason().to_owned() },
                _ => Self::Running,
            };
        }
        let reported = terminated.and_then(|terminated| RunOutcome::parse(terminated.message.as_deref()?));
        match terminated.map(|terminated| terminated.exit_code) {
            // whatever happens to sidecars, and thereby to the Job
            Some(SUCCESS) => Self::Succeeded,
            None if ended.is_some_and(|condition| condition.type_ == "Complete") => Self::Succeeded,
            Some(SOME_FAILED) => Self::SomeFailed,
            Some(GATE_FAILED) => {
                let gates = reported.map(|reported| reported.failed_gates).unwrap_or_default();
                Self::GateFailed { why: (!gates.is_empty()).then(|| reason(&gates.join("; "))) }
            }
            _ => {
                let error = reported.and_then(|reported| reported.error).map(|error| match error.cause {
                    Some(cause) => format!("{}: {cause}", error.error),
                    None => error.error,
                });
                let of_job =
                    ended.and_then(|failed| failed.message.clone().or_else(|| failed.reason.clone()));
                let why = match ended.and_then(|failed| failed.reason.as_deref()) {
                    // the exit code says more than that the pod failed
                    Some(POD_FAILED) => error.or_else(|| terminated.map(exit_meaning)).or(of_job),
                    _ => error.or(of_job).or_else(|| terminated.map(exit_meaning)),
                };
                Self::Failed { why: reason(&why.unwrap_or_default()) }
            }
        }
    }
}

/// How the container of a run terminated; none while it runs.
fn terminated(pod: &Pod) -> Option<&ContainerStateTerminated> {
    // by name: a sidecar may have been injected
    let containers = pod.status.as_ref()?.container_statuses.as_ref()?;
    let container = containers.iter().find(|container| container.name == CONTAINER)?;
    container.state.as_ref()?.terminated.as_ref()
}

/// What the exit code of a run means that reported nothing: it was killed, or its schedule was created by a version
/// without termination messages.
fn exit_meaning(terminated: &ContainerStateTerminated) -> String {
    let code = terminated.exit_code;
    let meaning = match code {
        1 => "the run failed",
        2 => "invalid command line",
        130 => "the run was interrupted",
        131.. => "the run was killed",
        _ => "the run ended unexpectedly",
    };
    // `Error` adds nothing, `OOMKilled` does
    let reason = terminated.reason.as_ref();
    let reason = reason.filter(|reason| !matches!(reason.as_str(), "Error" | "Completed"));
    let reason = reason.map_or(String::new(), |reason| format!(", {reason}"));
    format!("{meaning} (exit code {code}{reason})")
}

/// The condition of a finished Job: `Complete` or `Failed`.
pub(super) fn end_condition(job: &Job) -> Option<&JobCondition> {
    let conditions = job.status.as_ref()?.conditions.as_ref()?;
    conditions.iter().find(|condition| {
        matches!(condition.type_.as_str(), "Complete" | "Failed") && condition.status == "True"
    })
}

#[cfg(test)]
mod tests;
