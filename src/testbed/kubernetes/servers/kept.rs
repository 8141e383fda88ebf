//! Servers that stay after their run: whether there are any.

use std::collections::HashMap;
use std::fmt::Debug;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::{Pod, Service};
use kube::api::ListParams;
use kube::{Api, ResourceExt};
use serde::de::DeserializeOwned;

use super::suits;
use crate::cluster::Cluster;
use crate::testbed::kubernetes::objects::{KEPT, RUN_LABEL, Settings, is_same, server_pod, service};
use crate::testbed::kubernetes::{Chosen, Scope};

/// Whether an earlier run has left all that a run with these settings would start, and all of it is
/// alive. A user who may not look has nothing.
pub async fn has_kept(cluster: &Cluster, scope: &Scope, settings: &Settings, nodes: &[Chosen]) -> bool {
    if nodes.is_empty() {
        return false;
    }
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
    if !pods().all(|(network, index, node)| is_there(server_pod(&settings, index, network, node, None))) {
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
