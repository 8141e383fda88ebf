//! Removes what a run has made, and waits until it is gone.

use std::time::Duration;

use futures_util::future::join_all;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::DeleteParams;

use super::pods::Pods;
use super::request::{Cluster, patiently};
use super::{KubernetesTestbed, Scope};
use crate::testbed::TestbedError;

/// How long the removal may take before it is said that it does not end.
const REMOVAL_LIMIT: Duration = Duration::from_secs(90);

/// How long pods may take to end in order before they are removed without waiting for their nodes.
///
/// A namespace's deletion looks for leftovers first after 5 seconds, and then ever more seldom: pods
/// that are gone by then spare it the second look. A node that is dead never confirms anything.
const ORDERLY_END: Duration = Duration::from_millis(3500);

/// How long an API server that is away is waited for.
const API_SERVER_AWAY: Duration = Duration::from_secs(60);

impl KubernetesTestbed {
    /// Removes what the run has made and is not to stay.
    pub(super) async fn remove(&self) -> Result<(), TestbedError> {
        let pods = self.made.get().map(|made| &made.pods);
        bounded(&self.scope, async {
            // requests on their way may still make something: they come first
            self.requests.close();
            self.requests.wait().await;
            if self.settings.keep {
                // its Jobs are deleted one by one, each when its test is over
                if let Some(pods) = pods {
                    pods.clients_gone(&self.settings.session).await;
                }
                return Ok(());
            }
            remove_scope(&self.cluster, &self.scope, pods).await
        })
        .await
    }
}

/// Removes a scope, with a limit in time.
pub(super) async fn remove_all(cluster: &Cluster, scope: &Scope, pods: &Pods) -> Result<(), TestbedError> {
    bounded(scope, remove_scope(cluster, scope, Some(pods))).await
}

async fn bounded(
    scope: &Scope,
    removal: impl Future<Output = Result<(), TestbedError>>,
) -> Result<(), TestbedError> {
    match tokio::time::timeout(REMOVAL_LIMIT, removal).await {
        Ok(ended) => ended,
        Err(_) => {
            Err(TestbedError::Removal { namespace: scope.namespace(), seconds: REMOVAL_LIMIT.as_secs() })
        }
    }
}

/// Removes the scope first, so that the cluster carries the removal through even if this process
/// ends now; then hastens it, pod by pod. An API server that is away for a while is waited for.
async fn remove_scope(cluster: &Cluster, scope: &Scope, pods: Option<&Pods>) -> Result<(), TestbedError> {
    patiently(API_SERVER_AWAY, || scope.delete(cluster)).await?;
    if let Some(pods) = pods {
        end_pods(cluster, scope, pods, 1).await;
        if tokio::time::timeout(ORDERLY_END, pods.gone()).await.is_err() {
            end_pods(cluster, scope, pods, 0).await;
            pods.gone().await;
        }
    }
    Ok(patiently(API_SERVER_AWAY, || scope.gone(cluster)).await?)
}

/// Deletes the pods that are there. That one cannot be deleted is no error: the scope's deletion
/// comes to it as well, only later.
async fn end_pods(cluster: &Cluster, scope: &Scope, pods: &Pods, grace_seconds: u32) {
    let api: Api<Pod> = Api::namespaced(cluster.client.clone(), &scope.namespace());
    let parameters = DeleteParams::default().grace_period(grace_seconds);
    let names = pods.names();
    let deletions = names.iter().map(|name| cluster.call("delete a pod", api.delete(name, &parameters)));
    join_all(deletions).await;
}
