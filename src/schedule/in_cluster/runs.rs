//! The runs of a schedule: Jobs.

use std::time::Duration;

use futures_util::future::try_join_all;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::core::PartialObjectMeta;
use kube::{Api, ResourceExt};
use serde_json::json;

use super::{Found, ScheduleError, Schedules, of_all};
use crate::cluster::objects::MANAGED_BY;
use crate::cluster::{API_SERVER_AWAY, Cluster, RequestError, patiently};
use crate::schedule::Id;
use crate::schedule::objects::selector;
use crate::schedule::status::end;
use crate::testbed::kubernetes::objects::MANAGER;
use crate::testbed::kubernetes::pods::state::PodState;

/// How often it is looked whether another run has ended.
const TURN_POLL: Duration = Duration::from_secs(2);

/// What runs make.
fn of_runs() -> ListParams {
    ListParams::default().labels(&format!("{MANAGED_BY}={MANAGER}"))
}

/// Whether an object belongs to one of these.
pub(super) fn is_of(object: &impl ResourceExt, uids: &[String]) -> bool {
    object.owner_references().iter().any(|owner| uids.contains(&owner.uid))
}

/// What there is of the runs of all schedules in a namespace.
struct Runs {
    jobs: Vec<Job>,
    pods: Vec<Pod>,
    /// What owns the objects of each run that has made some.
    owners: Vec<PartialObjectMeta<ConfigMap>>,
}

impl Runs {
    /// The Job that the Job `own` has to wait for: one that measures, or goes on and began before it, of those that
    /// began at the same time by its name. One whose pod cannot start keeps nobody waiting.
    fn before(&self, own: &str) -> Option<String> {
        let began = |job: &Job| (job.creation_timestamp(), job.name_any());
        let own = began(self.jobs.iter().find(|job| job.name_any() == own)?);
        let others = self.jobs.iter().filter(|job| began(job) != own && end(job).is_none());
        // one that could not start has let others go first, and waits for them in its turn
        let is_due = |job: &&Job| self.measures(job) || began(job) < own && self.may_begin(job);
        others.filter(is_due).map(began).max().map(|(_, name)| name)
    }

    fn measures(&self, job: &Job) -> bool {
        self.owners.iter().any(|owner| is_of(owner, job.uid().as_slice()))
    }

    /// Whether it goes on. One that is suspended measures nothing, for as long as it pleases.
    fn may_begin(&self, job: &Job) -> bool {
        let suspended = job.spec.as_ref().and_then(|spec| spec.suspend).unwrap_or(false);
        let of_job = self.pods.iter().find(|pod| is_of(*pod, job.uid().as_slice()));
        let is_stuck = of_job.is_some_and(|pod| matches!(PodState::of(pod), PodState::Stuck { .. }));
        !suspended && !is_stuck
    }

    /// What runs have left that are over: they were killed.
    fn strays(&self) -> impl Iterator<Item = &PartialObjectMeta<ConfigMap>> {
        let over = self.jobs.iter().filter(|job| end(job).is_some()).filter_map(ResourceExt::uid);
        let over: Vec<_> = over.collect();
        self.owners.iter().filter(move |owner| is_of(*owner, &over))
    }
}

