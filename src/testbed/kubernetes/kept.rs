//! Servers that stay after their run: whether there are any, and their removal.

use std::collections::HashMap;
use std::fmt::Debug;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::{Pod, Service};
use kube::api::ListParams;
use kube::{Api, ResourceExt};
use serde::de::DeserializeOwned;

use super::objects::{self, KEPT, RUN_LABEL, Settings, is_same, server_pod, service};
use super::pods::Pods;
use super::request::Cluster;
use super::servers::suits;
use super::{Chosen, Scope, removal};
use crate::testbed::TestbedError;

/// Whether an earlier run has left all that a run with these settings would start, and all of it is
/// alive. A user who may not look has nothing.
pub async fn has_kept(cluster: &Cluster, scope: &Scope, settings: &Settings, nodes: &[Chosen]) -> bool {
    let settings = Settings { keep: true, ..settings.clone() };
    let nodes = || nodes.iter().enumerate();
    let found: HashMap<String, Pod> = found(cluster, scope).await;
    let is_there = |wanted: Pod| {
        let found = found.get(&wanted.name_any());
        found.is_some_and(|found| suits(found, &wanted, settings.server_deadline))
    };
    let pods = || {
        let of_network = |network| nodes().map(move |(index, node)| (network, index, node));
        settings.networks().into_iter().flat_map(of_network)
    };
    if found.is_empty()
        || !pods().all(|(network, index, node)| is_there(server_pod(&settings, index, network, node, None)))
    {
        return false;
    }
    let mut services = nodes().filter_map(|(index, node)| service(&settings, index, node, None)).peekable();
    if services.peek().is_none() {
        return true;
    }
    let found: HashMap<String, Service> = self::found(cluster, scope).await;
    services.all(|wanted| found.get(&wanted.name_any()).is_some_and(|found| is_same(found, &wanted)))
}

/// The objects of one kind that earlier runs have left, by name.
async fn found<K>(cluster: &Cluster, scope: &Scope) -> HashMap<String, K>
where
    K: kube::Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
{
    let api: Api<K> = Api::namespaced(cluster.client.clone(), &scope.namespace());
    let list = cluster.call("look for servers that stayed", api.list(&of_kept())).await;
    let items = list.map(|list| list.items).unwrap_or_default();
    items.into_iter().map(|object| (object.name_any(), object)).collect()
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
