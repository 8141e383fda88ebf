//! Removes what a run has made, and waits until it is gone.

use std::time::Duration;

use futures_util::future::join_all;
use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::api::DeleteParams;
use kube::{Api, ResourceExt};

use crate::cluster::{API_SERVER_AWAY, patiently};
use crate::testbed::TestbedError;
use crate::testbed::kubernetes::leftovers::blockers;
use crate::testbed::kubernetes::objects::policy_name;
use crate::testbed::kubernetes::pods::Pods;
use crate::testbed::kubernetes::{KubernetesTestbed, Search, find_leftovers, objects};

/// How long the removal may take before it is said that it does not end.
pub(super) const REMOVAL_LIMIT: Duration = Duration::from_secs(90);

/// How long pods may take to end in order before they are removed without waiting for their nodes.
///
/// A namespace's deletion looks for leftovers first after 5 seconds, and then ever more seldom: pods
/// that are gone by then spare it the second look. A node that is dead never confirms anything.
pub(super) const ORDERLY_END: Duration = Duration::from_millis(3500);

/// How long it may take to find out what holds what is left.
pub(super) const HELD_LIMIT: Duration = Duration::from_secs(10);

/// How often it is looked whether all is gone.
pub(super) const REMOVAL_POLL: Duration = Duration::from_millis(250);

impl KubernetesTestbed {
    /// Removes what the run has made and is not to stay.
    pub(in crate::testbed::kubernetes) async fn remove(&self) -> Result<(), TestbedError> {
        match tokio::time::timeout(REMOVAL_LIMIT, self.remove_unbounded()).await {
            Ok(ended) => ended,
            Err(_) => Err(TestbedError::Removal {
                namespace: self.scope.namespace(),
                seconds: REMOVAL_LIMIT.as_secs(),
                held_by: tokio::time::timeout(HELD_LIMIT, self.held_by()).await.unwrap_or_default(),
            }),
        }
    }

    async fn remove_unbounded(&self) -> Result<(), TestbedError> {
        let pods = self.made.get().map(|made| &made.pods);
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
        // the scope first, so that the cluster carries the removal through even if this process ends
        // now; then all is hastened. An API server that is away for a while is waited for.
        patiently(API_SERVER_AWAY, || self.scope.delete(&self.cluster)).await?;
        if let Some(pods) = pods {
            tokio::join!(self.delete_others(), self.end_pods(pods, 1));
            if tokio::time::timeout(ORDERLY_END, pods.gone()).await.is_err() {
                self.end_pods(pods, 0).await;
                pods.gone().await;
            }
        }
        Ok(patiently(API_SERVER_AWAY, || self.scope.gone(&self.cluster)).await?)
    }

    /// Deletes the pods that are there. That one cannot be deleted is no error: the scope's deletion
    /// comes to it as well, only later.
    async fn end_pods(&self, pods: &Pods, grace_seconds: u32) {
        let api: Api<Pod> = Api::namespaced(self.cluster.client.clone(), &self.scope.namespace());
        let parameters = DeleteParams::default().grace_period(grace_seconds);
        let names = pods.names();
        let deletions =
            names.iter().map(|name| self.cluster.call("delete a pod", api.delete(name, &parameters)));
        join_all(deletions).await;
    }

    /// Deletes the Services and the policy in somebody else's namespace, where nothing else hastens
    /// their end.
    async fn delete_others(&self) {
        if self.scope.given().is_none() {
            return;
        }
        if self.settings.options.network_policy {
            let api: Api<NetworkPolicy> =
                Api::namespaced(self.cluster.client.clone(), &self.scope.namespace());
            let (name, parameters) = (policy_name(&self.settings), DeleteParams::default());
            let deletion = api.delete(&name, &parameters);
            // what cannot be deleted here goes with the scope, only later
            let _ = self.cluster.call("delete the NetworkPolicy", deletion).await;
        }
        let api: Api<Service> = Api::namespaced(self.cluster.client.clone(), &self.scope.namespace());
        let parameters = DeleteParams::default();
        let service = |(index, node)| objects::service(&self.settings, index, node, None);
        let services = self.nodes.iter().enumerate().filter_map(service);
        let names: Vec<String> = services.map(|service| service.name_any()).collect();
        let deletions =
            names.iter().map(|name| self.cluster.call("delete a Service", api.delete(name, &parameters)));
        join_all(deletions).await;
    }

    /// What holds what is left.
    async fn held_by(&self) -> Option<String> {
        let namespace = self.scope.namespace();
        let found = find_leftovers(&self.cluster, Search::Whole, Some(&namespace)).await.ok()?;
        let of_run = |run: Option<&str>| run == Some(self.settings.run());
        let left = found.leftovers.into_iter().find(|leftover| of_run(leftover.run.as_deref()))?;
        blockers::by(&self.cluster, &namespace, &left.objects).await
    }
}