impl Schedules<'_> {
    /// The Jobs of a schedule's runs that the cluster remembers, the newest first.
    ///
    /// # Errors
    /// They may not be listed, or the cluster does not answer.
    pub(super) async fn jobs(&self, id: &Id) -> Result<Vec<Job>, RequestError> {
        self.jobs_of(id, &selector(id)).await
    }

    async fn jobs_of(&self, id: &Id, labels: &str) -> Result<Vec<Job>, RequestError> {
        let (api, parameters) = (self.namespaced::<Job>(id), ListParams::default().labels(labels));
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
        let mut annotations = template["metadata"]["annotations"].as_object().cloned().unwrap_or_default();
        // as kubectl marks it
        annotations.insert("cronjob.kubernetes.io/instantiate".to_owned(), "manual".into());
        let name = format!("{}-{suffix}", found.id.object_name());
        let job: Result<Job, _> = serde_json::from_value(json!({
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {
                "name": name,
                "labels": template["metadata"]["labels"],
                "annotations": annotations,
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

    /// What comes before a run of the schedule in the pod `pod`: it finds its own Job, which owns what it makes;
    /// waits until no run of any schedule in the namespace goes on that began before it, since two at a time would
    /// measure each other; and removes what killed runs have left. Tells `waiting` once which one it waits for.
    ///
    /// # Errors
    /// The cluster refuses, or does not answer for a while.
    pub async fn begin_run(
        cluster: &Cluster,
        id: &Id,
        pod: &str,
        mut waiting: impl FnMut(&str),
    ) -> Result<Option<OwnerReference>, RequestError> {
        let schedules = patiently(API_SERVER_AWAY, || Schedules::of(cluster)).await?;
        let Some(owner) = patiently(API_SERVER_AWAY, || schedules.owner(id, pod)).await? else {
            return Ok(None);
        };
        let mut told = None;
        let runs = loop {
            let runs = patiently(API_SERVER_AWAY, || schedules.all_runs(id)).await?;
            let Some(other) = runs.before(&owner.name) else { break runs };
            if told.as_ref() != Some(&other) {
                waiting(&other);
                told = Some(other);
            }
            tokio::time::sleep(TURN_POLL).await;
        };
        patiently(API_SERVER_AWAY, || schedules.remove_strays(id, &runs)).await?;
        Ok(Some(owner))
    }

    /// The runs of all schedules in the namespace.
    async fn all_runs(&self, id: &Id) -> Result<Runs, RequestError> {
        let (of_all, of_runs) = (ListParams::default().labels(&of_all()), of_runs());
        let (jobs, pods) = (self.namespaced::<Job>(id), self.namespaced::<Pod>(id));
        let owners = self.namespaced::<ConfigMap>(id);
        let doing = "look for other runs";
        let (jobs, pods, owners) = tokio::try_join!(
            self.cluster.call(doing, jobs.list(&of_all)),
            self.cluster.call(doing, pods.list(&of_all)),
            self.cluster.call(doing, owners.list_metadata(&of_runs)),
        )?;
        Ok(Runs { jobs: jobs.items, pods: pods.items, owners: owners.items })
    }

    /// Removes what killed runs of schedules have left: it would go with their Jobs only. The pods at once, since one
    /// may still send; all else by what owns it.
    ///
    /// # Errors
    /// They may not be listed or deleted, or the cluster does not answer.
    async fn remove_strays(&self, id: &Id, runs: &Runs) -> Result<(), RequestError> {
        let strays: Vec<_> = runs.strays().collect();
        if strays.is_empty() {
            return Ok(());
        }
        let (owners, pods) = (self.namespaced::<ConfigMap>(id), self.namespaced::<Pod>(id));
        let uids: Vec<_> = strays.iter().filter_map(|owner| owner.uid()).collect();
        let looking = "look for what earlier runs have left";
        let of_strays = self.cluster.call(looking, pods.list_metadata(&of_runs())).await?.items;
        let of_strays = of_strays.iter().filter(|pod| is_of(*pod, &uids)).map(ResourceExt::name_any);
        let at_once = DeleteParams::background().grace_period(0);
        try_join_all(of_strays.map(|pod| self.delete_stray(&pods, pod, &at_once))).await?;
        let owned = DeleteParams::background();
        let strays = strays.iter().map(|owner| self.delete_stray(&owners, owner.name_any(), &owned));
        try_join_all(strays).await.map(drop)
    }

    async fn delete_stray<K>(
        &self,
        api: &Api<K>,
        name: String,
        parameters: &DeleteParams,
    ) -> Result<(), RequestError>
    where
        K: Clone + std::fmt::Debug + serde::de::DeserializeOwned,
    {
        match self.cluster.call("delete what an earlier run has left", api.delete(&name, parameters)).await {
            Err(error) if error.is_not_found() => Ok(()),
            other => other.map(drop),
        }
    }

    /// The Job that the pod of a scheduled run belongs to, as the owner of what it makes.
    ///
    /// # Errors
    /// The pod may not be read, or the cluster does not answer.
    async fn owner(&self, id: &Id, pod: &str) -> Result<Option<OwnerReference>, RequestError> {
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
            let metadata = json!({"name": name, "uid": name, "creationTimestamp": created});
            serde_json::from_value(json!({"metadata": metadata, "status": {"conditions": conditions}}))
                .unwrap()
        };
        let jobs = [
            job("own", "2026-05-02T03:00:00Z", None),
            job("twin", "2026-05-02T03:00:00Z", None),
            job("done", "2026-05-02T02:59:00Z", Some("Complete")),
            job("broken", "2026-05-02T02:59:00Z", Some("Failed")),
        ];
        let mut runs = Runs { jobs: jobs.to_vec(), pods: Vec::new(), owners: Vec::new() };
        assert_eq!(runs.before("own"), None);
        assert_eq!(runs.before("twin").as_deref(), Some("own"));
        assert_eq!(runs.before("nobody"), None);
        let stuck = json!({
            "metadata": {"ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": "own", "uid": "own"}]},
            "status": {"phase": "Pending", "containerStatuses": [{
                "name": "netbench", "image": "i", "imageID": "", "ready": false, "restartCount": 0,
                "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}},
            }]},
        });
        runs.pods = vec![serde_json::from_value(stuck).unwrap()];
        assert_eq!(runs.before("twin"), None);
        // it began to measure while the older one could not start: that one waits, and leaves its objects alone
        let owned_by = |job: &str| -> PartialObjectMeta<ConfigMap> {
            let owner = json!([{"apiVersion": "batch/v1", "kind": "Job", "name": job, "uid": job}]);
            serde_json::from_value(json!({"metadata": {"name": job, "ownerReferences": owner}})).unwrap()
        };
        runs.owners = vec![owned_by("twin"), owned_by("broken")];
        assert_eq!(runs.before("own").as_deref(), Some("twin"));
        assert_eq!(runs.strays().map(ResourceExt::name_any).collect::<Vec<_>>(), ["broken"]);
    }
}
