//! Removes what a run has left, and waits until it is gone.

use futures_util::future::join_all;
use kube::Api;
use kube::api::DeleteParams;
use kube::core::DynamicObject;
use tokio::time::Instant;

use super::{Kind, Leftover, Object, Search, blockers, find};
use crate::cluster::{API_SERVER_AWAY, Cluster, RequestError, patiently};
use crate::testbed::TestbedError;
use crate::testbed::kubernetes::cleanup::{HELD_LIMIT, ORDERLY_END, REMOVAL_LIMIT, REMOVAL_POLL};

impl Leftover {
    /// Removes it, and waits until it is gone. What is made meanwhile by a run that is still going
    /// on is removed as well.
    ///
    /// # Errors
    /// The cluster refuses, or something does not go away.
    pub async fn remove(&self, cluster: &Cluster) -> Result<(), TestbedError> {
        let begun = Instant::now();
        let mut left = self.objects.clone();
        loop {
            let grace_seconds = u32::from(begun.elapsed() < ORDERLY_END);
            // a namespace takes all with it; its pods are only hastened
            let has_to_go = |object: &&Object| {
                !self.is_own_namespace() || matches!(object.kind, Kind::Namespace | Kind::Pod)
            };
            let deletions = left.iter().filter(has_to_go);
            let deletions = deletions
                .map(|object| patiently(API_SERVER_AWAY, move || delete(cluster, object, grace_seconds)));
            for deleted in join_all(deletions).await {
                deleted?;
            }
            tokio::time::sleep(REMOVAL_POLL).await;
            left = patiently(API_SERVER_AWAY, || self.left(cluster)).await?;
            if left.is_empty() {
                return Ok(());
            }
            if begun.elapsed() > REMOVAL_LIMIT {
                let namespace = self.namespace.clone();
                let held_by = blockers::by(cluster, &namespace, &left);
                let held_by = tokio::time::timeout(HELD_LIMIT, held_by).await.unwrap_or_default();
                return Err(TestbedError::Removal { namespace, seconds: REMOVAL_LIMIT.as_secs(), held_by });
            }
        }
    }

    /// What is left of it.
    async fn left(&self, cluster: &Cluster) -> Result<Vec<Object>, RequestError> {
        let found = find(cluster, Search::Whole, Some(&self.namespace)).await?;
        let same = |leftover: &Leftover| leftover.run == self.run;
        Ok(found.leftovers.into_iter().find(same).map_or(Vec::new(), |leftover| leftover.objects))
    }
}

/// Deletes an object; that it is gone, or going, is no error. Only pods are worth asking twice: the
/// second time without waiting for a node that may be dead.
async fn delete(cluster: &Cluster, object: &Object, grace_seconds: u32) -> Result<(), RequestError> {
    if object.is_going && (object.kind != Kind::Pod || grace_seconds > 0) {
        return Ok(());
    }
    let resource = object.kind.resource();
    let client = cluster.client.clone();
    let api: Api<DynamicObject> = match object.kind {
        Kind::Namespace => Api::all_with(client, &resource),
        _ => Api::namespaced_with(client, &object.namespace, &resource),
    };
    let parameters = match object.kind {
        Kind::Pod => DeleteParams::default().grace_period(grace_seconds),
        _ => DeleteParams::background(),
    };
    let doing =
        format!("delete the {} {} in the namespace {}", object.kind.name(1), object.name, object.namespace);
    match cluster.call(doing, api.delete(&object.name, &parameters)).await {
        Err(error) if error.is_not_found() || error.is_conflict() => Ok(()),
        other => other.map(drop),
    }
}
