//! Removes what a run has made, and waits until it is gone.

use std::time::Duration;

use futures_util::future::join_all;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::DeleteParams;

use super::request::patiently;
use super::{KubernetesTestbed, Made};
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
    /// Removes the scope first, so that the cluster carries the removal through even if this
    /// process ends now; then hastens it, pod by pod. An API server that is away for a while is
    /// waited for.
    pub(super) async fn remove(&self) -> Result<(), TestbedError> {
        let removal = async {
            // requests on their way may still make something: they come first
            self.requests.close();
            self.requests.wait().await;
            patiently(API_SERVER_AWAY, || self.scope.delete(&self.cluster)).await?;
            if let Some(made) = self.made.get() {
                self.end_pods(made, 1).await;
                if tokio::time::timeout(ORDERLY_END, made.pods.gone()).await.is_err() {
                    self.end_pods(made, 0).await;
                    made.pods.gone().await;
                }
            }
            patiently(API_SERVER_AWAY, || self.scope.gone(&self.cluster)).await
        };
        match tokio::time::timeout(REMOVAL_LIMIT, removal).await {
            Ok(ended) => Ok(ended?),
            Err(_) => Err(TestbedError::Removal {
                namespace: self.scope.namespace(),
                seconds: REMOVAL_LIMIT.as_secs(),
            }),
        }
    }

    /// Deletes the pods that are there. That one cannot be deleted is no error: the scope's
    /// deletion comes to it as well, only later.
    async fn end_pods(&self, made: &Made, grace_seconds: u32) {
        let api: Api<Pod> = Api::namespaced(self.cluster.client.clone(), &self.scope.namespace());
        let parameters = DeleteParams::default().grace_period(grace_seconds);
        let names = made.pods.names();
        let deletions =
            names.iter().map(|name| self.cluster.call("delete a pod", api.delete(name, &parameters)));
        join_all(deletions).await;
    }
}
