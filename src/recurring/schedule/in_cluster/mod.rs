//! The schedules of a cluster: creation, lookup, runs, deletion.

mod creation;
mod deletion;
mod error;
mod following;
mod records;
mod runs;

pub use error::ScheduleError;
pub use records::Records;

use futures_util::future::try_join_all;
use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::api::{ApiResource, ListParams, PostParams};
use kube::core::DynamicObject;
use kube::{Api, ResourceExt};
use serde_json::Value;

use self::runs::is_owned_by;
use super::objects::{CronJobVersion, MANAGER, SCHEDULE_LABEL, Target, VOLUME_ANNOTATION, selector};
use super::status::{ScheduleObjects, Status, end_condition};
use super::{Schedule, ScheduleId, objects};
use crate::cluster::hardened::Relaxation;
use crate::cluster::objects::{MANAGED_BY, resource};
use crate::cluster::{Cluster, RequestError};
use crate::explanation::nearest;
use crate::options::Volume;
use crate::sanitize::line;
use crate::testbed::kubernetes::pods::events::last_warning;

/// A schedule that exists in the cluster.
#[derive(Debug, Clone)]
pub struct ExistingSchedule {
    /// Its name and namespace.
    pub id: ScheduleId,
    /// The CronJob, in any version of the API.
    cron_job: Value,
}

impl ExistingSchedule {
    /// The cron expression.
    pub fn cron(&self) -> String {
        let cron = self.cron_job.pointer("/spec/schedule").and_then(Value::as_str);
        line(cron.unwrap_or_default())
    }

    /// The volume on which its run documents are kept, if there is one.
    pub fn volume(&self) -> Option<Volume> {
        let annotations = self.cron_job.pointer("/metadata/annotations")?;
        Volume::parse(annotations.get(VOLUME_ANNOTATION)?.as_str()?).ok()
    }
}

/// The schedules of a cluster.
pub struct Schedules<'a> {
    cluster: &'a Cluster,
    cron_jobs: CronJobVersion,
}

impl<'a> Schedules<'a> {
    /// Discovers the version of the API in which the cluster serves CronJobs.
    ///
    /// # Errors
    /// The cluster does not answer.
    pub async fn discover(cluster: &'a Cluster) -> Result<Self, RequestError> {
        let listed = cluster.client.list_api_group_resources("batch/v1");
        let resources = cluster.call("discover the API resources of the cluster", listed).await?;
        let has_v1 = resources.resources.iter().any(|resource| resource.name == "cronjobs");
        let cron_jobs = if has_v1 { CronJobVersion::V1 } else { CronJobVersion::V1Beta1 };
        Ok(Self { cluster, cron_jobs })
    }

    /// The flags with which kubectl connects to this cluster, for commands that are shown to users.
    pub fn kubectl_flags(&self) -> &str {
        &self.cluster.kubectl_flags
    }

    /// How the objects of a new schedule depend on the cluster: a dry run shows what its policies refuse in a pod.
    pub async fn target(&self, schedule: &Schedule) -> Target {
        let namespace = &schedule.id.namespace;
        let get = self.cluster.all::<Namespace>();
        let found = self.cluster.call("get the namespace of the schedule", get.get(namespace)).await;
        let known = found.as_ref().map(Relaxation::of_namespace).unwrap_or_default();
        let target = |relaxation| Target { cron_jobs: self.cron_jobs, relaxation };
        let pods = self.cluster.namespaced::<Pod>(namespace);
        let parameters = PostParams { dry_run: true, ..PostParams::default() };
        let create = async |relaxation| {
            let pod = objects::pod(schedule, target(relaxation));
            self.cluster.call("create the pod of a run in a dry run", pods.create(&parameters, &pod)).await
        };
        // other refusals concern the user, who may not be allowed to create pods
        target(known.during(create).await.0)
    }

    fn cron_job_resource(&self) -> ApiResource {
        resource(self.cron_jobs.api_version(), "CronJob")
    }

