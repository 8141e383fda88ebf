//! The run documents of a schedule in its namespace.

use std::time::Duration;

use futures_util::future::try_join_all;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::{DeleteParams, ListParams, PostParams};

use super::ScheduleError;
use crate::cluster::{Cluster, RequestError, retry_transient};
use crate::document::Run;
use crate::options::ObjectOptions;
use crate::recurring::schedule::objects::{COMPONENT_LABEL, selector};
use crate::recurring::schedule::records::RecordSummary;
use crate::recurring::schedule::{ScheduleId, records};

/// How long to retry while the API server is away: this is the only copy of the document.
const RETRY_FOR: Duration = Duration::from_secs(600);

/// The run documents of a schedule in ConfigMaps.
#[derive(Clone, Copy)]
pub struct Records<'a> {
    cluster: &'a Cluster,
    id: &'a ScheduleId,
}

impl<'a> Records<'a> {
    /// The run documents of the schedule `id`.
    pub fn new(cluster: &'a Cluster, id: &'a ScheduleId) -> Self {
        Self { cluster, id }
    }

    fn api(self) -> Api<ConfigMap> {
        Api::namespaced(self.cluster.client.clone(), &self.id.namespace)
    }

    fn name(self, run: &str) -> String {
        format!("{}-{run}", self.id.object_name())
    }

    /// Their summaries, newest first.
    ///
    /// # Errors
    /// The cluster does not answer, or rejects the request.
    pub async fn list(self) -> Result<Vec<RecordSummary>, RequestError> {
        let component = format!("{COMPONENT_LABEL}={}", records::COMPONENT);
        let parameters = ListParams::default().labels(&format!("{},{component}", selector(self.id)));
        let api = self.api();
        let listed =
            self.cluster.call("list the run documents of the schedule", api.list_metadata(&parameters));
        let listed = listed.await?.items;
        let mut summaries: Vec<RecordSummary> =
            listed.iter().filter_map(|object| records::summary(&object.metadata)).collect();
        summaries.sort_by_key(|summary| std::cmp::Reverse(summary.entry.started_at));
        Ok(summaries)
    }

    /// Reads the document of a run; none if it no longer exists.
    ///
    /// # Errors
    /// The document is invalid, or the cluster rejects the request or does not answer.
    pub async fn read(self, run: &str) -> Result<Option<Run>, ScheduleError> {
        let (api, name) = (self.api(), self.name(run));
        let found = self.cluster.call(format!("read the document of run {run}"), api.get_opt(&name)).await?;
        found.map(|object| Ok(records::run(&object, run)?)).transpose()
    }

    /// Keeps the document of a run of the Job `job`. Returns whether its per-second samples had to be dropped.
    ///
    /// # Errors
    /// The document is too large, or the cluster rejects the request.
    pub async fn keep(
        self,
        run: &Run,
        job: Option<&str>,
        marks: &ObjectOptions,
    ) -> Result<bool, ScheduleError> {
        let record = records::record(self.id, run, job, marks)?;
        let api = self.api();
        let parameters = PostParams::default();
        let create = || self.cluster.call("keep the run document", api.create(&parameters, &record.object));
        match retry_transient(RETRY_FOR, create).await {
            // a retry finds what the first request created
            Err(error) if error.is_conflict() => {}
            other => drop(other?),
        }
        Ok(record.is_without_samples)
    }

    /// Deletes all but the newest `count` documents, but never the newest one.
    ///
    /// # Errors
    /// The cluster rejects a request, or does not answer.
    pub async fn keep_newest(self, count: usize) -> Result<(), RequestError> {
        let (api, summaries) = (self.api(), self.list().await?);
        let deletions = summaries.iter().skip(count.max(1)).map(|summary| async {
            let (name, parameters) = (self.name(&summary.entry.id), DeleteParams::default());
            let deleted = api.delete(&name, &parameters);
            match self.cluster.call("delete an old run document", deleted).await {
                Err(error) if error.is_not_found() => Ok(()),
                other => other.map(drop),
            }
        });
        try_join_all(deletions).await.map(drop)
    }
}
