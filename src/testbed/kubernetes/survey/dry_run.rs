//! Creates objects of a run in a dry run, so that the API server applies all of its admission control: what
//! policies, quotas and webhooks would do to an object cannot be derived from what a user may read.

use std::fmt;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod, Service};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::api::PostParams;
use kube::{Api, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::facts::Known;
use super::permissions::Needs;
use crate::cluster::hardened::Relaxation;
use crate::cluster::{Cluster, Rejection, RequestError, ok_if_exists, retry};
use crate::testbed::kubernetes::nodes::Chosen;
use crate::testbed::kubernetes::objects::{self, Network, Settings};
use crate::testbed::kubernetes::servers::{ACCOUNT_LIMIT, ACCOUNT_PAUSE, is_account_missing};

/// Which objects to create in a dry run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DryRunScope {
    /// The server pods in a given namespace, for the start of a run. Nothing without a given namespace.
    Servers,
    /// One object of each kind. Without a given namespace, those of a namespace are limited to pods, in the
    /// namespace of the kubeconfig context.
    All {
        /// Whether clients run as Jobs.
        client_jobs: bool,
    },
}

/// An object that is created in a dry run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DryRunObject {
    /// The run's own namespace.
    Namespace,
    /// The owner of all objects in a given namespace.
    ConfigMap,
    /// A pod with servers.
    ServerPod(Network),
    /// A Job with a client.
    ClientJob,
    /// A pod of such a Job.
    ClientPod,
    /// A Service in front of servers.
    Service,
    /// The policy that admits only the run's own clients.
    NetworkPolicy,
}

impl fmt::Display for DryRunObject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Namespace => "Namespace",
            Self::ConfigMap => "ConfigMap",
            Self::ServerPod(Network::Pod) => "server pod",
            Self::ServerPod(Network::Host) => "server pod on the host network",
            Self::ClientJob => "client Job",
            Self::ClientPod => "client pod",
            Self::Service => "Service",
            Self::NetworkPolicy => "NetworkPolicy",
        })
    }
}

/// The response for one object.
#[derive(Debug)]
pub struct DryRun {
    /// The object.
    pub object: DryRunObject,
    /// The pod as it was sent; none for other objects.
    pub sent: Option<Pod>,
    /// The pod as it would be stored; none for other objects, and if there is a pod of this name.
    pub answer: Known<Option<Pod>>,
}

/// The responses for the objects of a run.
#[derive(Debug, Default)]
pub struct DryRuns {
    /// The namespace of the objects.
    pub namespace: String,
    /// The responses; none without a usable node.
    pub answers: Vec<DryRun>,
}

impl DryRuns {
    /// The pod as it would be stored, if it was admitted.
    pub fn admitted(&self, object: DryRunObject) -> Option<&Pod> {
        self.answers.iter().find(|dry_run| dry_run.object == object)?.answer.as_ref().ok()?.as_ref()
    }

    /// The objects that were rejected.
    pub fn rejected(&self) -> impl Iterator<Item = (DryRunObject, Rejection, &RequestError)> {
        self.answers.iter().filter_map(|dry_run| {
            let error = dry_run.answer.as_ref().err()?;
            Some((dry_run.object, error.rejection()?, error))
        })
    }
}

/// Creates objects of a run with these needs in a dry run, those of a node on the first usable one of
/// `nodes`.
pub async fn dry_runs(cluster: &Cluster, needs: &Needs, nodes: &[Chosen], scope: DryRunScope) -> DryRuns {
    let settings = &needs.settings;
    let namespace = needs.given.as_deref().unwrap_or(cluster.default_namespace());
    let usable = nodes.iter().find(|node| node.unusable.is_none());
    let Some(node) = usable.filter(|_| needs.given.is_some() || scope != DryRunScope::Servers) else {
        return DryRuns::default();
    };
    let networks = settings.networks();
    let mut requests: Vec<BoxFuture<'_, DryRun>> = Vec::new();
    let (run, options) = (settings.run(), &settings.options.objects);
    if scope != DryRunScope::Servers {
        requests.push(if needs.given.is_some() {
            let api = cluster.namespaced::<ConfigMap>(namespace);
            create_object(cluster, api, DryRunObject::ConfigMap, objects::owner(run, options)).boxed()
        } else {
            let object = objects::namespace(run, settings.pod_security(), options);
            create_object(cluster, cluster.all::<Namespace>(), DryRunObject::Namespace, object).boxed()
        });
    }
    let pods = || Pods { cluster, settings, api: cluster.namespaced(namespace) };
    for &network in &networks {
        let pod = objects::server_pod(settings, node, network, None);
        requests.push(pods().create(DryRunObject::ServerPod(network), pod).boxed());
    }
    if let (DryRunScope::All { client_jobs: true }, Some(&network)) = (scope, networks.first()) {
        let program = settings.processes.throughput.engine.program().to_owned();
        let job = objects::client_job(settings, 1, network, node, vec![program], None);
        requests.push(pods().create(DryRunObject::ClientPod, objects::pod_of_job(job.clone())).boxed());
        if needs.given.is_some() {
            let api = cluster.namespaced::<Job>(namespace);
            requests.push(create_object(cluster, api, DryRunObject::ClientJob, job).boxed());
        }
    }
    if scope != DryRunScope::Servers && needs.given.is_some() {
        if let Some(service) = objects::service(settings, node, None) {
            let api = cluster.namespaced::<Service>(namespace);
            requests.push(create_object(cluster, api, DryRunObject::Service, service).boxed());
        }
        if let Some(policy) = objects::network_policy(settings, nodes, None) {
            let api = cluster.namespaced::<NetworkPolicy>(namespace);
            requests.push(create_object(cluster, api, DryRunObject::NetworkPolicy, policy).boxed());
        }
    }
    DryRuns { namespace: namespace.to_owned(), answers: join_all(requests).await }
}

