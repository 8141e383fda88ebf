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
    last(cluster, namespace, object, ",type=Warning").await?.message
}

/// The last event about an object, of those that more field selectors match.
async fn last(cluster: &Cluster, namespace: &str, object: &str, fields: &str) -> Option<Event> {
    let api = cluster.namespaced::<Event>(namespace);
    let events = ListParams::default().fields(&format!("involvedObject.name={object}{fields}"));
    let events = cluster.call(format!("list the events of {object}"), api.list(&events)).await;
    events.ok()?.items.into_iter().max_by_key(|event| event.last_timestamp.as_ref().map(|time| time.0))
}

/// Waits until a pod of the run has been starting for `patience`, and the last event about it is a warning, such as
/// that a volume cannot be mounted: the image is not being pulled then.
pub(in crate::testbed::kubernetes) async fn wait_for_obstacle(
    context: &Context,
    pod: &str,
    patience: Duration,
) -> Unusable {
    tokio::time::sleep(patience).await;
    loop {
        let event = last(&context.cluster, &context.scope.namespace(), pod, "").await;
        if let Some(Event { message: Some(message), .. }) =
            event.filter(|of| of.type_.as_deref() == Some("Warning"))
        {
            let seconds = patience.as_secs();
            return Unusable::because(format!("the pod is not running after {seconds} seconds: {message}"));
        }
        tokio::time::sleep(OBSTACLE_PERIOD).await;
    }
}

/// How often to look for an obstacle.
const OBSTACLE_PERIOD: Duration = Duration::from_secs(5);

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
