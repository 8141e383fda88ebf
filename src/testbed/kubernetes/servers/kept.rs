//! Whether an earlier run has kept the servers that a run needs.

use std::collections::HashMap;
use std::fmt::Debug;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::{Pod, Service};
use kube::ResourceExt;
use kube::api::ListParams;
use serde::de::DeserializeOwned;

use super::lives_for;
use crate::cluster::Cluster;
use crate::testbed::kubernetes::objects::{KEPT, RUN_LABEL, Settings, has_same_spec, server_pod, service};
use crate::testbed::kubernetes::pods::state::PodState;
use crate::testbed::kubernetes::{Chosen, Scope};

/// Whether an earlier run has kept all servers that a run with these settings needs, and all of them are
/// running. False if the user may not list them.
pub async fn has_kept(cluster: &Cluster, scope: &Scope, settings: &Settings, nodes: &[Chosen]) -> bool {
    if nodes.is_empty() {
        return false;
    }
    let settings = Settings { keep: true, ..settings.clone() };
    let kept: HashMap<String, Pod> = kept(cluster, scope).await;
    let is_kept = |wanted: Pod| {
        kept.get(&wanted.name_any()).is_some_and(|pod| {
            has_same_spec(pod, &wanted)
                && matches!(PodState::of(pod), PodState::Running { .. })
                && lives_for(pod, settings.server_deadline)
        })
    };
    let mut pods =
        settings.networks().into_iter().flat_map(|network| nodes.iter().map(move |node| (network, node)));
    if !pods.all(|(network, node)| is_kept(server_pod(&settings, node, network, None))) {
        return false;
    }
    let mut services = nodes.iter().filter_map(|node| service(&settings, node, None)).peekable();
    if services.peek().is_none() {
        return true;
    }
    let kept: HashMap<String, Service> = self::kept(cluster, scope).await;
    services.all(|wanted| kept.get(&wanted.name_any()).is_some_and(|found| has_same_spec(found, &wanted)))
}

/// The kept objects of one kind, by name.
async fn kept<K>(cluster: &Cluster, scope: &Scope) -> HashMap<String, K>
where
    K: kube::Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
{
    let api = cluster.namespaced::<K>(&scope.namespace());
    let parameters = ListParams::default().labels(&format!("{RUN_LABEL}={KEPT}"));
    let list = cluster.call("list kept servers", api.list(&parameters)).await;
    let items = list.map(|list| list.items).unwrap_or_default();
    items.into_iter().map(|object| (object.name_any(), object)).collect()
}
