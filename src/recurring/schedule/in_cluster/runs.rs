//! The runs of schedules: Jobs.

use std::time::Duration;

use futures_util::future::try_join_all;
use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::core::PartialObjectMeta;
use kube::{Api, ResourceExt};
use serde_json::json;

use super::{ExistingSchedule, ScheduleError, Schedules, selector_of_all};
use crate::cluster::hardened::is_own;
use crate::cluster::objects::MANAGED_BY;
use crate::cluster::{API_SERVER_OUTAGE, Cluster, RequestError, retry_transient};
use crate::recurring::schedule::ScheduleId;
use crate::recurring::schedule::objects::selector;
use crate::recurring::schedule::status::end_condition;
use crate::testbed::kubernetes::objects::MANAGER;
use crate::testbed::kubernetes::pods::state::PodState;

/// How often a waiting run looks whether the run before it has ended.
const WAIT_INTERVAL: Duration = Duration::from_secs(2);

/// How long this process has to exit after the deadline of its pod is set.
const EXIT_TIME: Duration = Duration::from_secs(5);

/// Selects the objects that runs create.
fn created_by_runs() -> ListParams {
    ListParams::default().labels(&format!("{MANAGED_BY}={MANAGER}"))
}

/// Whether one of `uids` owns the object.
pub(super) fn is_owned_by(object: &impl ResourceExt, uids: &[String]) -> bool {
    object.owner_references().iter().any(|owner| uids.contains(&owner.uid))
}

/// The runs of all schedules in a namespace.
struct Runs {
    jobs: Vec<Job>,
    pods: Vec<Pod>,
    /// The ConfigMaps that own the objects of each run that has started to measure.
    owners: Vec<PartialObjectMeta<ConfigMap>>,
}

impl Runs {
    /// The Job that the Job `own` has to wait for: one that is measuring, or was created before it and can start. The
    /// name decides between Jobs that were created in the same second.
    fn predecessor(&self, own: &str) -> Option<String> {
        let order = |job: &Job| (job.creation_timestamp(), job.name_any());
        let own = order(self.jobs.iter().find(|job| job.name_any() == own)?);
        let others = self.jobs.iter().filter(|job| order(job) != own && end_condition(job).is_none());
        // a Job whose pod could not start has let later ones pass, and then has to wait for them
        let is_before = |job: &&Job| self.is_measuring(job) || order(job) < own && self.can_start(job);
        others.filter(is_before).map(order).max().map(|(_, name)| name)
    }

    fn is_measuring(&self, job: &Job) -> bool {
        self.owners.iter().any(|owner| is_owned_by(owner, job.uid().as_slice()))
    }

    /// Whether the Job is neither suspended nor stuck: both may last forever.
    fn can_start(&self, job: &Job) -> bool {
        let is_suspended = job.spec.as_ref().and_then(|spec| spec.suspend).unwrap_or(false);
        let pod = self.pods.iter().find(|pod| is_owned_by(*pod, job.uid().as_slice()));
        let is_stuck = pod.is_some_and(|pod| matches!(PodState::of(pod), PodState::Stuck { .. }));
        !is_suspended && !is_stuck
    }

    /// The owners of objects that finished runs have left: these runs were killed.
    fn leftovers(&self) -> impl Iterator<Item = &PartialObjectMeta<ConfigMap>> {
        let finished = self.jobs.iter().filter(|job| end_condition(job).is_some());
        let uids: Vec<_> = finished.filter_map(ResourceExt::uid).collect();
        self.owners.iter().filter(move |owner| is_owned_by(*owner, &uids))
    }
}

