//! The runs of a schedule: Jobs.

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{ListParams, PostParams};
use kube::{Api, ResourceExt};
use serde_json::json;

use super::{Found, ScheduleError, Schedules};
use crate::cluster::RequestError;
use crate::schedule::Id;
use crate::schedule::objects::selector;

impl Schedules<'_> {
    /// The Jobs of a schedule's runs that the cluster remembers, the newest first.
    ///
    /// # Errors
    /// They may not be listed, or the cluster does not answer.
    pub(super) async fn jobs(&self, id: &Id) -> Result<Vec<Job>, RequestError> {
        let (api, parameters) = (self.namespaced::<Job>(id), ListParams::default().labels(&selector(id)));
        let mut jobs = self.cluster.call("list the runs of a schedule", api.list(&parameters)).await?.items;
        jobs.sort_by_key(|job| std::cmp::Reverse(job.creation_timestamp()));
        Ok(jobs)
    }

    /// The names of those Jobs.
    ///
    /// # Errors
    /// They may not be listed, or the cluster does not answer.
    pub async fn job_names(&self, id: &Id) -> Result<Vec<String>, RequestError> {
        Ok(self.jobs(id).await?.iter().map(ResourceExt::name_any).collect())
    }

    /// Starts a run now. Returns the name of its Job.
    ///
    /// # Errors
    /// The cluster refuses.
    pub async fn run(&self, found: &Found, suffix: &str) -> Result<String, ScheduleError> {
        let template = &found.cron_job["spec"]["jobTemplate"];
        let name = format!("{}-{suffix}", found.id.object_name());
        let job: Result<Job, _> = serde_json::from_value(json!({
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {
                "name": name,
                "labels": template["metadata"]["labels"],
                // as kubectl marks it
                "annotations": {"cronjob.kubernetes.io/instantiate": "manual"},
                "ownerReferences": [{
                    "apiVersion": self.cron_jobs.api_version(),
                    "kind": "CronJob",
                    "name": found.cron_job["metadata"]["name"],
                    "uid": found.cron_job["metadata"]["uid"],
                    "controller": true,
                }],
            },
            "spec": template["spec"],
        }));
        let Ok(job) = job else {
            let Id { name, namespace } = found.id.clone();
            return Err(ScheduleError::Unknown { name, namespace, nearest: None });
        };
        let api: Api<Job> = self.namespaced(&found.id);
        self.cluster.call("start a run of the schedule", api.create(&PostParams::default(), &job)).await?;
        Ok(name)
    }

    /// The Job that the pod of a scheduled run belongs to, as the owner of what it makes.
    ///
    /// # Errors
    /// The pod may not be read, or the cluster does not answer.
    pub async fn owner(&self, id: &Id, pod: &str) -> Result<Option<OwnerReference>, RequestError> {
        let api: Api<Pod> = self.namespaced(id);
        let pod = self.cluster.call("find the Job of this run", api.get(pod)).await?;
        let owner = pod.owner_references().iter().find(|owner| owner.kind == "Job");
        // a second controller would not be taken
        Ok(owner.map(|owner| OwnerReference {
            controller: None,
            block_owner_deletion: None,
            ..owner.clone()
        }))
    }
}