/// Creates the server pod of a node in a dry run.
///
/// # Errors
/// The pod would be rejected, or the request failed.
pub(in crate::testbed::kubernetes) async fn dry_run_server(
    cluster: &Cluster,
    namespace: &str,
    settings: &Settings,
    node: &Chosen,
    network: Network,
) -> Result<(), RequestError> {
    let pods = Pods { cluster, settings, api: cluster.namespaced(namespace) };
    let pod = objects::server_pod(settings, node, network, None);
    pods.create(DryRunObject::ServerPod(network), pod).await.answer.map(drop)
}

/// Creates pods in a namespace, in a dry run.
struct Pods<'a> {
    cluster: &'a Cluster,
    settings: &'a Settings,
    api: Api<Pod>,
}

impl Pods<'_> {
    async fn create(self, object: DryRunObject, pod: Pod) -> DryRun {
        // the default account of a new namespace is created a moment later; any other one exists or does not
        let is_default = self.settings.options.objects.service_account.is_none();
        let is_transient = |error: &RequestError| is_default && is_account_missing(error);
        let relaxed = |relaxation: Relaxation| Pod {
            spec: pod.spec.clone().map(|spec| relaxation.apply(spec)),
            ..pod.clone()
        };
        let create = async |relaxation| {
            let pod = relaxed(relaxation);
            let create = || create(self.cluster, &self.api, object, &pod);
            retry(ACCOUNT_LIMIT, ACCOUNT_PAUSE, is_transient, create).await
        };
        // a run leaves the same to the cluster
        let (relaxation, answer) = Relaxation::default().during(create).await;
        DryRun { object, sent: Some(relaxed(relaxation)), answer }
    }
}

async fn create_object<K>(cluster: &Cluster, api: Api<K>, object: DryRunObject, resource: K) -> DryRun
where
    K: Resource + Clone + fmt::Debug + Serialize + DeserializeOwned,
{
    let answer = create(cluster, &api, object, &resource).await.map(|_| None);
    DryRun { object, sent: None, answer }
}

