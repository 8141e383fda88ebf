//! Follows the log of a run.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::time::Duration;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::ListParams;
use tokio::time::Instant;

use super::{ScheduleError, Schedules};
use crate::cluster::{API_SERVER_OUTAGE, RequestError};
use crate::recurring::schedule::ScheduleId;
use crate::recurring::schedule::objects::CONTAINER;
use crate::recurring::schedule::outcome::RunOutcome;
use crate::recurring::schedule::status::end_condition;
use crate::sanitize::{self, reason};
use crate::testbed::ImageUse;
use crate::testbed::kubernetes::StartLimits;
use crate::testbed::kubernetes::logs::{LogPosition, LogSource, REOPEN_PAUSE, read_log, with_init_log};
use crate::testbed::kubernetes::pods::events::last_warning;
use crate::testbed::kubernetes::pods::state::PodState;
use crate::testbed::kubernetes::pods::{FailureCause, PodWatch, StartOutcome};

/// The first exit code of processes that a signal killed, except for SIGINT: this program exits with 130 itself.
const FIRST_KILLED_CODE: i32 = 131;

/// Maximum time from the end of a log to the status of its pod. After that, the connection is assumed to have broken,
/// and the log is opened again.
const STATUS_TIMEOUT: Duration = Duration::from_secs(5);

/// How often to look for an event that says why a Job has no pod.
const EVENTS_INTERVAL: Duration = Duration::from_secs(3);

/// How a Job ended.
enum JobEnd {
    Complete,
    /// With the message of the cluster.
    Failed(String),
    Deleted,
}

/// How the pod of a run ended.
enum PodEnd {
    /// With an exit code of this program.
    Exited(i32),
    /// It was deleted.
    Deleted,
}