    async fn cron_job(&self, id: &ScheduleId) -> Result<Option<DynamicObject>, RequestError> {
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.cluster.client.clone(), &id.namespace, &self.cron_job_resource());
        let doing = format!("get schedule {}", id.name);
        let found = self.cluster.call(doing, api.get_opt(&id.object_name())).await?;
        Ok(found.filter(|found| found.labels().get(SCHEDULE_LABEL) == Some(&id.name)))
    }

    /// Finds the schedule of this name.
    ///
    /// # Errors
    /// It does not exist, or the cluster does not answer.
    pub async fn find(&self, id: &ScheduleId) -> Result<ExistingSchedule, ScheduleError> {
        if let Some(cron_job) = self.cron_job(id).await? {
            return Ok(ExistingSchedule { id: id.clone(), cron_job: to_value(&cron_job) });
        }
        Err(self.not_found(id).await?)
    }

    /// The error for a name that does not exist, with the most similar one.
    async fn not_found(&self, id: &ScheduleId) -> Result<ScheduleError, RequestError> {
        let others = self.all(Some(&id.namespace)).await?;
        let nearest = nearest(&id.name, others.iter().map(|found| found.id.name.as_str()));
        Ok(ScheduleError::NotFound { id: id.clone(), nearest })
    }

    /// The schedules of one namespace, or of all, sorted by name.
    ///
    /// # Errors
    /// The cluster does not answer, or rejects the request.
    pub async fn all(&self, namespace: Option<&str>) -> Result<Vec<ExistingSchedule>, RequestError> {
        let (client, resource) = (self.cluster.client.clone(), self.cron_job_resource());
        let api: Api<DynamicObject> = match namespace {
            Some(namespace) => Api::namespaced_with(client, namespace, &resource),
            None => Api::all_with(client, &resource),
        };
        let parameters = ListParams::default().labels(&selector_of_all());
        let listed = self.cluster.call("list the schedules", api.list(&parameters)).await?;
        let existing = |cron_job: &DynamicObject| {
            let name = cron_job.labels().get(SCHEDULE_LABEL)?.clone();
            let id = ScheduleId { name, namespace: cron_job.namespace()? };
            Some(ExistingSchedule { id, cron_job: to_value(cron_job) })
        };
        let mut all: Vec<ExistingSchedule> = listed.items.iter().filter_map(existing).collect();
        all.sort_by(|one, other| {
            (&one.id.namespace, &one.id.name).cmp(&(&other.id.namespace, &other.id.name))
        });
        Ok(all)
    }

    /// The status of each schedule of one namespace, or of all.
    ///
    /// # Errors
    /// The cluster does not answer, or rejects a request.
    pub async fn list(&self, namespace: Option<&str>) -> Result<Vec<Status>, RequestError> {
        let all = self.all(namespace).await?;
        try_join_all(all.iter().map(|schedule| self.status(schedule))).await
    }

    async fn status(&self, schedule: &ExistingSchedule) -> Result<Status, RequestError> {
        let id = &schedule.id;
        let parameters = ListParams::default().labels(&selector(id));
        let pods: Api<Pod> = self.namespaced(id);
        let (jobs, pods, records) = tokio::try_join!(
            self.jobs(id),
            self.cluster.call("list the pods of a schedule", pods.list(&parameters)),
            Records::new(self.cluster, id).list(),
        )?;
        // a quota or an admission policy may reject the pod: only an event of the Job says so
        let without_pod = jobs.first().filter(|job| {
            let uid = job.uid();
            end_condition(job).is_none() && !pods.items.iter().any(|pod| is_owned_by(pod, uid.as_slice()))
        });
        let refusal = match without_pod {
            Some(job) => last_warning(self.cluster, &id.namespace, &job.name_any()).await,
            None => None,
        };
        let (jobs, pods): (Vec<&Job>, Vec<&Pod>) = (jobs.iter().collect(), pods.items.iter().collect());
        let objects = ScheduleObjects {
            cron_job: &schedule.cron_job,
            jobs: &jobs,
            pods: &pods,
            refusal: refusal.as_deref(),
            records: &records,
        };
        Ok(Status::of(objects, Timestamp::now()))
    }

    fn namespaced<K>(&self, id: &ScheduleId) -> Api<K>
    where
        K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.cluster.client.clone(), &id.namespace)
    }
}

/// The label selector for the objects of all schedules.
fn selector_of_all() -> String {
    format!("{MANAGED_BY}={MANAGER}")
}

/// An object as JSON, with its metadata.
fn to_value(object: &DynamicObject) -> Value {
    // it was deserialized from JSON
    serde_json::to_value(object).unwrap_or_default()
}

#[cfg(test)]
mod tests;
