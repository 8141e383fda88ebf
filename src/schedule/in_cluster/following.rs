//! Follows the log of a run.

use std::time::Duration;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::ListParams;
use tokio::time::Instant;

use super::{ScheduleError, Schedules};
use crate::cluster::{API_SERVER_AWAY, RequestError};
use crate::plain::{plain, reason};
use crate::schedule::Id;
use crate::schedule::objects::CONTAINER;
use crate::schedule::status::end;
use crate::testbed::Enough;
use crate::testbed::kubernetes::START_LIMIT;
use crate::testbed::kubernetes::pods::log::{LogOf, LogPosition, REOPEN_PAUSE, read_log};
use crate::testbed::kubernetes::pods::state::PodState;
use crate::testbed::kubernetes::pods::{Cause, Pods, Started};

/// From here on, exit codes are those of signals; but for that of an interrupt, which this program makes itself.
const KILLED: i32 = 131;

/// How long after the end of a log its pod may take to say that it has ended: a connection may have broken.
const STATUS_LIMIT: Duration = Duration::from_secs(5);

/// What became of the pod of a run.
enum Followed {
    /// It ended with this code.
    Ended(i32),
    /// It was deleted.
    Gone,
}

impl Schedules<'_> {
    /// Hands each line of a run's log to `line` until the run has ended. Returns its exit code. A pod that is
    /// deleted meanwhile has another one after it.
    ///
    /// # Errors
    /// It does not start, the cluster has ended it, or its log cannot be read.
    pub async fn follow(
        &self,
        id: &Id,
        job: &str,
        mut line: impl FnMut(&str) + Send,
    ) -> Result<i32, ScheduleError> {
        let pods = Pods::watch(self.namespaced(id), &format!("job-name={job}"));
        loop {
            if let Some(why) = self.ended_without_pod(id, job).await? {
                return Err(ScheduleError::Ended { job: job.to_owned(), why });
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
        line: &mut (impl FnMut(&str) + Send),
    ) -> Result<Followed, ScheduleError> {
        let is_it = |pod: &Pod| pod.metadata.deletion_timestamp.is_none();
        let name = match pods.started(is_it, START_LIMIT, |_| {}).await {
            Started::Running { name, .. }
            | Started::Not { name: Some(name), cause: Cause::Exited { .. }, .. } => name,
            Started::Not { unusable, .. } => {
                let (job, why) = (job.to_owned(), unusable.reason().to_owned());
                let remedy = unusable.remedy().map(for_program);
                return Err(ScheduleError::NotStarted { job, why, remedy });
            }
        };
        let api: Api<Pod> = self.namespaced(id);
        let of = LogOf { pod: &name, container: CONTAINER, follow: true };
        let (mut position, mut away_since) = (LogPosition::default(), None);
        let mut take = |text: &str| {
            line(&plain(text));
            Enough::NotYet
        };
        loop {
            match read_log(self.cluster, &api, of, &mut position, &mut take).await {
                Ok(_) => away_since = None,
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
                    return match exit.code.filter(|code| *code < KILLED) {
                        Some(code) => Ok(Followed::Ended(code)),
                        None => Err(ScheduleError::Ended {
                            job: job.to_owned(),
                            why: unusable.reason().to_owned(),
                        }),
                    };
                }
                Ok(_) => return Ok(Followed::Gone),
                Err(_) => {}
            }
        }
    }

    /// Why a run has ended that has no pod, and so no log; none if there is one, or will be.
    async fn ended_without_pod(&self, id: &Id, job: &str) -> Result<Option<String>, RequestError> {
        let (jobs, pods) = (self.namespaced::<Job>(id), self.namespaced::<Pod>(id));
        let of_job = ListParams::default().labels(&format!("job-name={job}"));
        let Some(found) = self.cluster.call("look for the run", jobs.get_opt(job)).await? else {
            return Ok(Some("it was deleted".to_owned()));
        };
        let Some(end) = end(&found) else { return Ok(None) };
        let pods = self.cluster.call("look for the pod of the run", pods.list_metadata(&of_job)).await?;
        let why = end.message.clone().unwrap_or_else(|| end.type_.clone());
        Ok(pods.items.is_empty().then(|| reason(&why)))
    }
}

/// A remedy for the pods of this program: their image has another flag than that of iperf's.
fn for_program(remedy: &str) -> String {
    remedy.replace("--image ", "--program-image ").replace("--image,", "--program-image,")
}
