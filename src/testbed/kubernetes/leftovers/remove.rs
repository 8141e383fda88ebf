//! Removes what a run has left, and waits until it is gone.

use std::time::Duration;

use futures_util::future::join_all;
use kube::api::DeleteParams;
use tokio::time::Instant;

use super::{Kind, Leftover, Object, Search, blockers, find};
use crate::cluster::{API_SERVER_OUTAGE, Cluster, RequestError, ok_if_gone, retry_transient};
use crate::testbed::TestbedError;
use crate::testbed::kubernetes::cleanup::{BLOCKERS_LIMIT, GRACEFUL_LIMIT, REMOVAL_LIMIT};

/// How often to check whether all objects are gone.
const POLL: Duration = Duration::from_millis(250);

impl Leftover {
    /// Removes all objects, including those that a running run creates meanwhile, and waits until they are
    /// gone.
    ///
    /// # Errors
    /// The cluster refuses, or something is left after [`REMOVAL_LIMIT`].
    pub async fn remove(&self, cluster: &Cluster) -> Result<(), TestbedError> {
        let begun = Instant::now();
        let mut left = self.objects.clone();
        loop {
            let grace_seconds = u32::from(begun.elapsed() < GRACEFUL_LIMIT);
            // a namespace is deleted with its contents; deleting the pods only speeds it up
            let needs_deletion = |object: &&Object| {
                !self.is_own_namespace() || matches!(object.kind, Kind::Namespace | Kind::Pod)
            };
            let deletions = left.iter().filter(needs_deletion);
            let deletions = deletions.map(|object| {
                retry_transient(API_SERVER_OUTAGE, move || delete(cluster, object, grace_seconds))
            });
            for deleted in join_all(deletions).await {
                deleted?;
            }
            tokio::time::sleep(POLL).await;
            left = retry_transient(API_SERVER_OUTAGE, || self.left(cluster)).await?;
            if left.is_empty() {
                return Ok(());
            }
            if begun.elapsed() > REMOVAL_LIMIT {
                let namespace = self.namespace.clone();
                let held_by = blockers::blockers(cluster, &namespace, &left);
                let held_by = tokio::time::timeout(BLOCKERS_LIMIT, held_by).await.unwrap_or_default();
                return Err(TestbedError::Removal { namespace, seconds: REMOVAL_LIMIT.as_secs(), held_by });
            }
        }
    }

    /// The objects that still exist.
    async fn left(&self, cluster: &Cluster) -> Result<Vec<Object>, RequestError> {
        let found = find(cluster, Search::Whole, Some(&self.namespace)).await?;
        let same = |leftover: &Leftover| leftover.run == self.run;
        Ok(found.leftovers.into_iter().find(same).map_or(Vec::new(), |leftover| leftover.objects))
    }
}

/// Deletes an object unless it is terminating. Only pods are deleted again: the second time without waiting
/// for a node that may be dead.
async fn delete(cluster: &Cluster, object: &Object, grace_seconds: u32) -> Result<(), RequestError> {
    if object.is_terminating && (object.kind != Kind::Pod || grace_seconds > 0) {
        return Ok(());
    }
    let namespace = (object.kind != Kind::Namespace).then_some(object.namespace.as_str());
    let api = cluster.dynamic(&object.kind.resource(), namespace);
    let parameters = match object.kind {
        Kind::Pod => DeleteParams::default().grace_period(grace_seconds),
        _ => DeleteParams::background(),
    };
    let place = namespace.map_or(String::new(), |namespace| format!(" in the namespace {namespace}"));
    let doing = format!("delete the {} {}{place}", object.kind.name(1), object.name);
    ok_if_gone(cluster.call(doing, api.delete(&object.name, &parameters)).await)
}
