//! What the cluster's events say about an object that does not do what it should.

use std::time::Duration;

use k8s_openapi::api::core::v1::Event;
use kube::Api;
use kube::api::ListParams;

use super::Cause;
use crate::cluster::Cluster;
use crate::testbed::Unusable;
use crate::testbed::kubernetes::KubernetesTestbed;

impl KubernetesTestbed {
    /// Adds the last warning about `object` to a reason that does not explain itself, if there is
    /// one and the user may read it.
    pub(in crate::testbed::kubernetes) async fn with_warning(
        &self,
        object: &str,
        unusable: Unusable,
        cause: Cause,
    ) -> Unusable {
        if cause != Cause::TimedOut {
            return unusable;
        }
        match self.last_warning(object).await {
            Some(message) => unusable.reworded(|reason| format!("{reason}: {message}")),
            None => unusable,
        }
    }

    /// Waits until there is a warning about `object`, looking every `period`.
    pub(in crate::testbed::kubernetes) async fn first_warning(
        &self,
        object: &str,
        period: Duration,
    ) -> String {
        loop {
            tokio::time::sleep(period).await;
            if let Some(message) = self.last_warning(object).await {
                return message;
            }
        }
    }

    async fn last_warning(&self, object: &str) -> Option<String> {
        last_warning(&self.cluster, &self.scope.namespace(), object).await
    }
}

/// The last warning about an object, if there is one and the user may read it.
pub(crate) async fn last_warning(cluster: &Cluster, namespace: &str, object: &str) -> Option<String> {
    let api: Api<Event> = Api::namespaced(cluster.client.clone(), namespace);
    let warnings = ListParams::default().fields(&format!("involvedObject.name={object},type=Warning"));
    let events = cluster.call("list the events of an object", api.list(&warnings)).await;
    let mut events = events.ok()?.items;
    events.sort_by_key(|event| event.last_timestamp.as_ref().map(|time| time.0));
    events.pop()?.message
}
