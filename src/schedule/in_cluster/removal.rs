//! Removes all that belongs to a schedule.

use std::time::Duration;

use futures_util::future::join_all;
use kube::api::{DeleteParams, ListParams};
use kube::core::DynamicObject;
use kube::{Api, ResourceExt};

use super::{ScheduleError, Schedules};
use crate::cluster::objects::resource;
use crate::cluster::{API_SERVER_AWAY, RequestError, patiently};
use crate::schedule::Id;
use crate::schedule::objects::{NAMESPACE_LABEL, selector};

/// How often it is looked whether all is gone.
const POLL: Duration = Duration::from_millis(250);

/// How long the removal of objects may take that nothing runs in.
const REMOVAL_LIMIT: Duration = Duration::from_secs(60);

/// How long pods may take to end: a run that goes on removes what it has made first.
const ENDING_LIMIT: Duration = Duration::from_secs(150);

/// A kind of object that schedules consist of.
#[derive(Clone, Copy)]
struct OfKind {
    version: &'static str,
    kind: &'static str,
    is_namespaced: bool,
}

const fn kind(version: &'static str, kind: &'static str) -> OfKind {
    OfKind { version, kind, is_namespaced: true }
}

const fn of_cluster(version: &'static str, kind: &'static str) -> OfKind {
    OfKind { version, kind, is_namespaced: false }
}

/// What starts something,
const STARTING: &[OfKind] = &[
    kind("batch/v1", "CronJob"),
    kind("batch/v1", "Job"),
    kind("apps/v1", "Deployment"),
    kind("apps/v1", "ReplicaSet"),
];

/// what runs,
const RUNNING: &[OfKind] = &[kind("v1", "Pod")];

/// and what that needs while it runs.
const OTHERS: &[OfKind] = &[
    kind("v1", "ConfigMap"),
    kind("v1", "Service"),
    kind("monitoring.coreos.com/v1", "ServiceMonitor"),
    kind("rbac.authorization.k8s.io/v1", "RoleBinding"),
    kind("rbac.authorization.k8s.io/v1", "Role"),
    of_cluster("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
    of_cluster("rbac.authorization.k8s.io/v1", "ClusterRole"),
    kind("v1", "ServiceAccount"),
];

/// What became of a deletion.
#[derive(Default)]
struct Removal {
    /// What is still there.
    left: Vec<String>,
    /// Why something could not be looked for, or deleted.
    refusal: Option<RequestError>,
}

impl Schedules<'_> {
    /// Removes all that belongs to a schedule, the documents in the cluster included, and waits until it is
    /// gone. What is on a volume stays. What is in no namespace is found also where its own is gone.
    ///
    /// # Errors
    /// There is none, the cluster refuses a part of it, of which all else is gone then, or something does not go.
    pub async fn delete(&self, id: &Id) -> Result<(), ScheduleError> {
        let (mut was_there, mut refusal) = (false, None);
        // the rights of a run that goes on last; a pod whose node is dead keeps nothing else from going
        for (kinds, limit) in [(STARTING, REMOVAL_LIMIT), (RUNNING, ENDING_LIMIT), (OTHERS, REMOVAL_LIMIT)] {
            let give_up = tokio::time::Instant::now() + limit;
            loop {
                let removal = self.delete_kinds(id, kinds).await?;
                was_there |= !removal.left.is_empty();
                // what may not be looked for keeps nothing else from going either
                refusal = refusal.or(removal.refusal);
                if removal.left.is_empty() || tokio::time::Instant::now() >= give_up {
                    break;
                }
                tokio::time::sleep(POLL).await;
            }
        }
        let left = self.delete_kinds(id, &[STARTING, RUNNING, OTHERS].concat()).await?.left;
        match (refusal, was_there, left.is_empty()) {
            (Some(refusal), ..) => Err(refusal.into()),
            (None, false, _) => Err(self.unknown(id).await?),
            (None, true, true) => Ok(()),
            (None, true, false) => {
                Err(ScheduleError::NotGone { name: id.name.clone(), left: left.join(", ") })
            }
        }
    }

    /// Deletes the objects of some kinds, those that one may.
    async fn delete_kinds(&self, id: &Id, kinds: &[OfKind]) -> Result<Removal, RequestError> {
        let mut removal = Removal::default();
        for deleted in join_all(kinds.iter().map(|kind| self.delete_all(id, kind))).await {
            match deleted {
                Ok(left) => removal.left.extend(left),
                Err(error) if error.is_forbidden() => {
                    removal.refusal.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(removal)
    }

    /// Deletes the objects of one kind. Returns what is still there.
    async fn delete_all(&self, id: &Id, kind: &OfKind) -> Result<Vec<String>, RequestError> {
        let version = if kind.kind == "CronJob" { self.cron_jobs.api_version() } else { kind.version };
        let resource = resource(version, kind.kind);
        let client = self.cluster.client.clone();
        let (api, labels): (Api<DynamicObject>, String) = if kind.is_namespaced {
            (Api::namespaced_with(client, &id.namespace, &resource), selector(id))
        } else {
            let namespace = format!("{},{NAMESPACE_LABEL}={}", selector(id), id.namespace);
            (Api::all_with(client, &resource), namespace)
        };
        let doing = format!("remove the {} of the schedule", kind.kind);
        let parameters = ListParams::default().labels(&labels);
        let list = || self.cluster.call(&doing, api.list(&parameters));
        let listed = match patiently(API_SERVER_AWAY, list).await {
            // a kind that this cluster does not have
            Err(error) if error.is_not_found() => return Ok(Vec::new()),
            // whoever could not have made one has none to remove; and these go with their Deployment
            Err(error) if error.is_forbidden() && matches!(kind.kind, "ServiceMonitor" | "ReplicaSet") => {
                return Ok(Vec::new());
            }
            other => other?.items,
        };
        // also what would go with its owner: the cluster's own garbage collector may take a minute
        let deletions = listed.iter().filter(|object| object.metadata.deletion_timestamp.is_none());
        let deletions = deletions.map(|object| async {
            let (name, parameters) = (object.name_any(), DeleteParams::background());
            let delete = || self.cluster.call(&doing, api.delete(&name, &parameters));
            match patiently(API_SERVER_AWAY, delete).await {
                Err(error) if error.is_not_found() => Ok(()),
                other => other.map(drop),
            }
        });
        join_all(deletions).await.into_iter().collect::<Result<(), RequestError>>()?;
        Ok(listed.iter().map(|object| format!("{} {}", kind.kind, object.name_any())).collect())
    }
}