impl Schedules<'_> {
    /// The Jobs of a schedule that the cluster keeps, newest first.
    ///
    /// # Errors
    /// The cluster does not answer, or rejects the request.
    pub(super) async fn jobs(&self, id: &ScheduleId) -> Result<Vec<Job>, RequestError> {
        let api = self.namespaced::<Job>(id);
        let parameters = ListParams::default().labels(&selector(id));
        let mut jobs = self.cluster.call("list the runs of a schedule", api.list(&parameters)).await?.items;
        jobs.sort_by_key(|job| std::cmp::Reverse(job.creation_timestamp()));
        Ok(jobs)
    }

    /// The names of these Jobs.
    ///
    /// # Errors
    /// The cluster does not answer, or rejects the request.
    pub async fn job_names(&self, id: &ScheduleId) -> Result<Vec<String>, RequestError> {
        Ok(self.jobs(id).await?.iter().map(ResourceExt::name_any).collect())
    }

    /// Starts a run now. Returns the name of its Job.
    ///
    /// # Errors
    /// The cluster rejects the Job, or the CronJob has an invalid template.
    pub async fn run(&self, schedule: &ExistingSchedule, suffix: &str) -> Result<String, ScheduleError> {
        let template = &schedule.cron_job["spec"]["jobTemplate"];
        let mut annotations = template["metadata"]["annotations"].as_object().cloned().unwrap_or_default();
        // as `kubectl create job --from` does
        annotations.insert("cronjob.kubernetes.io/instantiate".to_owned(), "manual".into());
        let name = format!("{}-{suffix}", schedule.id.object_name());
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
                    "name": schedule.cron_job["metadata"]["name"],
                    "uid": schedule.cron_job["metadata"]["uid"],
                    "controller": true,
                }],
            },
            "spec": template["spec"],
        }));
        let Ok(job) = job else {
            return Err(ScheduleError::NotFound { id: schedule.id.clone(), nearest: None });
        };
        let api: Api<Job> = self.namespaced(&schedule.id);
        self.cluster.call("start a run of the schedule", api.create(&PostParams::default(), &job)).await?;
        Ok(name)
    }

    /// Prepares a run of a schedule in the pod `pod`. Returns the Job of the run, as the owner of its objects.
    ///
    /// Waits for the other runs in the namespace that precede it, of any schedule, since concurrent runs affect each
    /// other's results; calls `waiting` with the name of each Job that it waits for. Then deletes what killed runs have
    /// left.
    ///
    /// # Errors
    /// The cluster rejects a request, or does not answer for a minute.
    pub async fn begin_run(
        cluster: &Cluster,
        id: &ScheduleId,
        pod: &str,
        mut waiting: impl FnMut(&str),
    ) -> Result<Option<OwnerReference>, RequestError> {
        let schedules = retry_transient(API_SERVER_OUTAGE, || Schedules::discover(cluster)).await?;
        let Some(owner) = retry_transient(API_SERVER_OUTAGE, || schedules.owner(id, pod)).await? else {
            return Ok(None);
        };
        let mut reported = None;
        let runs = loop {
            let runs = retry_transient(API_SERVER_OUTAGE, || schedules.all_runs(id)).await?;
            let Some(other) = runs.predecessor(&owner.name) else { break runs };
            if reported.as_ref() != Some(&other) {
                waiting(&other);
                reported = Some(other);
            }
            tokio::time::sleep(WAIT_INTERVAL).await;
        };
        retry_transient(API_SERVER_OUTAGE, || schedules.delete_leftovers(id, &runs)).await?;
        Ok(Some(owner))
    }

    /// Ends the pod `pod`, in which a run has ended, if it has containers that webhooks have added: they may never end,
    /// and the Job would not end before them. The status of the run's container stays.
    ///
    /// # Errors
    /// The cluster rejects a request, or does not answer for a minute.
    pub async fn end_sidecars(cluster: &Cluster, namespace: &str, pod: &str) -> Result<(), RequestError> {
        let api = cluster.namespaced::<Pod>(namespace);
        let get = || cluster.call("find the sidecars of this run", api.get(pod));
        let found = retry_transient(API_SERVER_OUTAGE, get).await?;
        let containers = found.spec.iter().flat_map(|spec| &spec.containers);
        let started = found.status.as_ref().and_then(|status| status.start_time.as_ref());
        let (Some(started), false) =
            (started, containers.map(|of| &of.name).all(|name| is_own(&found, name)))
        else {
            return Ok(());
        };
        // the kubelet terminates a pod at its deadline, which may be set later; the Job never replaces the pod
        let elapsed = u64::try_from(Timestamp::now().duration_since(started.0).as_secs()).unwrap_or(0);
        let deadline = elapsed + EXIT_TIME.as_secs();
        let patch = Patch::Merge(json!({"spec": {"activeDeadlineSeconds": deadline}}));
        let parameters = PatchParams::default();
        let end = || cluster.call("end the sidecars of this run", api.patch(pod, &parameters, &patch));
        retry_transient(API_SERVER_OUTAGE, end).await.map(drop)
    }

    /// The runs of all schedules in the namespace.
    async fn all_runs(&self, id: &ScheduleId) -> Result<Runs, RequestError> {
        let (of_schedules, of_runs) = (ListParams::default().labels(&selector_of_all()), created_by_runs());
        let (jobs, pods) = (self.namespaced::<Job>(id), self.namespaced::<Pod>(id));
        let owners = self.namespaced::<ConfigMap>(id);
        let doing = "list the other runs";
        let (jobs, pods, owners) = tokio::try_join!(
            self.cluster.call(doing, jobs.list(&of_schedules)),
            self.cluster.call(doing, pods.list(&of_schedules)),
            self.cluster.call(doing, owners.list_metadata(&of_runs)),
        )?;
        Ok(Runs { jobs: jobs.items, pods: pods.items, owners: owners.items })
    }

    /// Deletes what killed runs have left: otherwise it would exist as long as their Jobs. Pods are deleted without
    /// delay, since they may still send; everything else is deleted with its owner.
    ///
    /// # Errors
    /// The cluster rejects a request, or does not answer.
    async fn delete_leftovers(&self, id: &ScheduleId, runs: &Runs) -> Result<(), RequestError> {
        let leftovers: Vec<_> = runs.leftovers().collect();
        if leftovers.is_empty() {
            return Ok(());
        }
        let (owners, pods) = (self.namespaced::<ConfigMap>(id), self.namespaced::<Pod>(id));
        let uids: Vec<_> = leftovers.iter().filter_map(|owner| owner.uid()).collect();
        let selected = created_by_runs();
        let listing = pods.list_metadata(&selected);
        let listed = self.cluster.call("list the leftovers of earlier runs", listing).await?.items;
        let left = listed.iter().filter(|pod| is_owned_by(*pod, &uids)).map(ResourceExt::name_any);
        let immediately = DeleteParams::background().grace_period(0);
        try_join_all(left.map(|pod| self.delete_leftover(&pods, pod, &immediately))).await?;
        let with_dependents = DeleteParams::background();
        let deletions = leftovers.iter().map(|owner| owner.name_any());
        try_join_all(deletions.map(|owner| self.delete_leftover(&owners, owner, &with_dependents)))
            .await
            .map(drop)
    }

    async fn delete_leftover<K>(
        &self,
        api: &Api<K>,
        name: String,
        parameters: &DeleteParams,
    ) -> Result<(), RequestError>
    where
        K: Clone + std::fmt::Debug + serde::de::DeserializeOwned,
    {
        match self.cluster.call("delete a leftover of an earlier run", api.delete(&name, parameters)).await {
            Err(error) if error.is_not_found() => Ok(()),
            other => other.map(drop),
        }
    }

    /// The Job that the pod of a run belongs to.
    ///
    /// # Errors
    /// The cluster rejects the request, or does not answer.
    async fn owner(&self, id: &ScheduleId, pod: &str) -> Result<Option<OwnerReference>, RequestError> {
        let api: Api<Pod> = self.namespaced(id);
        let pod = self.cluster.call("find the Job of this run", api.get(pod)).await?;
        let owner = pod.owner_references().iter().find(|owner| owner.kind == "Job");
        // only a controller may set these
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

    fn job(name: &str, created: &str, condition: Option<&str>) -> Job {
        let conditions: Vec<_> =
            condition.into_iter().map(|kind| json!({"type": kind, "status": "True"})).collect();
        let metadata = json!({"name": name, "uid": name, "creationTimestamp": created});
        serde_json::from_value(json!({"metadata": metadata, "status": {"conditions": conditions}})).unwrap()
    }

    #[test]
    fn run_waits_for_runs_that_precede_it() {
        let jobs = [
            job("own", "2026-05-02T03:00:00Z", None),
            job("twin", "2026-05-02T03:00:00Z", None),
            job("done", "2026-05-02T02:59:00Z", Some("Complete")),
            job("broken", "2026-05-02T02:59:00Z", Some("Failed")),
        ];
        let mut runs = Runs { jobs: jobs.to_vec(), pods: Vec::new(), owners: Vec::new() };
        assert_eq!(runs.predecessor("own"), None);
        assert_eq!(runs.predecessor("twin").as_deref(), Some("own"));
        assert_eq!(runs.predecessor("unknown"), None);
        let stuck = json!({
            "metadata": {"ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": "own", "uid": "own"}]},
            "status": {"phase": "Pending", "containerStatuses": [{
                "name": "netbench", "image": "i", "imageID": "", "ready": false, "restartCount": 0,
                "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}},
            }]},
        });
        runs.pods = vec![serde_json::from_value(stuck).unwrap()];
        assert_eq!(runs.predecessor("twin"), None);
        // it started to measure while the older one was stuck: now that one waits, and keeps its objects
        let owned_by = |job: &str| -> PartialObjectMeta<ConfigMap> {
            let owner = json!([{"apiVersion": "batch/v1", "kind": "Job", "name": job, "uid": job}]);
            serde_json::from_value(json!({"metadata": {"name": job, "ownerReferences": owner}})).unwrap()
        };
        runs.owners = vec![owned_by("twin"), owned_by("broken")];
        assert_eq!(runs.predecessor("own").as_deref(), Some("twin"));
        assert_eq!(runs.leftovers().map(ResourceExt::name_any).collect::<Vec<_>>(), ["broken"]);
    }
}
