//! Follows the log of a run.

use std::time::Duration;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::ListParams;
use tokio::time::Instant;

use super::{ScheduleError, Schedules};
use crate::cluster::{API_SERVER_AWAY, RequestError};
use crate::sanitize::{self, reason};
use crate::schedule::Id;
use crate::schedule::objects::CONTAINER;
use crate::schedule::outcome::RunOutcome;
use crate::schedule::status::end;
use crate::testbed::kubernetes::START_LIMIT;
use crate::testbed::kubernetes::pods::log::{LogOf, LogPosition, REOPEN_PAUSE, read_log};
use crate::testbed::kubernetes::pods::state::PodState;
use crate::testbed::kubernetes::pods::warnings::last_warning;
use crate::testbed::kubernetes::pods::{Cause, Pods, Started};
use crate::testbed::{Enough, ImageUse};

/// From here on, exit codes are those of signals; but for that of an interrupt, which this program makes itself.
const KILLED: i32 = 131;

/// How long after the end of a log its pod may take to say that it has ended: a connection may have broken.
const STATUS_LIMIT: Duration = Duration::from_secs(5);

/// How often it is looked whether the cluster says why it makes no pod.
const EVENTS_PERIOD: Duration = Duration::from_secs(3);

/// How a run has ended.
enum End {
    /// Well.
    Complete,
    /// With a fault: the cluster's words for it.
    Failed(String),
    /// Its Job was deleted.
    Deleted,
}

/// What became of the pod of a run.
enum Followed {
    /// It ended with this code.
    Ended(i32),
    /// It was deleted.
    Gone,
}

impl Schedules<'_> {
    /// Hands each line of a run's log to `line` until the run has ended, or `line` has enough. Returns its exit code, 0
    /// in the latter case. A pod that is deleted meanwhile has another one after it.
    ///
    /// # Errors
    /// It does not start, the cluster has ended it, or its log cannot be read.
    pub async fn follow(
        &self,
        id: &Id,
        job: &str,
        mut line: impl FnMut(&str) -> Enough + Send,
    ) -> Result<i32, ScheduleError> {
        let pods = Pods::watch(self.namespaced(id), &format!("job-name={job}"));
        loop {
            match self.ended_without_pod(id, job).await? {
                Some(End::Complete) => {
                    return Err(ScheduleError::NoLog { job: job.to_owned(), id: id.clone() });
                }
                Some(End::Failed(why)) => return Err(ended(job, &why)),
                Some(End::Deleted) => {
                    return Err(ScheduleError::Deleted { job: job.to_owned(), id: id.clone() });
                }
                None => {}
            }
            if let Followed::Ended(code) = self.follow_pod(id, job, &pods, &mut line).await? {
                return Ok(code);
            }
        }
    }

    async fn follow_pod(
        &self,
        id: &Id,
        job: &str,
        pods: &Pods,
        line: &mut (impl FnMut(&str) -> Enough + Send),
    ) -> Result<Followed, ScheduleError> {
        let is_it = |pod: &Pod| pod.metadata.deletion_timestamp.is_none();
        let started = tokio::select! {
            started = pods.started(is_it, START_LIMIT, |_| {}) => started,
            why = self.refused_pod(id, job, pods) => {
                let remedy = Some(format!("`kubectl describe job {job} --namespace {}` tells more", id.namespace));
                return Err(ScheduleError::NotStarted { job: job.to_owned(), why, remedy });
            }
        };
        let name = match started {
            Started::Running { name, .. }
            | Started::Not { name: Some(name), cause: Cause::Exited { .. }, .. } => name,
            Started::Not { unusable, .. } => {
                let (job, why) = (job.to_owned(), unusable.reason().to_owned());
                let remedy = unusable.remedy_for(ImageUse::Program).map(str::to_owned);
                return Err(ScheduleError::NotStarted { job, why, remedy });
            }
        };
        let api: Api<Pod> = self.namespaced(id);
        let of = LogOf { pod: &name, container: CONTAINER, follow: true };
        let (mut position, mut away_since, mut is_shown) = (LogPosition::default(), None, false);
        loop {
            let mut take = |text: &str| {
                is_shown = true;
                line(&sanitize::text(text))
            };
            match read_log(self.cluster, &api, of, &mut position, &mut take).await {
                Ok(Enough::Yes) => return Ok(Followed::Ended(0)),
                Ok(Enough::NotYet) => away_since = None,
                Err(error) if error.is_not_found() => return Ok(Followed::Gone),
                Err(error) => {
                    let since = away_since.get_or_insert_with(Instant::now);
                    if !error.may_pass() || since.elapsed() >= API_SERVER_AWAY {
                        return Err(error.into());
                    }
                    tokio::time::sleep(REOPEN_PAUSE).await;
                    continue;
                }
            }
            match tokio::time::timeout(STATUS_LIMIT, pods.ended(&name)).await {
                Ok(Some(PodState::Ended { exit, unusable })) => {
                    // one that was killed has told nothing
                    return match exit.code {
                        Some(code) if code < KILLED => match RunOutcome::parse(&exit.stderr) {
                            // some kubelets lose a log, and with it the error
                            Some(RunOutcome { error: Some(failure), .. }) if !is_shown => {
                                Err(ScheduleError::Failed { failure })
                            }
                            _ => Ok(Followed::Ended(code)),
                        },
                        Some(_) => Err(ended(job, unusable.reason())),
                        // deleted or evicted: the Job tells whether there is another one
                        None => match self.end(id, job).await? {
                            Some(End::Failed(why)) => Err(ended(job, &why)),
                            Some(End::Complete) => Ok(Followed::Ended(0)),
                            Some(End::Deleted) | None => Ok(Followed::Gone),
                        },
                    };
                }
                Ok(_) => return Ok(Followed::Gone),
                Err(_) => {}
            }
        }
    }

    /// Waits until the cluster says why it makes no pod for the run, if it does.
    async fn refused_pod(&self, id: &Id, job: &str, pods: &Pods) -> String {
        loop {
            tokio::time::sleep(EVENTS_PERIOD).await;
            if pods.names().is_empty()
                && let Some(why) = last_warning(self.cluster, &id.namespace, job).await
            {
                return reason(&why);
            }
        }
    }

    /// How a run has ended that has no pod, and so no log; none if there is one that ends, or will be.
    async fn ended_without_pod(&self, id: &Id, job: &str) -> Result<Option<End>, RequestError> {
        let end = self.end(id, job).await?;
        if matches!(end, None | Some(End::Deleted)) {
            // the pod of one that was deleted goes as well
            return Ok(end);
        }
        let of_job = ListParams::default().labels(&format!("job-name={job}"));
        let pods = self.namespaced::<Pod>(id);
        let pods = self.cluster.call("look for the pod of the run", pods.list_metadata(&of_job)).await?;
        Ok(end.filter(|_| pods.items.is_empty()))
    }

    /// How a run has ended; none while it goes on.
    async fn end(&self, id: &Id, job: &str) -> Result<Option<End>, RequestError> {
        let jobs = self.namespaced::<Job>(id);
        let Some(found) = self.cluster.call("look for the run", jobs.get_opt(job)).await? else {
            return Ok(Some(End::Deleted));
        };
        Ok(end(&found).map(|end| match end.type_.as_str() {
            "Complete" => End::Complete,
            kind => End::Failed(reason(end.message.as_deref().unwrap_or(kind))),
        }))
    }
}

fn ended(job: &str, why: &str) -> ScheduleError {
    ScheduleError::Ended { job: job.to_owned(), why: why.to_owned() }
}
