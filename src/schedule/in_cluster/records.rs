//! The documents of a schedule's runs, in its namespace.

use futures_util::future::try_join_all;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::{DeleteParams, ListParams, PostParams};

use super::{ScheduleError, Schedules};
use crate::cluster::{RequestError, until_answered};
use crate::document::Run;
use crate::schedule::objects::{COMPONENT_LABEL, selector};
use crate::schedule::{Id, records};
use crate::store::Entry;

impl Schedules<'_> {
    /// What is told of the documents that are in the cluster.
    ///
    /// # Errors
    /// They may not be listed, or the cluster does not answer.
    pub async fn records(&self, id: &Id) -> Result<Vec<Entry>, RequestError> {
        let api: Api<ConfigMap> = self.namespaced(id);
        let parameters = of_records(id);
        let listed = api.list_metadata(&parameters);
        let listed = self.cluster.call("list the documents of a schedule", listed).await?;
        Ok(listed.items.iter().filter_map(|object| records::entry(&object.metadata)).collect())
    }

    /// The newest document that is in the cluster; none if there is none.
    ///
    /// # Errors
    /// It may not be read, or the cluster does not answer.
    pub async fn newest(&self, id: &Id) -> Result<Option<Run>, ScheduleError> {
        let entries = self.records(id).await?;
        match entries.iter().max_by_key(|entry| entry.started_at) {
            Some(newest) => self.document(id, &newest.id).await.map(Some),
            None => Ok(None),
        }
    }

    /// A document that is in the cluster.
    ///
    /// # Errors
    /// It may not be read, or the cluster does not answer.
    pub async fn document(&self, id: &Id, run: &str) -> Result<Run, ScheduleError> {
        let api: Api<ConfigMap> = self.namespaced(id);
        let name = format!("{}-{run}", id.object_name());
        let object = self.cluster.call(format!("read the document of the run {run}"), api.get(&name)).await?;
        Ok(records::run(&object)?)
    }

    /// Keeps a document in the cluster, and deletes the oldest beyond the newest `keep`. Says whether the
    /// figures by the second had to be left out.
    ///
    /// # Errors
    /// It does not fit, or the cluster refuses.
    pub async fn keep(&self, id: &Id, run: &Run, keep: usize) -> Result<bool, ScheduleError> {
        let record = records::record(id, run)?;
        let api: Api<ConfigMap> = self.namespaced(id);
        let parameters = PostParams::default();
        let create =
            || self.cluster.call("keep the document of the run", api.create(&parameters, &record.object));
        match until_answered(create).await {
            Err(error) if error.is_conflict() => {}
            other => drop(other?),
        }
        let mut entries = self.records(id).await?;
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.started_at));
        let old = entries.iter().skip(keep.max(1)).map(|entry| async {
            let name = format!("{}-{}", id.object_name(), entry.id);
            let parameters = DeleteParams::default();
            let deleted = api.delete(&name, &parameters);
            self.cluster.call("delete an old document", deleted).await.map(drop)
        });
        try_join_all(old).await?;
        Ok(record.is_without_samples)
    }
}

fn of_records(id: &Id) -> ListParams {
    let component = format!("{}={}", COMPONENT_LABEL, records::COMPONENT);
    ListParams::default().labels(&format!("{},{component}", selector(id)))
}
