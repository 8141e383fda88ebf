//! What the user may do in the cluster.

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::api::PostParams;

use crate::cluster::{Cluster, RequestError};
use crate::options::ClientMode;

/// Exec with Jobs as its replacement (`Auto`) if the user may exec in `namespace`; Jobs otherwise, and if the cluster
/// does not answer.
///
/// A WebSocket is opened with GET, which older API servers check as `get` and newer ones as `create`: both
/// must be allowed.
pub async fn choose_client_mode(cluster: &Cluster, namespace: &str) -> ClientMode {
    let can_exec = async |verb| {
        let access = Access { namespace: Some(namespace), group: "", resource: "pods/exec", verb };
        is_allowed(cluster, access).await.unwrap_or(false)
    };
    let (get, create) = tokio::join!(can_exec("get"), can_exec("create"));
    if get && create { ClientMode::Auto } else { ClientMode::Job }
}

/// Whether the user may create Jobs in `namespace`; true if the cluster does not answer.
pub(in crate::testbed::kubernetes) async fn may_create_jobs(cluster: &Cluster, namespace: &str) -> bool {
    let access = Access { namespace: Some(namespace), group: "batch", resource: "jobs", verb: "create" };
    is_allowed(cluster, access).await.unwrap_or(true)
}

/// An action on a kind of object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Access<'a> {
    /// The namespace; none for the whole cluster.
    pub namespace: Option<&'a str>,
    /// The API group; empty for the core group.
    pub group: &'a str,
    /// The resource in the notation of RBAC rules: `pods`, `pods/exec`.
    pub resource: &'a str,
    pub verb: &'a str,
}

/// Whether the user has access.
pub(super) async fn is_allowed(cluster: &Cluster, access: Access<'_>) -> Result<bool, RequestError> {
    let Access { namespace, group, resource, verb } = access;
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
                ..ResourceAttributes::default()
            }),
            ..SelfSubjectAccessReviewSpec::default()
        },
        ..SelfSubjectAccessReview::default()
    };
    let api = cluster.all::<SelfSubjectAccessReview>();
    let parameters = PostParams::default();
    let answer = cluster.call("check the permissions of this user", api.create(&parameters, &review)).await?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}
