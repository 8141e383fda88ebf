//! The documents of a schedule's runs, in its namespace.

use futures_util::future::try_join_all;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::{DeleteParams, ListParams, PostParams};

use super::ScheduleError;
use crate::cluster::{Cluster, RequestError, until_answered};
use crate::document::Run;
use crate::schedule::objects::{COMPONENT_LABEL, selector};
use crate::schedule::{Id, records};
use crate::store::Entry;

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
    pub async fn list(self) -> Result<Vec<Entry>, RequestError> {
        let component = format!("{COMPONENT_LABEL}={}", records::COMPONENT);
        let parameters = ListParams::default().labels(&format!("{},{component}", selector(self.id)));
        let api = self.api();
        let listed = self.cluster.call("list the documents of the schedule", api.list_metadata(&parameters));
        let listed = listed.await?;
        let entries = listed.items.iter().filter_map(|object| records::entry(&object.metadata));
        let mut entries: Vec<Entry> = entries.collect();
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.started_at));
        Ok(entries)
    }

    /// The document of a run.
    ///
    /// # Errors
    /// It may not be read, is no run, or the cluster does not answer.
    pub async fn read(self, run: &str) -> Result<Run, ScheduleError> {
        let (api, name) = (self.api(), self.name(run));
        let object = self.cluster.call(format!("read the document of the run {run}"), api.get(&name)).await?;
        Ok(records::run(&object, run)?)
    }

    /// Keeps a document in the cluster, and deletes the oldest beyond the newest `keep`. Says whether the
    /// figures by the second had to be left out.
    ///
    /// # Errors
    /// It does not fit, or the cluster refuses.
    pub async fn keep(self, run: &Run, keep: usize) -> Result<bool, ScheduleError> {
        let record = records::record(self.id, run)?;
        let api = self.api();
        let parameters = PostParams::default();
        let create =
            || self.cluster.call("keep the document of the run", api.create(&parameters, &record.object));
        match until_answered(create).await {
            Err(error) if error.is_conflict() => {}
            other => drop(other?),
        }
        let entries = self.list().await?;
        let old = entries.iter().skip(keep.max(1)).map(|entry| async {
            let (name, parameters) = (self.name(&entry.id), DeleteParams::default());
            let deleted = api.delete(&name, &parameters);
            match self.cluster.call("delete an old document", deleted).await {
                Err(error) if error.is_not_found() => Ok(()),
                other => other.map(drop),
            }
        });
        try_join_all(old).await?;
        Ok(record.is_without_samples)
    }
}
