//! The schedules of a cluster: made, found, run, removed.

mod creation;
mod error;
mod following;
mod records;
mod removal;
mod runs;

pub use error::ScheduleError;
pub use records::Records;

use futures_util::future::try_join_all;
use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{ApiResource, ListParams};
use kube::core::DynamicObject;
use kube::{Api, ResourceExt};
use serde_json::Value;

use self::runs::is_of;
use super::Id;
use super::objects::{CronJobs, MANAGER, SCHEDULE_LABEL, VOLUME_ANNOTATION, selector};
use super::status::{Seen, Status, end};
use crate::cluster::objects::{MANAGED_BY, resource};
use crate::cluster::{Cluster, RequestError};
use crate::delivery::volume::Volume;
use crate::explanation::nearest;
use crate::sanitize::line;
use crate::testbed::kubernetes::pods::events::last_warning;

/// A schedule as it was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its name and namespace.
    pub id: Id,
    /// The CronJob, whatever its version.
    cron_job: Value,
}

impl Found {
    /// When it comes, as CronJobs write it.
    pub fn cron(&self) -> String {
        let cron = self.cron_job.pointer("/spec/schedule").and_then(Value::as_str);
        line(cron.unwrap_or_default())
    }

    /// The volume that its documents are kept on; none if they are in ConfigMaps only.
    pub fn volume(&self) -> Option<Volume> {
        let annotations = self.cron_job.pointer("/metadata/annotations")?;
        Volume::parse(annotations.get(VOLUME_ANNOTATION)?.as_str()?).ok()
    }
}

/// The schedules of a cluster.
pub struct Schedules<'a> {
    cluster: &'a Cluster,
    cron_jobs: CronJobs,
}

impl<'a> Schedules<'a> {
    /// Asks the cluster in which version it has CronJobs.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn of(cluster: &'a Cluster) -> Result<Self, RequestError> {
        let listed = cluster.client.list_api_group_resources("batch/v1");
        let resources = cluster.call("ask what the cluster can do", listed).await?;
        let has_v1 = resources.resources.iter().any(|resource| resource.name == "cronjobs");
        let cron_jobs = if has_v1 { CronJobs::V1 } else { CronJobs::V1Beta1 };
        Ok(Self { cluster, cron_jobs })
    }

    /// The flags by which commands for people reach this cluster.
    pub fn kubectl_flags(&self) -> &str {
        &self.cluster.kubectl_flags
    }

    /// The version of the API in which the cluster has CronJobs.
    pub fn cron_jobs(&self) -> CronJobs {
        self.cron_jobs
    }

    fn cron_job_resource(&self) -> ApiResource {
        resource(self.cron_jobs.api_version(), "CronJob")
    }

    async fn cron_job(&self, id: &Id) -> Result<Option<DynamicObject>, RequestError> {
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.cluster.client.clone(), &id.namespace, &self.cron_job_resource());
        let doing = format!("look for the schedule {}", id.name);
        let found = self.cluster.call(doing, api.get_opt(&id.object_name())).await?;
        Ok(found.filter(|found| found.labels().get(SCHEDULE_LABEL) == Some(&id.name)))
    }

    /// The schedule of this name.
    ///
    /// # Errors
    /// There is none, or the cluster does not answer.
    pub async fn find(&self, id: &Id) -> Result<Found, ScheduleError> {
        if let Some(cron_job) = self.cron_job(id).await? {
            return Ok(Found { id: id.clone(), cron_job: value(&cron_job) });
        }
        Err(self.unknown(id).await?)
    }

    /// That there is none of this name, with what may be meant.
    async fn unknown(&self, id: &Id) -> Result<ScheduleError, RequestError> {
        let others = self.all(Some(&id.namespace)).await?;
        let nearest = nearest(&id.name, others.iter().map(|found| found.id.name.as_str()));
        Ok(ScheduleError::Unknown { name: id.name.clone(), namespace: id.namespace.clone(), nearest })
    }

    /// The schedules of a namespace, or of all.
    ///
    /// # Errors
    /// The cluster does not answer, or they may not be listed.
    pub async fn all(&self, namespace: Option<&str>) -> Result<Vec<Found>, RequestError> {
        let (client, resource) = (self.cluster.client.clone(), self.cron_job_resource());
        let api: Api<DynamicObject> = match namespace {
            Some(namespace) => Api::namespaced_with(client, namespace, &resource),
            None => Api::all_with(client, &resource),
        };
        let parameters = ListParams::default().labels(&of_all());
        let listed = self.cluster.call("list the schedules", api.list(&parameters)).await?;
        let found = |cron_job: &DynamicObject| {
            let name = cron_job.labels().get(SCHEDULE_LABEL)?.clone();
            let id = Id { name, namespace: cron_job.namespace()? };
            Some(Found { id, cron_job: value(cron_job) })
        };
        let mut all: Vec<Found> = listed.items.iter().filter_map(found).collect();
        all.sort_by(|one, other| {
            (&one.id.namespace, &one.id.name).cmp(&(&other.id.namespace, &other.id.name))
        });
        Ok(all)
    }

    /// What is known of the schedules of a namespace, or of all.
    ///
    /// # Errors
    /// The cluster does not answer, or they may not be listed.
    pub async fn list(&self, namespace: Option<&str>) -> Result<Vec<Status>, RequestError> {
        let found = self.all(namespace).await?;
        try_join_all(found.iter().map(|found| self.status(found))).await
    }

    async fn status(&self, found: &Found) -> Result<Status, RequestError> {
        let id = &found.id;
        let parameters = ListParams::default().labels(&selector(id));
        let pods: Api<Pod> = self.namespaced(id);
        let (jobs, pods, records) = tokio::try_join!(
            self.jobs(id),
            self.cluster.call("list the pods of a schedule", pods.list(&parameters)),
            Records::of(self.cluster, id).list(),
        )?;
        // a pod that a quota or a policy does not let in is in no list
        let waiting = jobs.first().filter(|job| {
            end(job).is_none() && !pods.items.iter().any(|pod| is_of(pod, job.uid().as_slice()))
        });
        let refusal = match waiting {
            Some(job) => last_warning(self.cluster, &id.namespace, &job.name_any()).await,
            None => None,
        };
        let (jobs, pods): (Vec<&Job>, Vec<&Pod>) = (jobs.iter().collect(), pods.items.iter().collect());
        let refusal = refusal.as_deref();
        let seen = Seen { cron_job: &found.cron_job, jobs: &jobs, pods: &pods, refusal, records: &records };
        Ok(Status::of(seen, Timestamp::now()))
    }

    fn namespaced<K>(&self, id: &Id) -> Api<K>
    where
        K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.cluster.client.clone(), &id.namespace)
    }
}

/// The label selector for the objects of all schedules.
fn of_all() -> String {
    format!("{MANAGED_BY}={MANAGER}")
}

/// An object as JSON, with its metadata.
fn value(object: &DynamicObject) -> Value {
    // it was JSON before
    serde_json::to_value(object).unwrap_or_default()
}

#[cfg(test)]
mod tests;
