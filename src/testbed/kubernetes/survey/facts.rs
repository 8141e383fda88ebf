//! What a cluster reports before anything is created, in concurrent requests.
//!
//! A request that fails is no error here: what the user may not read is unknown.

use std::fmt::Debug;

use futures_util::future::{OptionFuture, join_all};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::{Namespace, Pod, ResourceQuota};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::api::ListParams;
use serde::de::DeserializeOwned;

use super::access::{Access, is_allowed};
use super::permissions::{Necessity, Needs, Permission, Reach, required_permissions};
use crate::cluster::{Cluster, RequestError};
use crate::document::Failure;
use crate::options::ClientMode;

/// A fact, or why it is unknown.
pub type Known<T> = Result<T, RequestError>;

/// What a cluster reports before a run.
#[derive(Debug)]
pub struct Facts {
    /// All permissions that the run needs, and which of them the user has.
    pub permissions: Vec<PermissionCheck>,
    /// The given namespace; none for a namespace of the run's own.
    pub given: Option<GivenNamespace>,
    /// All pods of the cluster, if they could use a host port that the run needs.
    pub pods: Option<Known<Vec<Pod>>>,
    /// Whether exec works; none if there is no pod of ours to try it in.
    pub exec: Option<Result<(), Failure>>,
}

/// How much to request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Only what is small and fast, for the start of a run.
    Start,
    /// Everything, including the pods of all namespaces.
    All,
}

/// Whether the user has a permission.
#[derive(Debug)]
pub struct PermissionCheck {
    /// The permission.
    pub permission: Permission,
    /// The verbs that the user lacks.
    pub missing: Known<Vec<&'static str>>,
}

/// A given namespace, and the contents that restrict the pods of a run together.
#[derive(Debug)]
pub struct GivenNamespace {
    /// The namespace itself, if there is one.
    pub namespace: Known<Option<Namespace>>,
    /// Its quotas.
    pub quotas: Known<Vec<ResourceQuota>>,
    /// Its network policies.
    pub policies: Known<Vec<NetworkPolicy>>,
}

/// Whether the clients of a run run as Jobs: `Auto` prefers exec.
pub fn has_client_jobs(client_mode: ClientMode, permissions: &[PermissionCheck]) -> bool {
    match client_mode {
        ClientMode::Job => true,
        ClientMode::Exec | ClientMode::Process => false,
        ClientMode::Auto => is_needed(Necessity::InsteadOfExec, permissions),
    }
}

/// Whether a run uses a permission of this necessity: those for Jobs only matter where exec is not permitted.
pub fn is_needed(necessity: Necessity, permissions: &[PermissionCheck]) -> bool {
    necessity != Necessity::InsteadOfExec || !may_exec(permissions)
}

/// Whether the user may start clients via exec.
fn may_exec(permissions: &[PermissionCheck]) -> bool {
    let exec = permissions.iter().find(|check| check.permission.resource == "pods/exec");
    exec.is_some_and(|check| check.missing.as_ref().is_ok_and(Vec::is_empty))
}

/// Requests all facts that decide whether a run with these needs is possible.
pub async fn facts(cluster: &Cluster, needs: &Needs, depth: Depth) -> Facts {
    let namespace = needs.namespace();
    let check =
        required_permissions(needs).into_iter().map(|permission| check(cluster, permission, &namespace));
    let given = needs.given.as_deref().map(|name| Box::pin(given_namespace(cluster, name)));
    let wants_pods = depth == Depth::All && needs.settings.host_network();
    let pods = wants_pods.then_some(async {
        // from the cache of the API server: this is the only large list
        let (api, parameters) = (cluster.all::<Pod>(), ListParams::default().match_any());
        cluster.call("list the pods of all namespaces", api.list(&parameters)).await.map(|list| list.items)
    });
    let (permissions, given, pods) =
        tokio::join!(join_all(check), OptionFuture::from(given), OptionFuture::from(pods));
    Facts { permissions, given, pods, exec: None }
}

