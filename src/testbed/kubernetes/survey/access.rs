//! What the user may do in the cluster.

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::Api;
use kube::api::PostParams;

use crate::cluster::{Cluster, RequestError};
use crate::options::ClientMode;

/// Exec where the user may exec in `namespace`, a Job otherwise, and where the cluster does not say.
///
/// A WebSocket is opened with GET, which older API servers check as `get` and newer ones as
/// `create`: both are asked for.
pub async fn choose_client_mode(cluster: &Cluster, namespace: &str) -> ClientMode {
    let (get, create) =
        tokio::join!(may_exec(cluster, namespace, "get"), may_exec(cluster, namespace, "create"));
    if get.unwrap_or(false) && create.unwrap_or(false) { ClientMode::Exec } else { ClientMode::Job }
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'a> {
    /// The namespace; none for the whole cluster.
    pub namespace: Option<&'a str>,
    /// The API group; empty for the core's.
    pub group: &'a str,
    /// The resource as rules name it: `pods`, `pods/exec`.
    pub resource: &'a str,
    /// One object, if not all of them are meant.
    pub name: Option<&'a str>,
    /// The verb.
    pub verb: &'a str,
}

async fn may_exec(cluster: &Cluster, namespace: &str, verb: &str) -> Result<bool, RequestError> {
    let namespace = Some(namespace);
    may(cluster, Question { namespace, group: "", resource: "pods/exec", name: None, verb }).await
}

/// Whether the user may do something.
pub(super) async fn may(cluster: &Cluster, question: Question<'_>) -> Result<bool, RequestError> {
    let Question { namespace, group, resource, name, verb } = question;
    let (resource, subresource) = match resource.split_once('/') {
        Some((resource, subresource)) => (resource, Some(subresource)),
        None => (resource, None),
    };
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(ResourceAttributes {
                namespace: namespace.map(str::to_owned),
                verb: Some(verb.to_owned()),
                group: Some(group.to_owned()),
                resource: Some(resource.to_owned()),
                subresource: subresource.map(str::to_owned),
                name: name.map(str::to_owned),
                ..ResourceAttributes::default()
            }),
            ..SelfSubjectAccessReviewSpec::default()
        },
        ..SelfSubjectAccessReview::default()
    };
    let api = Api::<SelfSubjectAccessReview>::all(cluster.client.clone());
    let answer =
        cluster.call("ask what this user may do", api.create(&PostParams::default(), &review)).await?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}
