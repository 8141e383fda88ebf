//! Follows the log of a run.

use std::pin::pin;
use std::time::Duration;

use futures_util::{AsyncBufReadExt, TryStreamExt};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{ListParams, LogParams};

use super::{ScheduleError, Schedules};
use crate::cluster::{API_SERVER_AWAY, RequestError, patiently};
use crate::plain::{plain, reason};
use crate::schedule::Id;
use crate::schedule::objects::CONTAINER;
use crate::schedule::status::end;
use crate::testbed::kubernetes::START_LIMIT;
use crate::testbed::kubernetes::pods::state::PodState;
use crate::testbed::kubernetes::pods::{Cause, Pods, Started};

/// How long after the end of a log its pod may take to say that it has ended: a connection may have broken.
const STATUS_LIMIT: Duration = Duration::from_secs(5);

impl Schedules<'_> {
    /// Hands each line of a run's log to `line` until the run has ended. Returns its exit code; none if the
    /// cluster has ended it.
    ///
    /// # Errors
    /// It does not start, or its log cannot be read.
    pub async fn follow(
        &self,
        id: &Id,
        job: &str,
        mut line: impl FnMut(&str),
    ) -> Result<Option<i32>, ScheduleError> {
        let api: Api<Pod> = self.namespaced(id);
        if let Some(why) = self.ended_without_pod(id, job).await? {
            return Err(ScheduleError::Ended { job: job.to_owned(), why: Some(why) });
        }
        let pods = Pods::watch(api.clone(), &format!("job-name={job}"));
        let name = match pods.started(|_| true, START_LIMIT, |_| {}).await {
            Started::Running { name, .. }
            | Started::Not { name: Some(name), cause: Cause::Exited { .. }, .. } => name,
            Started::Not { unusable, .. } => {
                let (job, why) = (job.to_owned(), unusable.reason().to_owned());
                return Err(ScheduleError::NotStarted {
                    job,
                    why,
                    remedy: unusable.remedy().map(str::to_owned),
                });
            }
        };
        let parameters =
            LogParams { follow: true, container: Some(CONTAINER.to_owned()), ..LogParams::default() };
        let mut shown = 0;
        loop {
            let read = || self.cluster.call("read the log of the run", api.log_stream(&name, &parameters));
            let log = match patiently(API_SERVER_AWAY, read).await {
                // its pod is gone
                Err(error) if error.is_not_found() => return Ok(None),
                log => log?,
            };
            // one that is read again begins at its beginning
            let mut lines = pin!(log.lines());
            let mut number = 0;
            while let Ok(Some(text)) = lines.try_next().await {
                number += 1;
                if number > shown {
                    line(&plain(&text));
                    shown = number;
                }
            }
            match tokio::time::timeout(STATUS_LIMIT, pods.ended(&name)).await {
                Ok(Some(PodState::Ended { exit, .. })) => return Ok(exit.code),
                // it was deleted
                Ok(_) => return Ok(None),
                Err(_) => {}
            }
        }
    }

    /// Why a run has ended whose pod is gone, so that there is no log; none if there is one, or may still be.
    async fn ended_without_pod(&self, id: &Id, job: &str) -> Result<Option<String>, RequestError> {
        let (jobs, pods) = (self.namespaced::<Job>(id), self.namespaced::<Pod>(id));
        let of_job = ListParams::default().labels(&format!("job-name={job}"));
        let found = self.cluster.call("look for the run", jobs.get_opt(job)).await?;
        let Some(end) = found.as_ref().and_then(end) else { return Ok(None) };
        let pods = self.cluster.call("look for the pod of the run", pods.list_metadata(&of_job)).await?;
        let why = end.message.clone().unwrap_or_else(|| end.type_.clone());
        Ok(pods.items.is_empty().then(|| reason(&why)))
    }
}
