//! The documents of a schedule's runs, in its namespace.

use std::time::Duration;

use futures_util::future::try_join_all;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::{DeleteParams, ListParams, PostParams};

use super::ScheduleError;
use crate::cluster::{Cluster, RequestError, patiently};
use crate::document::Run;
use crate::options::ObjectOptions;
use crate::schedule::objects::{COMPONENT_LABEL, selector};
use crate::schedule::records::Kept;
use crate::schedule::{Id, records};

/// How long an API server that is away is waited for with a document.
const PATIENCE: Duration = Duration::from_secs(600);

/// The documents of a schedule's newest runs, in ConfigMaps.
#[derive(Clone, Copy)]
pub struct Records<'a> {
    cluster: &'a Cluster,
    id: &'a Id,
}

impl<'a> Records<'a> {
    /// Those of a schedule.
    pub fn of(cluster: &'a Cluster, id: &'a Id) -> Self {
        Self { cluster, id }
    }

    fn api(self) -> Api<ConfigMap> {
        Api::namespaced(self.cluster.client.clone(), &self.id.namespace)
    }

    fn name(self, run: &str) -> String {
        format!("{}-{run}", self.id.object_name())
    }

    /// What is told of them in a list, the newest first.
    ///
    /// # Errors
    /// They may not be listed, or the cluster does not answer.
    pub async fn list(self) -> Result<Vec<Kept>, RequestError> {
        let component = format!("{COMPONENT_LABEL}={}", records::COMPONENT);
        let parameters = ListParams::default().labels(&format!("{},{component}", selector(self.id)));
        let api = self.api();
        let listed = self.cluster.call("list the documents of the schedule", api.list_metadata(&parameters));
        let listed = listed.await?;
        let kept = listed.items.iter().filter_map(|object| records::kept(&object.metadata));
        let mut kept: Vec<Kept> = kept.collect();
        kept.sort_by_key(|kept| std::cmp::Reverse(kept.entry.started_at));
        Ok(kept)
    }

    /// The document of a run; none if it is not kept any longer.
    ///
    /// # Errors
    /// It may not be read, is no run, or the cluster does not answer.
    pub async fn read(self, run: &str) -> Result<Option<Run>, ScheduleError> {
        let (api, name) = (self.api(), self.name(run));
        let found =
            self.cluster.call(format!("read the document of the run {run}"), api.get_opt(&name)).await?;
        found.map(|object| Ok(records::run(&object, run)?)).transpose()
    }

    /// Keeps a document in the cluster, by the Job `job`. Says whether the figures by the second had to be left
    /// out. An API server that is away is waited for: nobody else has the document.
    ///
    /// # Errors
    /// It does not fit, or the cluster refuses.
    pub async fn keep(
        self,
        run: &Run,
        job: Option<&str>,
        options: &ObjectOptions,
    ) -> Result<bool, ScheduleError> {
        let record = records::record(self.id, run, job, options)?;
        let api = self.api();
        let parameters = PostParams::default();
        let create =
            || self.cluster.call("keep the document of the run", api.create(&parameters, &record.object));
        match patiently(PATIENCE, create).await {
            // a repeated request finds what the first one made
            Err(error) if error.is_conflict() => {}
            other => drop(other?),
        }
        Ok(record.is_without_samples)
    }

    /// Deletes the oldest beyond the newest `count`.
    ///
    /// # Errors
    /// The cluster refuses, or does not answer.
    pub async fn keep_newest(self, count: usize) -> Result<(), RequestError> {
        let (api, kept) = (self.api(), self.list().await?);
        let old = kept.iter().skip(count.max(1)).map(|kept| async {
            let (name, parameters) = (self.name(&kept.entry.id), DeleteParams::default());
            let deleted = api.delete(&name, &parameters);
            match self.cluster.call("delete an old document", deleted).await {
                Err(error) if error.is_not_found() => Ok(()),
                other => other.map(drop),
            }
        });
        try_join_all(old).await.map(drop)
    }
}
