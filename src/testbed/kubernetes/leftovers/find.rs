//! Finds what runs have left, in all namespaces or in one.

use futures_util::future::join_all;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod, Service};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::ResourceExt;
use kube::api::{ApiResource, ListParams};
use kube::core::{DynamicObject, Resource};

use super::{Kind, Leftover, Object, group};
use crate::cluster::objects::MANAGED_BY;
use crate::cluster::{Cluster, RequestError};
use crate::testbed::kubernetes::objects::{MANAGER, RUN_LABEL, scope_name};

/// The result of a search.
#[derive(Debug, Clone, Default)]
pub struct FoundLeftovers {
    /// The leftovers by run and namespace, the oldest first.
    pub leftovers: Vec<Leftover>,
    /// The kinds of objects that the user may not list in all namespaces, each with the only namespace in
    /// which they were listed, if any.
    pub restricted: Vec<(Kind, Option<String>)>,
}

impl Kind {
    pub(in crate::testbed::kubernetes) fn resource(self) -> ApiResource {
        match self {
            Self::Namespace => ApiResource::erase::<Namespace>(&()),
            Self::Job => ApiResource::erase::<Job>(&()),
            Self::Service => ApiResource::erase::<Service>(&()),
            Self::NetworkPolicy => ApiResource::erase::<NetworkPolicy>(&()),
            Self::ConfigMap => ApiResource::erase::<ConfigMap>(&()),
            Self::Pod => ApiResource::erase::<Pod>(&()),
        }
    }
}

/// How thoroughly to search for leftovers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Search {
    /// Only the kinds that show whether there are leftovers, from the cache of the API server, which may lag
    /// behind: cheap in clusters of any size.
    Glance,
    /// All kinds, in their current state.
    Whole,
}

impl Search {
    fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Glance => &[Kind::Namespace, Kind::ConfigMap, Kind::Pod],
            Self::Whole => &Kind::ALL,
        }
    }
}

/// Finds all objects with our label, in the namespace `only` or in all namespaces. Kinds that the user may not
/// list in all namespaces are searched for in the namespace of the kubeconfig.
///
/// # Errors
/// A request failed, or the user may not list any kind.
pub async fn find(
    cluster: &Cluster,
    search: Search,
    only: Option<&str>,
) -> Result<FoundLeftovers, RequestError> {
    let kinds = search.kinds();
    let answers = join_all(kinds.iter().map(|&kind| list(cluster, kind, search, only))).await;
    let (mut objects, mut restricted, mut refusal) = (Vec::new(), Vec::new(), None);
    for (&kind, answer) in kinds.iter().zip(answers) {
        match answer {
            Ok((found, None)) => objects.extend(found),
            Ok((found, Some(namespace))) => {
                objects.extend(found);
                restricted.push((kind, Some(namespace)));
            }
            Err(error) if error.is_forbidden() => {
                restricted.push((kind, None));
                refusal = Some(error);
            }
            Err(error) => return Err(error),
        }
    }
    let unseen = restricted.iter().filter(|(_, namespace)| namespace.is_none()).count();
    if let Some(refusal) = refusal.filter(|_| unseen == kinds.len()) {
        return Err(refusal);
    }
    let mut leftovers = group(objects);
    if let Some((_, searched)) = restricted.iter().find(|(kind, _)| *kind == Kind::Pod) {
        for leftover in &mut leftovers {
            leftover.can_list_pods = searched.as_ref() == Some(&leftover.namespace);
        }
    }
    Ok(FoundLeftovers { leftovers, restricted })
}

/// Lists the objects of one kind. Also returns the namespace to which the search had to be restricted.
async fn list(
    cluster: &Cluster,
    kind: Kind,
    search: Search,
    only: Option<&str>,
) -> Result<(Vec<Object>, Option<String>), RequestError> {
    let resource = kind.resource();
    let mut parameters = ListParams::default().labels(&format!("{MANAGED_BY}={MANAGER}"));
    if search == Search::Glance {
        parameters = parameters.match_any();
    }
    let mut namespace = only;
    if kind == Kind::Namespace
        && let Some(only) = namespace.take()
    {
        parameters = parameters.fields(&format!("metadata.name={only}"));
    }
    let list = async |namespace: Option<&str>| {
        let api = cluster.dynamic(&resource, namespace);
        let found = cluster.call(format!("list the {}", kind.name(2)), api.list(&parameters)).await?;
        Ok(found.items.iter().map(|object| read(kind, object)).filter(is_ours).collect())
    };
    match list(namespace).await {
        Err(error)
            if RequestError::is_forbidden(&error) && namespace.is_none() && kind != Kind::Namespace =>
        {
            let default = cluster.default_namespace();
            Ok((list(Some(default)).await?, Some(default.to_owned())))
        }
        found => Ok((found?, None)),
    }
}

/// Whether a run has created it. Labels may have been copied to a namespace that does not belong to a run:
/// then only objects in it may be ours.
fn is_ours(object: &Object) -> bool {
    object.kind != Kind::Namespace || object.run.as_deref().is_some_and(|run| object.name == scope_name(run))
}

fn read(kind: Kind, object: &DynamicObject) -> Object {
    let name = object.name_any();
    let phase = object.data.pointer("/status/phase").and_then(|phase| phase.as_str()).unwrap_or_default();
    Object {
        kind,
        namespace: if kind == Kind::Namespace {
            name.clone()
        } else {
            object.namespace().unwrap_or_default()
        },
        name,
        run: object.labels().get(RUN_LABEL).cloned(),
        created_at: object.meta().creation_timestamp.as_ref().map(|time| time.0),
        is_terminating: object.meta().deletion_timestamp.is_some(),
        is_alive: kind == Kind::Pod && !matches!(phase, "Succeeded" | "Failed"),
    }
}
