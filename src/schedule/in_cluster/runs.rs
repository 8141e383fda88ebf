//! The runs of a schedule: Jobs.

use std::time::Duration;

use futures_util::future::try_join_all;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::{Api, ResourceExt};
use serde_json::json;

use super::{Found, ScheduleError, Schedules};
use crate::cluster::RequestError;
use crate::schedule::Id;
use crate::schedule::objects::selector;
use crate::testbed::kubernetes::objects::{MANAGED_BY, MANAGER};

/// How often it is looked whether another run has ended.
const TURN_POLL: Duration = Duration::from_secs(2);

/// The Job that goes on and began before the Job `own`, of those that began at the same time by its name.
fn before(jobs: &[Job], own: &str) -> Option<String> {
    let is_over = |job: &Job| {
        let conditions = job.status.iter().flat_map(|status| status.conditions.iter().flatten());
        conditions.into_iter().any(|condition| {
            matches!(condition.type_.as_str(), "Complete" | "Failed") && condition.status == "True"
        })
    };
    let began = |job: &Job| (job.creation_timestamp(), job.name_any());
    let own = began(jobs.iter().find(|job| job.name_any() == own)?);
    let others = jobs.iter().filter(|job| !is_over(job)).map(began);
    others.filter(|other| *other < own).max().map(|(_, name)| name)
}

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

    /// Waits until no other run of the schedule goes on that began before `job`: two at a time would measure
    /// each other. Tells `waiting` once which one it waits for.
    ///
    /// # Errors
    /// They may not be listed, or the cluster does not answer.
    pub async fn await_turn(
        &self,
        id: &Id,
        job: &str,
        mut waiting: impl FnMut(&str),
    ) -> Result<(), RequestError> {
        let mut told = None;
        while let Some(other) = before(&self.jobs(id).await?, job) {
            if told.as_ref() != Some(&other) {
                waiting(&other);
                told = Some(other);
            }
            tokio::time::sleep(TURN_POLL).await;
        }
        Ok(())
    }

    /// Removes the pods that earlier runs of the schedule have left, which were killed: they would go with
    /// their Jobs only.
    ///
    /// # Errors
    /// They may not be listed or deleted, or the cluster does not answer.
    pub async fn remove_strays(&self, id: &Id, own: &str) -> Result<(), RequestError> {
        let jobs = self.jobs(id).await?;
        let is_of_other = |owner: &OwnerReference| {
            let of_schedule = jobs.iter().find(|job| job.uid().as_ref() == Some(&owner.uid));
            of_schedule.is_some_and(|job| job.name_any() != own)
        };
        let api: Api<Pod> = self.namespaced(id);
        let of_runs = ListParams::default().labels(&format!("{MANAGED_BY}={MANAGER}"));
        let pods = self.cluster.call("look for what earlier runs have left", api.list(&of_runs)).await?;
        let strays = pods.items.iter().filter(|pod| pod.owner_references().iter().any(is_of_other));
        let deletions = strays.map(|pod| async {
            let (name, parameters) = (pod.name_any(), DeleteParams::default().grace_period(0));
            let deleted = api.delete(&name, &parameters);
            match self.cluster.call("delete what an earlier run has left", deleted).await {
                Err(error) if error.is_not_found() => Ok(()),
                other => other.map(drop),
            }
        });
        try_join_all(deletions).await.map(drop)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_waits_for_those_that_go_on_and_began_before_it() {
        let job = |name: &str, created: &str, ended: Option<&str>| -> Job {
            let conditions: Vec<_> =
                ended.into_iter().map(|kind| json!({"type": kind, "status": "True"})).collect();
            let metadata = json!({"name": name, "creationTimestamp": created});
            serde_json::from_value(json!({"metadata": metadata, "status": {"conditions": conditions}}))
                .unwrap()
        };
        let jobs = [
            job("own", "2026-05-02T03:00:00Z", None),
            job("twin", "2026-05-02T03:00:00Z", None),
            job("done", "2026-05-02T02:59:00Z", Some("Complete")),
            job("broken", "2026-05-02T02:59:00Z", Some("Failed")),
        ];
        assert_eq!(before(&jobs, "own"), None);
        assert_eq!(before(&jobs, "twin").as_deref(), Some("own"));
        assert_eq!(before(&jobs, "nobody"), None);
    }
}
