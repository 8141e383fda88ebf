//! Deletes a schedule.

use std::time::Duration;

use futures_util::future::join_all;
use kube::api::{DeleteParams, ListParams};
use kube::core::DynamicObject;
use kube::{Api, ResourceExt};

use super::{ScheduleError, Schedules};
use crate::cluster::objects::resource;
use crate::cluster::{API_SERVER_OUTAGE, RequestError, retry_transient};
use crate::recurring::schedule::ScheduleId;
use crate::recurring::schedule::objects::{NAMESPACE_LABEL, selector};

/// How often to look which objects remain.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// Maximum time for the deletion of objects without processes.
const OBJECTS_TIMEOUT: Duration = Duration::from_secs(60);

/// Maximum time for the deletion of pods: an interrupted run first deletes the objects that it created.
const PODS_TIMEOUT: Duration = Duration::from_secs(150);

/// A kind of object that a schedule consists of.
#[derive(Clone, Copy)]
struct ObjectKind {
    version: &'static str,
    kind: &'static str,
    is_namespaced: bool,
}

const fn namespaced(version: &'static str, kind: &'static str) -> ObjectKind {
    ObjectKind { version, kind, is_namespaced: true }
}

const fn cluster_scoped(version: &'static str, kind: &'static str) -> ObjectKind {
    ObjectKind { version, kind, is_namespaced: false }
}

/// The controllers, which create pods. They are deleted first.
const CONTROLLERS: &[ObjectKind] = &[
    namespaced("batch/v1", "CronJob"),
    namespaced("batch/v1", "Job"),
    namespaced("apps/v1", "Deployment"),
    namespaced("apps/v1", "ReplicaSet"),
];

/// The pods.
const PODS: &[ObjectKind] = &[namespaced("v1", "Pod")];

/// Everything that the pods need while they run, such as their permissions. It is deleted last.
const DEPENDENCIES: &[ObjectKind] = &[
    namespaced("v1", "ConfigMap"),
    namespaced("v1", "Service"),
    namespaced("monitoring.coreos.com/v1", "ServiceMonitor"),
    namespaced("rbac.authorization.k8s.io/v1", "RoleBinding"),
    namespaced("rbac.authorization.k8s.io/v1", "Role"),
    cluster_scoped("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
    cluster_scoped("rbac.authorization.k8s.io/v1", "ClusterRole"),
    namespaced("v1", "ServiceAccount"),
];

/// The result of one attempt to delete objects.
#[derive(Default)]
struct Attempt {
    /// The objects that were found, and may still exist.
    found: Vec<String>,
    /// The first request that was forbidden.
    forbidden: Option<RequestError>,
}

impl Schedules<'_> {
    /// Deletes all objects of a schedule, including the run documents in ConfigMaps, and waits until they are gone.
    /// Documents on a volume stay. Cluster-scoped objects are found even if the namespace no longer exists.
    ///
    /// # Errors
    /// The schedule does not exist, a request is forbidden (everything else is deleted all the same), or the deletion
    /// does not complete in time.
    pub async fn delete(&self, id: &ScheduleId) -> Result<(), ScheduleError> {
        let (mut existed, mut forbidden) = (false, None);
        // a pod on an unreachable node must not block the rest: each step ends after its time
        for (kinds, timeout) in
            [(CONTROLLERS, OBJECTS_TIMEOUT), (PODS, PODS_TIMEOUT), (DEPENDENCIES, OBJECTS_TIMEOUT)]
        {
            let deadline = tokio::time::Instant::now() + timeout;
            loop {
                let attempt = self.delete_kinds(id, kinds).await?;
                existed |= !attempt.found.is_empty();
                forbidden = forbidden.or(attempt.forbidden);
                if attempt.found.is_empty() || tokio::time::Instant::now() >= deadline {
                    break;
                }
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        }
        let remaining = self.delete_kinds(id, &[CONTROLLERS, PODS, DEPENDENCIES].concat()).await?.found;
        match (forbidden, existed, remaining.is_empty()) {
            (Some(forbidden), ..) => Err(forbidden.into()),
            (None, false, _) => Err(self.not_found(id).await?),
            (None, true, true) => Ok(()),
            (None, true, false) => {
                Err(ScheduleError::NotDeleted { name: id.name.clone(), remaining: remaining.join(", ") })
            }
        }
    }

    /// Deletes the objects of some kinds, except for those that the user is not permitted to list or delete.
    async fn delete_kinds(&self, id: &ScheduleId, kinds: &[ObjectKind]) -> Result<Attempt, RequestError> {
        let mut attempt = Attempt::default();
        for found in join_all(kinds.iter().map(|kind| self.delete_kind(id, kind))).await {
            match found {
                Ok(found) => attempt.found.extend(found),
                Err(error) if error.is_forbidden() => {
                    attempt.forbidden.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(attempt)
    }

    /// Deletes the objects of one kind. Returns those that were found.
    async fn delete_kind(&self, id: &ScheduleId, kind: &ObjectKind) -> Result<Vec<String>, RequestError> {
        let version = if kind.kind == "CronJob" { self.cron_jobs.api_version() } else { kind.version };
        let resource = resource(version, kind.kind);
        let client = self.cluster.client.clone();
        let (api, labels): (Api<DynamicObject>, String) = if kind.is_namespaced {
            (Api::namespaced_with(client, &id.namespace, &resource), selector(id))
        } else {
            let namespace = format!("{},{NAMESPACE_LABEL}={}", selector(id), id.namespace);
            (Api::all_with(client, &resource), namespace)
        };
        let doing = format!("delete each {} of the schedule", kind.kind);
        let parameters = ListParams::default().labels(&labels);
        let list = || self.cluster.call(&doing, api.list(&parameters));
        let listed = match retry_transient(API_SERVER_OUTAGE, list).await {
            // the cluster does not have this kind
            Err(error) if error.is_not_found() => return Ok(Vec::new()),
            // a user without this permission could not have created a ServiceMonitor; ReplicaSets are deleted with
            // their Deployment
            Err(error) if error.is_forbidden() && matches!(kind.kind, "ServiceMonitor" | "ReplicaSet") => {
                return Ok(Vec::new());
            }
            other => other?.items,
        };
        // even if they have an owner that was deleted: garbage collection may take a minute
        let deletions = listed.iter().filter(|object| object.metadata.deletion_timestamp.is_none());
        let deletions = deletions.map(|object| async {
            let (name, parameters) = (object.name_any(), DeleteParams::background());
            let delete = || self.cluster.call(&doing, api.delete(&name, &parameters));
            match retry_transient(API_SERVER_OUTAGE, delete).await {
                Err(error) if error.is_not_found() => Ok(()),
                other => other.map(drop),
            }
        });
        join_all(deletions).await.into_iter().collect::<Result<(), RequestError>>()?;
        Ok(listed.iter().map(|object| format!("{} {}", kind.kind, object.name_any())).collect())
    }
}