async fn check(cluster: &Cluster, permission: Permission, namespace: &str) -> PermissionCheck {
    let namespace = (permission.reach == Reach::Namespace).then_some(namespace);
    let (group, resource) = (permission.group, permission.resource);
    let answers = permission.verbs.iter().map(|&verb| async move {
        let access = Access { namespace, group, resource, verb };
        is_allowed(cluster, access).await.map(|allowed| (!allowed).then_some(verb))
    });
    let missing = join_all(answers).await.into_iter().filter_map(Result::transpose).collect();
    PermissionCheck { permission, missing }
}

async fn given_namespace(cluster: &Cluster, name: &str) -> GivenNamespace {
    let api = cluster.all::<Namespace>();
    let (namespace, quotas, policies) = tokio::join!(
        cluster.call(format!("get the namespace {name}"), api.get_opt(name)),
        list(cluster, name, "ResourceQuotas"),
        list(cluster, name, "NetworkPolicies"),
    );
    GivenNamespace { namespace, quotas, policies }
}

async fn list<K>(cluster: &Cluster, namespace: &str, kinds: &str) -> Known<Vec<K>>
where
    K: kube::Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
{
    let api = cluster.namespaced::<K>(namespace);
    let list = cluster.call(format!("list the {kinds}"), api.list(&ListParams::default())).await;
    list.map(|list| list.items)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::fake_api::{Answer, FakeApi};
    use crate::document::Path;
    use crate::options::ClientMode;
    use crate::testbed::kubernetes::Settings;
    use crate::testbed::kubernetes::objects::fixtures::{needs, over, settings};
    use serde_json::{Value, json};

    /// Allows everything except for `watch`.
    fn review(name: &str, body: &Value) -> Option<Answer> {
        let attributes = &body["spec"]["resourceAttributes"];
        let allowed = attributes["verb"] != "watch";
        name.contains("selfsubjectaccessreviews")
            .then(|| Answer::ok(&json!({"spec": body["spec"], "status": {"allowed": allowed}})))
    }

    #[tokio::test(start_paused = true)]
    async fn access_is_reviewed_in_the_scope_that_needs_it() {
        let reviewed = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let seen = std::sync::Arc::clone(&reviewed);
        let api = FakeApi::new(move |name, body| {
            let attributes = body["spec"]["resourceAttributes"].clone();
            if attributes["verb"] == "get" {
                seen.lock().unwrap().push(attributes);
            }
            review(name, body)
        });
        let facts = facts(&api.cluster(), &needs(settings(), None, ClientMode::Exec), Depth::All).await;
        let missing = facts.permissions.iter().filter(|check| !check.missing.as_ref().unwrap().is_empty());
        let missing: Vec<_> = missing.map(|check| check.permission.resource).collect();
        assert_eq!(missing, ["pods"]);
        assert!(facts.given.is_none() && facts.pods.is_none());
        let reviewed = reviewed.lock().unwrap();
        let exec = reviewed.iter().find(|attributes| attributes["subresource"] == "exec").unwrap();
        assert_eq!((&exec["resource"], &exec["namespace"]), (&json!("pods"), &json!("netbench-k3v9x2mq")));
        let namespaces = reviewed.iter().find(|attributes| attributes["resource"] == "namespaces").unwrap();
        assert_eq!(namespaces["namespace"], Value::Null);
    }

    #[tokio::test(start_paused = true)]
    async fn refused_requests_leave_facts_unknown() {
        let forbidden = include_str!("../../../../tests/fixtures/kubernetes/403-rbac-limited-user.json");
        let api = FakeApi::new(move |name, body| match name {
            name if name.starts_with("GET") => Some(Answer::refusal(forbidden)),
            name => review(name, body),
        });
        let settings = Settings { routes: over(&[Path::Host]), ..settings() };
        let facts =
            facts(&api.cluster(), &needs(settings, Some("team-a"), ClientMode::Job), Depth::All).await;
        let given = facts.given.unwrap();
        assert!(given.namespace.unwrap_err().is_forbidden() && given.quotas.unwrap_err().is_forbidden());
        assert!(facts.pods.unwrap().unwrap_err().is_forbidden());
    }
}
