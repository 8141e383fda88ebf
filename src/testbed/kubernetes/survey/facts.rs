//! What a cluster says of itself before anything is made: asked all at once.
//!
//! No answer is an error here: what this user may not know is not known.

use std::fmt::Debug;

use futures_util::future::{OptionFuture, join_all};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::{LimitRange, Namespace, Pod, ResourceQuota};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::Api;
use kube::api::ListParams;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::access::{Question, may};
use super::rights::{Needs, Reach, Right, rights};
use crate::cluster::{Cluster, RequestError};

/// An answer, or why there is none.
pub type Known<T> = Result<T, RequestError>;

/// What a cluster says of itself.
#[derive(Debug)]
pub struct Facts {
    /// All rights that the run needs, and which of them the user has.
    pub rights: Vec<Granted>,
    /// The namespace that was given; none for one of the run's own.
    pub given: Option<GivenNamespace>,
    /// All pods of the cluster, where they could hold a port of a node that the run needs.
    pub pods: Option<Known<Vec<Pod>>>,
    /// The cluster's PodSecurityPolicies: none from Kubernetes 1.25 on.
    pub security_policies: Known<Vec<SecurityPolicy>>,
}

/// How much is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// What is small, and told at once: for the start of a run.
    Start,
    /// Everything, the pods of all namespaces among it.
    All,
}

/// Whether the user has a right.
#[derive(Debug)]
pub struct Granted {
    /// The right.
    pub right: Right,
    /// The verbs of it that the user lacks.
    pub missing: Known<Vec<&'static str>>,
}

/// What is in a given namespace.
#[derive(Debug)]
pub struct GivenNamespace {
    /// The namespace itself, if there is one.
    pub namespace: Known<Option<Namespace>>,
    /// Its quotas.
    pub quotas: Known<Vec<ResourceQuota>>,
    /// Its limit ranges.
    pub limits: Known<Vec<LimitRange>>,
    /// Its network policies.
    pub policies: Known<Vec<NetworkPolicy>>,
}

/// A PodSecurityPolicy, as far as it matters here.
#[derive(Debug)]
pub struct SecurityPolicy {
    /// Its name.
    pub name: String,
    /// Whether it lets pods use the network of their nodes.
    pub host_network: bool,
    /// The ports of nodes that it lets pods use, from and to.
    pub host_ports: Vec<(u16, u16)>,
    /// Whether this user may use it.
    pub usable: Known<bool>,
}

/// Asks for all that tells whether a run with these needs is possible.
pub async fn facts(cluster: &Cluster, needs: &Needs, depth: Depth) -> Facts {
    let namespace = needs.namespace();
    let granted = rights(needs).into_iter().map(|right| granted(cluster, right, &namespace));
    let given = needs.given.as_deref().map(|name| Box::pin(given_namespace(cluster, name)));
    let wants_pods = depth == Depth::All && needs.settings.host_network();
    let pods = wants_pods.then_some(async {
        // from the server's cache: this is the one large list
        let parameters = ListParams::default().match_any();
        let api = Api::<Pod>::all(cluster.client.clone());
        cluster.call("list the pods of all namespaces", api.list(&parameters)).await.map(|list| list.items)
    });
    let (rights, given, pods, security_policies) = tokio::join!(
        join_all(granted),
        OptionFuture::from(given),
        OptionFuture::from(pods),
        Box::pin(security_policies(cluster, &namespace)),
    );
    Facts { rights, given, pods, security_policies }
}

async fn granted(cluster: &Cluster, right: Right, namespace: &str) -> Granted {
    let namespace = (right.reach == Reach::Namespace).then_some(namespace);
    let (group, resource) = (right.group, right.resource);
    let answers = right.verbs.iter().map(|&verb| async move {
        let question = Question { namespace, group, resource, name: None, verb };
        may(cluster, question).await.map(|allowed| (!allowed).then_some(verb))
    });
    let missing = join_all(answers).await.into_iter().filter_map(Result::transpose).collect();
    Granted { right, missing }
}

async fn given_namespace(cluster: &Cluster, name: &str) -> GivenNamespace {
    let api = Api::<Namespace>::all(cluster.client.clone());
    let (namespace, quotas, limits, policies) = tokio::join!(
        cluster.call(format!("read the namespace {name}"), api.get_opt(name)),
        list(cluster, name, "quotas"),
        list(cluster, name, "limit ranges"),
        list(cluster, name, "network policies"),
    );
    GivenNamespace { namespace, quotas, limits, policies }
}

async fn list<K>(cluster: &Cluster, namespace: &str, what: &str) -> Known<Vec<K>>
where
    K: kube::Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
{
    let api: Api<K> = Api::namespaced(cluster.client.clone(), namespace);
    let list = cluster.call(format!("list the {what}"), api.list(&ListParams::default())).await;
    list.map(|list| list.items)
}

