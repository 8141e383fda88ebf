//! What is known of a schedule: from what the cluster has of it to a row of a list. Pure.

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::{Job, JobCondition};
use k8s_openapi::api::core::v1::{ContainerStateTerminated, Pod};
use kube::ResourceExt;
use serde::Serialize;
use serde_json::Value;

use super::Cron;
use super::objects::{COMMAND_ANNOTATION, CONTAINER};
use super::outcome::RunOutcome;
use super::records::Kept;
use crate::sanitize::{line, reason};
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

/// The exit code of a run of which some pairs failed,
const SOME_FAILED: i32 = 3;
/// and of one of which a gate failed.
const GATE_FAILED: i32 = 4;

/// The reason that Jobs have whose only pod failed.
const POD_FAILED: &str = "BackoffLimitExceeded";

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
        let ended = pod.and_then(|pod| terminated(pod));
        let reported = ended.and_then(|ended| RunOutcome::parse(ended.message.as_deref()?));
        match ended.map(|ended| ended.exit_code) {
            Some(SOME_FAILED) => Self::SomeFailed,
            Some(GATE_FAILED) => {
                let gates = reported.map(|reported| reported.failed_gates).unwrap_or_default();
                let why = (!gates.is_empty()).then(|| reason(&gates.join("; ")));
                Self::GateFailed { why }
            }
            _ => {
                let error = reported.and_then(|reported| reported.error).map(|error| match error.cause {
                    Some(cause) => format!("{}: {cause}", error.error),
                    None => error.error,
                });
                // that its only pod failed says less than the exit code of that
                let cluster = || {
                    let message = failed.message.clone().or_else(|| failed.reason.clone());
                    message.filter(|_| failed.reason.as_deref() != Some(POD_FAILED))
                };
                let why = error.or_else(cluster).or_else(|| ended.map(exit_meaning));
                let why = why.or_else(|| failed.message.clone()).or_else(|| failed.reason.clone());
                Self::Failed {
                    why: reason(&why.unwrap_or_else(|| "the cluster does not say why".to_owned())),
                }
            }
        }
    }
}

/// How the container of a run ended; none while it runs.
fn terminated(pod: &Pod) -> Option<&ContainerStateTerminated> {
    // another container may have been injected into the pod
    let containers = pod.status.as_ref()?.container_statuses.as_ref()?;
    let container = containers.iter().find(|container| container.name == CONTAINER)?;
    container.state.as_ref()?.terminated.as_ref()
}

/// What the exit code of a run without an outcome means: it was killed, or its schedule was created by a version that
/// reports none.
fn exit_meaning(ended: &ContainerStateTerminated) -> String {
    let code = ended.exit_code;
    let meaning = match code {
        1 => "the run failed",
        2 => "the command line is wrong",
        130 => "the run was interrupted",
        131.. => "the run was killed",
        _ => "the run ended unexpectedly",
    };
    // `Error` says nothing, `OOMKilled` does
    let reason = ended.reason.as_ref().filter(|reason| !matches!(reason.as_str(), "Error" | "Completed"));
    let reason = reason.map_or(String::new(), |reason| format!(", {reason}"));
    format!("{meaning} (exit code {code}{reason})")
}

/// How a Job ended; none while it goes on.
pub(super) fn end(job: &Job) -> Option<&JobCondition> {
    let conditions = job.status.as_ref()?.conditions.as_ref()?;
    conditions.iter().find(|condition| {
        matches!(condition.type_.as_str(), "Complete" | "Failed") && condition.status == "True"
    })
}

#[cfg(test)]
mod tests;
