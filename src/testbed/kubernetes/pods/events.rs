//! The cluster's events about an object.

use std::time::Duration;

use k8s_openapi::api::core::v1::Event;
use kube::api::ListParams;

use super::FailureCause;
use crate::cluster::Cluster;
use crate::testbed::Unusable;
use crate::testbed::kubernetes::context::Context;

/// The message of the last warning about an object, if there is one and the user may list events.
pub(crate) async fn last_warning(cluster: &Cluster, namespace: &str, object: &str) -> Option<String> {
    let api = cluster.namespaced::<Event>(namespace);
    let warnings = ListParams::default().fields(&format!("involvedObject.name={object},type=Warning"));
    let events = cluster.call(format!("list the events of {object}"), api.list(&warnings)).await;
    let mut events = events.ok()?.items;
    events.sort_by_key(|event| event.last_timestamp.as_ref().map(|time| time.0));
    events.pop()?.message
}

/// Waits for a warning about an object of the run, looking every `period`; the caller limits the time.
pub(in crate::testbed::kubernetes) async fn wait_for_warning(
    context: &Context,
    object: &str,
    period: Duration,
) -> String {
    loop {
        tokio::time::sleep(period).await;
        if let Some(message) = last_warning(&context.cluster, &context.scope.namespace(), object).await {
            return message;
        }
    }
}

/// Adds the last warning about an object of the run to a reason that its status does not explain.
pub(in crate::testbed::kubernetes) async fn with_warning(
    context: &Context,
    object: &str,
    unusable: Unusable,
    cause: FailureCause,
) -> Unusable {
    if cause != FailureCause::TimedOut {
        return unusable;
    }
    match last_warning(&context.cluster, &context.scope.namespace(), object).await {
        Some(message) => unusable.reworded(|reason| format!("{reason}: {message}")),
        None => unusable,
    }
}
