//! Removes what a run has created, and waits until it is gone.

use std::time::Duration;

use futures_util::future::join_all;
use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::ResourceExt;
use kube::api::DeleteParams;

use super::context::Context;
use super::leftovers::{Search, blockers, find};
use super::objects::{self, policy_name};
use super::pods::PodWatch;
use crate::cluster::{API_SERVER_OUTAGE, retry_transient};
use crate::testbed::TestbedError;

/// How long the removal may take before it is reported as stuck.
pub(super) const REMOVAL_LIMIT: Duration = Duration::from_secs(90);

/// How long pods may take to terminate before they are deleted without waiting for their nodes.
///
/// The namespace controller first looks for remaining contents after 5 seconds, and then ever less often:
/// pods that are gone by then save the second look. A dead node never confirms a termination.
pub(super) const GRACEFUL_LIMIT: Duration = Duration::from_millis(3500);

/// How long finding out what blocks a removal may take.
pub(super) const BLOCKERS_LIMIT: Duration = Duration::from_secs(10);

/// Removes what the run has created and does not keep. `pods` is none if the run has not started.
///
/// # Errors
/// The cluster refuses, or something is left after [`REMOVAL_LIMIT`].
pub(super) async fn stop(context: &Context, pods: Option<&PodWatch>) -> Result<(), TestbedError> {
    match tokio::time::timeout(REMOVAL_LIMIT, remove(context, pods)).await {
        Ok(removed) => removed,
        Err(_) => Err(TestbedError::Removal {
            namespace: context.scope.namespace(),
            seconds: REMOVAL_LIMIT.as_secs(),
            held_by: tokio::time::timeout(BLOCKERS_LIMIT, blockers(context)).await.unwrap_or_default(),
        }),
    }
}

async fn remove(context: &Context, pods: Option<&PodWatch>) -> Result<(), TestbedError> {
    let (cluster, scope) = (&context.cluster, &context.scope);
    // requests in flight may still create something
    context.requests.close();
    context.requests.wait().await;
    if context.settings.keep {
        // each client Job is deleted after its test
        if let Some(pods) = pods {
            pods.wait_until_clients_gone(&context.settings.session).await;
        }
        return Ok(());
    }
    // the scope first, so that the cluster completes the removal even if this process ends now; then the
    // rest, to speed it up
    retry_transient(API_SERVER_OUTAGE, || scope.delete(cluster)).await?;
    if let Some(pods) = pods {
        tokio::join!(delete_others(context), delete_pods(context, pods, 1));
        if tokio::time::timeout(GRACEFUL_LIMIT, pods.wait_until_gone()).await.is_err() {
            delete_pods(context, pods, 0).await;
            pods.wait_until_gone().await;
        }
    }
    Ok(retry_transient(API_SERVER_OUTAGE, || scope.wait_until_gone(cluster)).await?)
}

/// Deletes the existing pods. Errors are ignored: the deletion of the scope includes the pods, only later.
async fn delete_pods(context: &Context, pods: &PodWatch, grace_seconds: u32) {
    let (api, parameters) = (context.api::<Pod>(), DeleteParams::default().grace_period(grace_seconds));
    let names = pods.names();
    let delete = |name| context.cluster.call("delete a pod", api.delete(name, &parameters));
    join_all(names.iter().map(|name| delete(name))).await;
}

/// Deletes the Services and the `NetworkPolicy` of a run in a given namespace, where they would otherwise
/// wait for the garbage collector. Errors are ignored.
async fn delete_others(context: &Context) {
    if context.scope.given().is_none() {
        return;
    }
    let (cluster, settings, parameters) = (&context.cluster, &context.settings, DeleteParams::default());
    if settings.options.network_policy {
        let (api, name) = (context.api::<NetworkPolicy>(), policy_name(settings));
        let _ = cluster.call("delete the NetworkPolicy", api.delete(&name, &parameters)).await;
    }
    let api = context.api::<Service>();
    let services = context.nodes.iter().filter_map(|node| objects::service(settings, node, None));
    let names: Vec<String> = services.map(|service| service.name_any()).collect();
    let delete = |name| cluster.call("delete a Service", api.delete(name, &parameters));
    join_all(names.iter().map(|name| delete(name))).await;
}

/// What blocks the removal.
async fn blockers(context: &Context) -> Option<String> {
    let namespace = context.scope.namespace();
    let found = find(&context.cluster, Search::Whole, Some(&namespace)).await.ok()?;
    let is_own = |run: Option<&str>| run == Some(context.settings.run());
    let left = found.leftovers.into_iter().find(|leftover| is_own(leftover.run.as_deref()))?;
    blockers::blockers(&context.cluster, &namespace, &left.objects).await
}
