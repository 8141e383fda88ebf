//! Looks for what runs have left, in all namespaces or in one.

use std::fmt::Debug;

use futures_util::future::join_all;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod, Service};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::api::{ApiResource, ListParams};
use kube::core::{DynamicObject, Resource};
use kube::{Api, ResourceExt};

use super::{Kind, Leftover, Object, group};
use crate::cluster::objects::MANAGED_BY;
use crate::cluster::{Cluster, RequestError};
use crate::testbed::kubernetes::objects::{MANAGER, RUN_LABEL, scope_name};

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// What each run has left, the oldest first.
    pub leftovers: Vec<Leftover>,
    /// The kinds of objects that the user may not look for everywhere, with where they were looked
    /// for instead; nowhere for none.
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

/// How thoroughly leftovers are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Search {
    /// Only what shows that there is something, and as the API server remembers it, which may be a
    /// moment ago: cheap in clusters of any size.
    Glance,
    /// Everything, as it is now.
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

/// Looks for what carries our label, in the namespace `only` or in all of them. Where the user may
/// not look everywhere, in the namespace of the kubeconfig.
///
/// # Errors
/// A request failed, or nothing at all may be looked for.
pub async fn find(cluster: &Cluster, search: Search, only: Option<&str>) -> Result<Found, RequestError> {
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
    if let Some((_, seen)) = restricted.iter().find(|(kind, _)| *kind == Kind::Pod) {
        for leftover in &mut leftovers {
            leftover.shows_pods = seen.as_ref() == Some(&leftover.namespace);
        }
    }
    Ok(Found { leftovers, restricted })
}

/// Lists the objects of one kind. Names the namespace to which the search had to be restricted.
async fn list(
    cluster: &Cluster,
    kind: Kind,
    search: Search,
    only: Option<&str>,
) -> Result<(Vec<Object>, Option<String>), RequestError> {
    let resource = kind.resource();
    let client = || cluster.client.clone();
    let doing = format!("look for {}", kind.name(2));
    let mut parameters = ListParams::default().labels(&format!("{MANAGED_BY}={MANAGER}"));
    if search == Search::Glance {
        parameters = parameters.match_any();
    }
    let list = async |api: Api<DynamicObject>, parameters: &ListParams| {
        let found = cluster.call(&doing, api.list(parameters)).await?;
        Ok(found.items.iter().map(|object| read(kind, object)).filter(is_ours).collect())
    };
    if kind == Kind::Namespace {
        if let Some(only) = only {
            parameters = parameters.fields(&format!("metadata.name={only}"));
        }
        return Ok((list(Api::all_with(client(), &resource), &parameters).await?, None));
    }
    let within = |namespace: &str| Api::namespaced_with(client(), namespace, &resource);
    if let Some(only) = only {
        return Ok((list(within(only), &parameters).await?, None));
    }
    let everywhere: Result<_, RequestError> = list(Api::all_with(client(), &resource), &parameters).await;
    match everywhere {
        Err(error) if error.is_forbidden() => {
            let namespace = cluster.client.default_namespace().to_owned();
            Ok((list(within(&namespace), &parameters).await?, Some(namespace)))
        }
        other => Ok((other?, None)),
    }
}

/// Whether it was made by a run. Labels may have been copied to a namespace of somebody's own,
/// which is none: only what is in it may be.
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
        is_going: object.meta().deletion_timestamp.is_some(),
        is_alive: kind == Kind::Pod && !matches!(phase, "Succeeded" | "Failed"),
    }
}