/// Creates an object in a dry run. If there is one of this name, which the API server finds out after
/// admission control, the object is admitted, too.
async fn create<K>(
    cluster: &Cluster,
    api: &Api<K>,
    object: DryRunObject,
    resource: &K,
) -> Result<Option<K>, RequestError>
where
    K: Resource + Clone + fmt::Debug + Serialize + DeserializeOwned,
{
    let parameters = PostParams { dry_run: true, ..PostParams::default() };
    let operation = format!("create the {object} in a dry run");
    ok_if_exists(cluster.call(operation, api.create(&parameters, resource)).await)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::fake_api::{Answer, FakeApi};
    use crate::document::Path;
    use crate::options::{ClientMode, PodOptions};
    use crate::testbed::kubernetes::Settings;
    use crate::testbed::kubernetes::objects::fixtures::{chosen, needs, over, settings};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::time::Instant;

    /// The paths of the requests, without their common prefix and parameters.
    fn paths(api: &FakeApi) -> Vec<String> {
        let path = |request: String| {
            assert!(request.starts_with("POST ") && request.ends_with("dryRun=All"), "{request}");
            let (path, _) = request.split_once('?').unwrap();
            path.trim_start_matches("POST /api").trim_start_matches('s').to_owned()
        };
        let mut paths: Vec<String> = api.requests("").into_iter().map(path).collect();
        paths.sort_unstable();
        paths
    }

    fn all_paths() -> Settings {
        let options = PodOptions { network_policy: true, ..PodOptions::default() };
        Settings { routes: over(&[Path::Pod, Path::Service, Path::Host]), options, ..settings() }
    }

    #[tokio::test(start_paused = true)]
    async fn one_object_of_each_kind_is_created_in_a_given_namespace() {
        let api = FakeApi::new(|_, _| None);
        let needs = needs(all_paths(), Some("team-a"), ClientMode::Job);
        let scope = DryRunScope::All { client_jobs: true };
        let dry_runs = dry_runs(&api.cluster(), &needs, &["node-1", "node-2"].map(chosen), scope).await;
        let namespaced = [
            "/batch/v1/namespaces/team-a/jobs",
            "/networking.k8s.io/v1/namespaces/team-a/networkpolicies",
            "/v1/namespaces/team-a/configmaps",
            "/v1/namespaces/team-a/pods",
            "/v1/namespaces/team-a/pods",
            "/v1/namespaces/team-a/pods",
            "/v1/namespaces/team-a/services",
        ];
        assert_eq!(paths(&api), namespaced);
        assert!(dry_runs.answers.iter().all(|dry_run| dry_run.answer.is_ok()));
        let client = dry_runs.admitted(DryRunObject::ClientPod).unwrap();
        assert_eq!(client.metadata.generate_name.as_deref(), Some("netbench-k3v9x2mq-client-1-"));
    }

    #[tokio::test(start_paused = true)]
    async fn run_without_namespace_creates_its_namespace_and_pods_in_that_of_the_context() {
        let api = FakeApi::new(|_, _| None);
        let needs = needs(all_paths(), None, ClientMode::Exec);
        let scope = DryRunScope::All { client_jobs: false };
        let dry_runs = dry_runs(&api.cluster(), &needs, &[chosen("node-1")], scope).await;
        let pods = "/v1/namespaces/default/pods";
        assert_eq!(paths(&api), ["/v1/namespaces", pods, pods]);
        assert_eq!(dry_runs.namespace, "default");
    }

    #[tokio::test(start_paused = true)]
    async fn start_of_a_run_creates_server_pods_in_a_given_namespace_only() {
        for (given, count) in [(Some("team-a"), 2), (None, 0)] {
            let api = FakeApi::new(|_, _| None);
            let needs = needs(all_paths(), given, ClientMode::Job);
            dry_runs(&api.cluster(), &needs, &[chosen("node-1")], DryRunScope::Servers).await;
            assert_eq!(paths(&api).len(), count);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn node_that_is_unusable_is_not_used() {
        let unusable = Chosen { unusable: Some("not ready".to_owned()), ..chosen("node-1") };
        let needs = needs(settings(), Some("team-a"), ClientMode::Exec);
        let sent = async |nodes: &[Chosen]| {
            let api = FakeApi::new(|_, _| None);
            let dry_runs = dry_runs(&api.cluster(), &needs, nodes, DryRunScope::Servers).await;
            dry_runs.answers.into_iter().map(|dry_run| dry_run.sent.unwrap()).collect::<Vec<_>>()
        };
        let pods = sent(&[unusable.clone(), Chosen { number: 2, ..chosen("node-2") }]).await;
        assert_eq!(pods[0].metadata.name.as_deref(), Some("netbench-k3v9x2mq-server-2"));
        assert!(sent(&[unusable]).await.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn existing_pod_counts_as_admitted() {
        let api = FakeApi::new(|_, _| Some(Answer::error(409, r#"pods "x" already exists"#)));
        let needs = needs(settings(), Some("team-a"), ClientMode::Exec);
        let dry_runs = dry_runs(&api.cluster(), &needs, &[chosen("node-1")], DryRunScope::Servers).await;
        assert!(matches!(dry_runs.answers[0].answer, Ok(None)));
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_default_account_of_a_new_namespace_is_waited_for() {
        let mut with_account = settings();
        with_account.options.objects.service_account = Some("bench".to_owned());
        for (settings, is_admitted) in [(settings(), true), (with_account, false)] {
            let requests = AtomicUsize::new(0);
            let api = FakeApi::new(move |_, _| {
                let message = r#"pods "x" is forbidden: error looking up service account team-a/default: serviceaccount "default" not found"#;
                (requests.fetch_add(1, Ordering::Relaxed) < 5).then(|| Answer::error(403, message))
            });
            let needs = needs(settings, Some("team-a"), ClientMode::Exec);
            let began = Instant::now();
            let dry_runs = dry_runs(&api.cluster(), &needs, &[chosen("node-1")], DryRunScope::Servers).await;
            assert_eq!(dry_runs.answers[0].answer.is_ok(), is_admitted);
            assert!(began.elapsed() < ACCOUNT_LIMIT);
        }
    }
}