impl Schedules<'_> {
    /// Passes each line of a run's log to `line` until the run ends. Returns its exit code; 0 if `line` wants no more.
    /// If the pod is replaced, the log of its successor follows.
    ///
    /// # Errors
    /// The run does not start, the cluster terminates it, or its log cannot be read.
    pub async fn follow(
        &self,
        id: &ScheduleId,
        job: &str,
        mut line: impl FnMut(&str) -> ControlFlow<()> + Send,
    ) -> Result<i32, ScheduleError> {
        let pods = PodWatch::new(self.namespaced(id), &format!("job-name={job}"));
        loop {
            match self.job_end_without_pod(id, job).await? {
                Some(JobEnd::Complete) => {
                    return Err(ScheduleError::LogGone { job: job.to_owned(), id: id.clone() });
                }
                Some(JobEnd::Failed(message)) => return Err(terminated(job, &message)),
                Some(JobEnd::Deleted) => {
                    return Err(ScheduleError::RunDeleted { job: job.to_owned(), id: id.clone() });
                }
                None => {}
            }
            if let PodEnd::Exited(code) = self.follow_pod(id, job, &pods, &mut line).await? {
                return Ok(code);
            }
        }
    }

    async fn follow_pod(
        &self,
        id: &ScheduleId,
        job: &str,
        pods: &PodWatch,
        line: &mut (impl FnMut(&str) -> ControlFlow<()> + Send),
    ) -> Result<PodEnd, ScheduleError> {
        let not_started = |cause: &str, help| {
            let (job, cause) = (job.to_owned(), cause.to_owned());
            Err(ScheduleError::NotStarted { job, cause, help })
        };
        let is_current = |pod: &Pod| pod.metadata.deletion_timestamp.is_none();
        let started = tokio::select! {
            started = pods.wait_for_start(is_current, StartLimits::DEFAULT, |_| {}) => started,
            cause = self.refused_pod(id, job, pods) => {
                return not_started(&cause, format!("kubectl describe job {job} --namespace {}", id.namespace));
            }
        };
        let name = match started {
            StartOutcome::Running { name, .. }
            | StartOutcome::Failed { name: Some(name), cause: FailureCause::Exited { .. }, .. } => name,
            StartOutcome::Failed { unusable, name, .. } => {
                let pod = name.and_then(|name| pods.pod(&name));
                let unusable =
                    with_init_log(self.cluster, &self.namespaced(id), pod.as_deref(), unusable).await;
                let describe = || {
                    format!("kubectl describe pods --selector job-name={job} --namespace {}", id.namespace)
                };
                let help = unusable.remedy_for(ImageUse::Program).map_or_else(describe, Cow::into_owned);
                return not_started(unusable.reason(), help);
            }
        };
        let api: Api<Pod> = self.namespaced(id);
        let log = LogSource { pod: &name, container: CONTAINER, follow: true };
        let (mut position, mut away_since, mut has_lines) = (LogPosition::default(), None, false);
        loop {
            let mut take = |text: &str| {
                has_lines = true;
                line(&sanitize::text(text))
            };
            match read_log(self.cluster, &api, log, &mut position, &mut take).await {
                Ok(ControlFlow::Break(())) => return Ok(PodEnd::Exited(0)),
                Ok(ControlFlow::Continue(())) => away_since = None,
                Err(error) if error.is_not_found() => return Ok(PodEnd::Deleted),
                Err(error) => {
                    let since = away_since.get_or_insert_with(Instant::now);
                    if !error.is_transient() || since.elapsed() >= API_SERVER_OUTAGE {
                        return Err(error.into());
                    }
                    tokio::time::sleep(REOPEN_PAUSE).await;
                    continue;
                }
            }
            match tokio::time::timeout(STATUS_TIMEOUT, pods.wait_for_end(&name)).await {
                Ok(Some(PodState::Ended { exit, unusable })) => {
                    // the log may have ended before the run did
                    let rest = LogSource { follow: false, ..log };
                    let _ = read_log(self.cluster, &api, rest, &mut position, &mut take).await;
                    return match exit.code {
                        Some(code) if code < FIRST_KILLED_CODE => match RunOutcome::parse(&exit.stderr) {
                            // some kubelets lose a log, and with it the error
                            Some(RunOutcome { error: Some(failure), .. }) if !has_lines => {
                                Err(ScheduleError::RunFailed { failure })
                            }
                            _ => Ok(PodEnd::Exited(code)),
                        },
                        // a killed process has printed no error
                        Some(_) => Err(terminated(job, unusable.reason())),
                        // the pod was deleted or evicted: the Job may replace it
                        None => match self.job_end(id, job).await? {
                            Some(JobEnd::Failed(message)) => Err(terminated(job, &message)),
                            Some(JobEnd::Complete) => Ok(PodEnd::Exited(0)),
                            Some(JobEnd::Deleted) | None => Ok(PodEnd::Deleted),
                        },
                    };
                }
                Ok(_) => return Ok(PodEnd::Deleted),
                Err(_) => {}
            }
        }
    }

    /// Waits for an event that says why the Job has no pod, and returns its message.
    async fn refused_pod(&self, id: &ScheduleId, job: &str, pods: &PodWatch) -> String {
        loop {
            tokio::time::sleep(EVENTS_INTERVAL).await;
            if pods.names().is_empty()
                && let Some(message) = last_warning(self.cluster, &id.namespace, job).await
            {
                return reason(&message);
            }
        }
    }

    /// How a Job ended that has no pod, and so no log; none if it has one, or is yet to create one.
    async fn job_end_without_pod(&self, id: &ScheduleId, job: &str) -> Result<Option<JobEnd>, RequestError> {
        let end = self.job_end(id, job).await?;
        if matches!(end, None | Some(JobEnd::Deleted)) {
            // the pod of a deleted Job is about to be deleted
            return Ok(end);
        }
        let of_job = ListParams::default().labels(&format!("job-name={job}"));
        let pods = self.namespaced::<Pod>(id);
        let pods = self.cluster.call("list the pods of the run", pods.list_metadata(&of_job)).await?;
        Ok(end.filter(|_| pods.items.is_empty()))
    }

    /// How a Job ended; none while it runs.
    async fn job_end(&self, id: &ScheduleId, job: &str) -> Result<Option<JobEnd>, RequestError> {
        let jobs = self.namespaced::<Job>(id);
        let Some(found) = self.cluster.call("get the Job of the run", jobs.get_opt(job)).await? else {
            return Ok(Some(JobEnd::Deleted));
        };
        Ok(end_condition(&found).map(|condition| match condition.type_.as_str() {
            "Complete" => JobEnd::Complete,
            kind => JobEnd::Failed(reason(condition.message.as_deref().unwrap_or(kind))),
        }))
    }
}

fn terminated(job: &str, cause: &str) -> ScheduleError {
    ScheduleError::RunTerminated { job: job.to_owned(), cause: cause.to_owned() }
}
