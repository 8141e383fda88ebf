//! What the user may do in the cluster.

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::Api;
use kube::api::PostParams;

use super::ClientWay;
use super::request::{Cluster, RequestError};

/// Exec where the user may exec in `namespace`, a Job otherwise, and where the cluster does not say.
///
/// A WebSocket is opened with GET, which older API servers check as `get` and newer ones as
/// `create`: both are asked for.
pub async fn choose_client_way(cluster: &Cluster, namespace: &str) -> ClientWay {
    let (get, create) =
        tokio::join!(may_exec(cluster, namespace, "get"), may_exec(cluster, namespace, "create"));
    if get.unwrap_or(false) && create.unwrap_or(false) { ClientWay::Exec } else { ClientWay::Job }
}

async fn may_exec(cluster: &Cluster, namespace: &str, verb: &str) -> Result<bool, RequestError> {
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(ResourceAttributes {
                namespace: Some(namespace.to_owned()),
                verb: Some(verb.to_owned()),
                resource: Some("pods".to_owned()),
                subresource: Some("exec".to_owned()),
                ..ResourceAttributes::default()
            }),
            ..SelfSubjectAccessReviewSpec::default()
        },
        ..SelfSubjectAccessReview::default()
    };
    let api = Api::<SelfSubjectAccessReview>::all(cluster.client.clone());
    let answer =
        cluster.call("ask for the right to exec", api.create(&PostParams::default(), &review)).await?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}
