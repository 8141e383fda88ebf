//! Servers that stay after their run: whether there are any, and their removal.

use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use kube::{Api, ResourceExt};

use super::objects::{self, KEPT, RUN_LABEL, Settings, server_pod};
use super::pods::Pods;
use super::request::Cluster;
use super::servers::suits;
use super::{Chosen, Scope, removal};
use crate::testbed::TestbedError;

/// Whether an earlier run has left all servers that a run with these settings would start, and
/// all of them are alive. A user who may not look has none.
pub async fn has_kept(cluster: &Cluster, scope: &Scope, settings: &Settings, nodes: &[Chosen]) -> bool {
    let api: Api<Pod> = Api::namespaced(cluster.client.clone(), &scope.namespace());
    let found = cluster.call("look for servers that stayed", api.list(&of_kept())).await;
    let found = found.map(|list| list.items).unwrap_or_default();
    if found.is_empty() {
        return false;
    }
    let settings = Settings { keep: true, ..settings.clone() };
    let is_there =
        |wanted: Pod| found.iter().any(|pod| pod.name_any() == wanted.name_any() && suits(pod, &wanted));
    settings.networks().into_iter().all(|network| {
        let mut pods =
            nodes.iter().enumerate().map(|(index, node)| server_pod(&settings, index, network, node, None));
        pods.all(is_there)
    })
}

fn of_kept() -> ListParams {
    ListParams::default().labels(&format!("{RUN_LABEL}={KEPT}"))
}

/// What a cleanup has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cleanup {
    /// Nothing.
    Nothing,
    /// Servers that stayed, which are gone now.
    Removed {
        /// How many pods there were.
        pods: usize,
        /// Where they were.
        namespace: String,
    },
}

/// Removes the servers that earlier runs have left, in the namespace `given` or in the one that is
/// theirs, and waits until they are gone.
///
/// # Errors
/// The cluster refuses, or they do not go away.
pub async fn cleanup(cluster: &Cluster, given: Option<String>) -> Result<Cleanup, TestbedError> {
    let scope = Scope::kept(given, false);
    if !scope.is_there(cluster).await? {
        return Ok(Cleanup::Nothing);
    }
    scope.adopt();
    let namespace = scope.namespace();
    let api: Api<Pod> = Api::namespaced(cluster.client.clone(), &namespace);
    let found = cluster.call("list the servers that stayed", api.list(&of_kept())).await?;
    let pods = Pods::watch(api, objects::KEPT);
    removal::remove_all(cluster, &scope, &pods).await?;
    Ok(Cleanup::Removed { pods: found.items.len(), namespace })
}