/// Kubernetes has no such kind any more: these are the fields that matter.
#[derive(Deserialize)]
struct PolicyList {
    items: Vec<Policy>,
}

#[derive(Deserialize)]
struct Policy {
    metadata: PolicyMetadata,
    spec: PolicySpec,
}

#[derive(Deserialize)]
struct PolicyMetadata {
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PolicySpec {
    host_network: bool,
    host_ports: Vec<PortRange>,
}

#[derive(Deserialize)]
struct PortRange {
    min: u16,
    max: u16,
}

async fn security_policies(cluster: &Cluster, namespace: &str) -> Known<Vec<SecurityPolicy>> {
    let listed = cluster.call("list the PodSecurityPolicies", async {
        let request = http::Request::get("/apis/policy/v1beta1/podsecuritypolicies");
        let request = request.body(Vec::new()).map_err(kube::Error::HttpError)?;
        cluster.client.request::<PolicyList>(request).await
    });
    let listed = match listed.await {
        Ok(list) => list.items,
        Err(error) if error.is_not_found() => Vec::new(),
        Err(error) => return Err(error),
    };
    let asked = listed.into_iter().map(|Policy { metadata: PolicyMetadata { name }, spec }| async move {
        let question = Question {
            namespace: Some(namespace),
            group: "policy",
            resource: "podsecuritypolicies",
            name: Some(&name),
            verb: "use",
        };
        let usable = may(cluster, question).await;
        let host_ports = spec.host_ports.iter().map(|range| (range.min, range.max)).collect();
        SecurityPolicy { host_network: spec.host_network, host_ports, usable, name }
    });
    Ok(join_all(asked).await)
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

    /// Allows all but to watch pods.
    fn review(name: &str, body: &Value) -> Option<Answer> {
        let attributes = &body["spec"]["resourceAttributes"];
        let allowed = attributes["verb"] != "watch";
        name.contains("selfsubjectaccessreviews")
            .then(|| Answer::ok(&json!({"spec": body["spec"], "status": {"allowed": allowed}})))
    }

    #[tokio::test(start_paused = true)]
    async fn rights_are_asked_for_where_they_are_needed() {
        let asked = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let seen = std::sync::Arc::clone(&asked);
        let api = FakeApi::new(move |name, body| {
            let attributes = body["spec"]["resourceAttributes"].clone();
            if attributes["verb"] == "get" {
                seen.lock().unwrap().push(attributes);
            }
            review(name, body)
        });
        let facts = facts(&api.cluster(), &needs(settings(), None, ClientMode::Exec), Depth::All).await;
        let missing = facts.rights.iter().filter(|granted| !granted.missing.as_ref().unwrap().is_empty());
        let missing: Vec<_> = missing.map(|granted| granted.right.resource).collect();
        assert_eq!(missing, ["pods"]);
        assert!(facts.given.is_none() && facts.pods.is_none());
        assert!(facts.security_policies.unwrap().is_empty(), "a kind that is not there has no objects");
        let asked = asked.lock().unwrap();
        let exec = asked.iter().find(|attributes| attributes["subresource"] == "exec").unwrap();
        assert_eq!((&exec["resource"], &exec["namespace"]), (&json!("pods"), &json!("netbench-k3v9x2mq")));
        let namespaces = asked.iter().find(|attributes| attributes["resource"] == "namespaces").unwrap();
        assert_eq!(namespaces["namespace"], Value::Null);
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_not_be_seen_is_not_known() {
        let forbidden = include_str!("../../../../tests/fixtures/kubernetes/403-rbac-limited-user.json");
        let policies = json!({"items": [{"metadata": {"name": "lenient"},
            "spec": {"hostNetwork": true, "hostPorts": [{"min": 0, "max": 65535}]}}]});
        let api = FakeApi::new(move |name, body| match name {
            name if name.contains("podsecuritypolicies") => Some(Answer::ok(&policies)),
            name if name.starts_with("GET") => Some(Answer::refusal(forbidden)),
            name => review(name, body),
        });
        let settings = Settings { routes: over(&[Path::Host]), ..settings() };
        let facts =
            facts(&api.cluster(), &needs(settings, Some("team-a"), ClientMode::Job), Depth::All).await;
        let given = facts.given.unwrap();
        assert!(given.namespace.unwrap_err().is_forbidden() && given.quotas.unwrap_err().is_forbidden());
        assert!(facts.pods.unwrap().unwrap_err().is_forbidden());
        let policies = facts.security_policies.unwrap();
        assert!(policies[0].host_network && *policies[0].usable.as_ref().unwrap());
        assert_eq!(policies[0].host_ports, [(0, 65_535)]);
    }
}
