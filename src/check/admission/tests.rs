//! Items for responses of a fake API server.

use super::*;
use crate::check::fixtures::cluster_of;
use crate::check::report::Report;
use crate::check::{NamespaceFlag, check};
use crate::cluster::fake_api::{Answer, FakeApi};
use crate::document::Path;
use crate::options::{ClientMode, PodOptions};
use crate::testbed::kubernetes::objects::fixtures::{chosen, needs, over, settings};
use crate::testbed::kubernetes::{DryRunScope, GivenNamespace, Settings, dry_runs};
use serde_json::{Value, json};

macro_rules! recorded {
    ($name:literal) => {
        include_str!(concat!("../../../tests/fixtures/kubernetes/", $name))
    };
}

/// The report of a check of two nodes; objects are named `POST /api/v1/…` with their body.
async fn report(
    needs: &Needs,
    handler: impl Fn(&str, &Value) -> Option<Answer> + Send + Sync + 'static,
) -> Report {
    let api = FakeApi::new(handler);
    let scope = DryRunScope::All { client_jobs: has_client_jobs(needs.client_mode, &[]) };
    let nodes = ["node-1", "node-2"].map(chosen);
    let dry_runs = dry_runs(&api.cluster(), needs, &nodes, scope).await;
    // the user may not read the namespace
    let message = "namespaces is forbidden".to_owned();
    let kind = RequestErrorKind::Refused { code: 403, message };
    let forbidden = RequestError { operation: "get the namespace".to_owned(), kind };
    let given = needs.given.as_ref().map(|_| GivenNamespace {
        namespace: Err(forbidden),
        quotas: Ok(Vec::new()),
        policies: Ok(Vec::new()),
    });
    cluster_of(&nodes, given, &dry_runs, |cluster| check(needs, cluster))
}

/// The items that dry runs lead to.
fn lines(report: &Report) -> Vec<String> {
    let is_shown = |item: &&Item| {
        matches!(
            item.topic,
            Topic::Namespace
                | Topic::PodSecurity
                | Topic::LimitRange
                | Topic::Quota
                | Topic::Admission
                | Topic::NotChecked
        )
    };
    let line = |item: &Item| {
        let remedy = item.remedy.as_ref().map_or(String::new(), |remedy| format!(" | {remedy}"));
        let fatal = if item.is_fatal { " fatal" } else { "" };
        format!("{:?}{fatal} {}: {}{remedy}", item.level, item.topic.name(), item.found)
    };
    report.items.iter().filter(is_shown).map(line).collect()
}

/// The items if the pods are refused.
async fn refused(needs: &Needs, code: u16, message: &'static str) -> Vec<String> {
    let is_pod = |name: &str| name.contains("/pods?");
    lines(&report(needs, move |name, _| is_pod(name).then(|| Answer::error(code, message))).await)
}

/// The items if the pods are refused with a recorded response.
async fn refused_as(needs: &Needs, response: &'static str) -> Vec<String> {
    let is_pod = |name: &str| name.contains("/pods?");
    lines(&report(needs, move |name, _| is_pod(name).then(|| Answer::refusal(response))).await)
}

/// The items if `change` is applied to the pods.
async fn changed(needs: &Needs, change: impl Fn(&mut Value) + Send + Sync + 'static) -> Vec<String> {
    let handler = move |name: &str, body: &Value| {
        name.contains("/pods?").then(|| {
            let mut pod = body.clone();
            change(&mut pod);
            Answer::ok(&pod)
        })
    };
    lines(&report(needs, handler).await)
}

fn over_pod_network(given: Option<&str>, client_mode: ClientMode) -> Needs {
    needs(settings(), given, client_mode)
}

fn over_both_networks(given: Option<&str>) -> Needs {
    needs(Settings { routes: over(&[Path::Pod, Path::Host]), ..settings() }, given, ClientMode::Exec)
}

const SECURITY_POLICY: &str = r#"pods "netbench-k3v9x2mq-server-1" is forbidden: PodSecurityPolicy: unable to admit pod: [pod.metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]: Forbidden: seccomp may not be set pod.metadata.annotations[container.seccomp.security.alpha.kubernetes.io/iperf3]: Forbidden: seccomp may not be set]"#;
const CONSTRAINT: &str = r#"pods "netbench-k3v9x2mq-server-1" is forbidden: unable to validate against any security context constraint: [provider restricted-v2: .spec.securityContext.runAsUser: Invalid value: 65532: must be in the ranges: [1000680000, 1000689999]]"#;
const LIMIT_RANGE: &str = r#"pods "netbench-k3v9x2mq-server-1" is forbidden: minimum cpu usage per Container is 50m, but request is 10m"#;
const WEBHOOK: &str =
    r#"admission webhook "owner.example.org" denied the request: pods need the label owner"#;
const NO_DRY_RUN: &str = r#"admission webhook "mesh.example.org" does not support dry run"#;
const WEBHOOK_FAILURE: &str = r#"Internal error occurred: failed calling webhook "mesh.example.org": Post "https://mesh.mesh.svc:443/inject?timeout=10s": dial tcp 10.96.0.9:443: connect: connection refused"#;

#[tokio::test(start_paused = true)]
async fn admitted_objects_are_listed() {
    let options = PodOptions { network_policy: true, ..PodOptions::default() };
    let all = Settings { routes: over(&[Path::Service, Path::Host]), options, ..settings() };
    insta::assert_debug_snapshot!([
        lines(&report(&needs(all, Some("team-a"), ClientMode::Job), |_, _| None).await),
        lines(&report(&over_pod_network(Some("team-a"), ClientMode::Exec), |_, _| None).await),
        lines(&report(&over_pod_network(None, ClientMode::Exec), |_, _| None).await),
    ]);
}

#[tokio::test(start_paused = true)]
async fn refusal_in_a_given_namespace_is_a_problem_of_its_topic() {
    let (pod, host) = (over_pod_network(Some("team-a"), ClientMode::Job), over_both_networks(Some("team-a")));
    insta::assert_debug_snapshot!([
        refused_as(&pod, recorded!("403-pod-security-injected-container.json")).await,
        refused_as(&host, recorded!("403-pod-security-baseline-host-network.json")).await,
        refused_as(&pod, recorded!("403-quota-exceeded.json")).await,
        refused_as(&pod, recorded!("422-limit-range.json")).await,
        refused_as(&pod, recorded!("422-invalid.json")).await,
        refused(&pod, 403, SECURITY_POLICY).await,
        refused(&pod, 403, CONSTRAINT).await,
        refused(&pod, 403, LIMIT_RANGE).await,
        refused(&pod, 403, r#"pods "x" is forbidden: failed quota: q: must specify limits.cpu"#).await,
        refused(&pod, 403, WEBHOOK).await,
        refused(&pod, 422, r#"pods "x" is forbidden: ValidatingAdmissionPolicy 'owner' with binding 'all' denied request: no owner"#).await,
        refused(&pod, 500, WEBHOOK_FAILURE).await,
    ]);
}

#[tokio::test(start_paused = true)]
async fn refusal_of_one_network_does_not_stop_a_run() {
    let refusal = recorded!("403-pod-security-baseline-host-network.json");
    let needs = over_both_networks(Some("team-a"));
    let handler =
        move |_: &str, body: &Value| (body["spec"]["hostNetwork"] == true).then(|| Answer::refusal(refusal));
    let report = report(&needs, handler).await;
    assert_eq!((report.problems, report.error(NamespaceFlag::Optional)), (1, None));
    assert!(report.remarks()[0].starts_with("pod security: server pod on the host network rejected: "));
}

#[tokio::test(start_paused = true)]
async fn policy_against_the_host_network_suggests_to_omit_it() {
    let message =
        r#"admission webhook "w.example.org" denied the request: enabling hostNetwork is not allowed"#;
    let handler = move |_: &str, body: &Value| {
        (body["spec"]["hostNetwork"] == true).then(|| Answer::error(400, message))
    };
    let lines = lines(&report(&over_both_networks(Some("team-a")), handler).await);
    assert!(lines.iter().any(|line| line.contains("is not allowed | omit --host, or ask")), "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn refusal_in_the_namespace_of_the_context_is_marked() {
    let (pod, host) = (over_pod_network(None, ClientMode::Exec), over_both_networks(None));
    insta::assert_debug_snapshot!([
        refused_as(&pod, recorded!("403-pod-security-injected-container.json")).await,
        refused_as(&host, recorded!("403-pod-security-baseline-host-network.json")).await,
        refused_as(&pod, recorded!("403-quota-exceeded.json")).await,
        refused(&pod, 403, SECURITY_POLICY).await,
        refused(&pod, 403, LIMIT_RANGE).await,
        refused(&pod, 403, WEBHOOK).await,
        refused_as(&pod, recorded!("404-namespace.json")).await,
    ]);
}

#[tokio::test(start_paused = true)]
async fn refused_namespace_is_a_problem() {
    let needs = over_pod_network(None, ClientMode::Exec);
    let message =
        r#"admission webhook "team.example.org" denied the request: namespaces need the label team"#;
    let is_namespace = |name: &str| name.contains("/namespaces?");
    let refused =
        report(&needs, move |name, _| is_namespace(name).then(|| Answer::error(422, message))).await;
    insta::assert_debug_snapshot!(lines(&refused));
}

#[tokio::test(start_paused = true)]
async fn missing_permission_to_create_is_not_repeated() {
    let rbac = recorded!("403-rbac-limited-user.json");
    for given in [Some("team-a"), None] {
        let needs = over_pod_network(given, ClientMode::Job);
        let lines = lines(&report(&needs, move |_, _| Some(Answer::refusal(rbac))).await);
        assert!(!lines.iter().any(|line| line.contains("limited")), "{lines:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn namespace_that_the_user_may_not_read_is_found_missing_by_its_pods() {
    let needs = over_pod_network(Some("nosuch"), ClientMode::Exec);
    let terminating = r#"pods "x" is forbidden: unable to create new content in namespace nosuch because it is being terminated"#;
    let missing = report(&needs, |_, _| Some(Answer::refusal(recorded!("404-namespace.json")))).await;
    let terminating = report(&needs, move |_, _| Some(Answer::error(403, terminating))).await;
    insta::assert_debug_snapshot!([lines(&missing), lines(&terminating)]);
}

#[tokio::test(start_paused = true)]
async fn webhook_without_dry_run_and_failed_requests_are_not_checked() {
    let needs = over_pod_network(Some("team-a"), ClientMode::Exec);
    let never = lines(&report(&needs, |name, _| name.contains("/pods?").then(Answer::never)).await);
    insta::assert_debug_snapshot!([
        refused(&needs, 400, NO_DRY_RUN).await,
        refused(&needs, 500, "etcdserver: leader changed").await,
        never,
    ]);
}

fn set_limits(pod: &mut Value, limits: &Value) {
    for container in pod["spec"]["containers"].as_array_mut().unwrap() {
        container["resources"]["limits"] = limits.clone();
    }
}

fn annotate(pod: &mut Value, key: &str, value: &str) {
    pod["metadata"]["annotations"][key] = json!(value);
}

#[tokio::test(start_paused = true)]
async fn limit_that_was_not_requested_is_a_warning_with_its_source() {
    let given = over_pod_network(Some("team-a"), ClientMode::Exec);
    let own = over_pod_network(None, ClientMode::Exec);
    let by_limit_range = |pod: &mut Value| {
        set_limits(pod, &json!({"cpu": "500m", "memory": "1Gi"}));
        let set = "LimitRanger plugin set: cpu, memory limit for container iperf3";
        annotate(pod, "kubernetes.io/limit-ranger", set);
    };
    let by_webhook = |pod: &mut Value| set_limits(pod, &json!({"cpu": "200m"}));
    insta::assert_debug_snapshot!([
        changed(&given, by_limit_range).await,
        changed(&own, by_limit_range).await,
        changed(&given, by_webhook).await,
        changed(&own, by_webhook).await,
    ]);
}

#[tokio::test(start_paused = true)]
async fn requested_limit_is_expected_unless_it_is_changed() {
    let mut settings = settings();
    settings.options.objects.limits = vec!["cpu=2".parse().unwrap()];
    let needs = needs(settings, Some("team-a"), ClientMode::Exec);
    let warns = async |limit: &'static str| {
        let lines = changed(&needs, move |pod| set_limits(pod, &json!({"cpu": limit}))).await;
        lines.iter().any(|line| line.contains("can throttle"))
    };
    assert!(!warns("2").await && !warns("2000m").await && warns("1").await);
}

#[tokio::test(start_paused = true)]
async fn injected_containers_are_named() {
    let needs = over_pod_network(Some("team-a"), ClientMode::Job);
    let lines = changed(&needs, |pod| {
        let containers = pod["spec"]["containers"].as_array_mut().unwrap();
        containers.push(json!({"name": "mesh-proxy", "resources": {"limits": {"cpu": "100m"}}}));
        pod["spec"]["initContainers"] = json!([{"name": "mesh-init"}]);
    });
    insta::assert_debug_snapshot!(lines.await);
}

#[tokio::test(start_paused = true)]
async fn pods_of_jobs_depend_on_the_service_account_where_users_are_judged() {
    let policy = |pod: &mut Value| annotate(pod, "kubernetes.io/psp", "privileged");
    let constraint = |pod: &mut Value| annotate(pod, "openshift.io/scc", "anyuid");
    let for_all = |pod: &mut Value| annotate(pod, "openshift.io/scc", "restricted-v2");
    let (job, exec) = (
        over_pod_network(Some("team-a"), ClientMode::Job),
        over_pod_network(Some("team-a"), ClientMode::Exec),
    );
    insta::assert_debug_snapshot!([
        changed(&job, policy).await,
        changed(&exec, policy).await,
        changed(&over_pod_network(None, ClientMode::Job), policy).await,
        changed(&job, constraint).await,
        changed(&job, for_all).await,
    ]);
}

#[tokio::test(start_paused = true)]
async fn remedy_of_a_fatal_refusal_fits_the_command() {
    let needs = over_pod_network(Some("team-a"), ClientMode::Exec);
    let quota = recorded!("403-quota-exceeded.json");
    let report = report(&needs, move |name, _| name.contains("/pods?").then(|| Answer::refusal(quota))).await;
    let help = |namespace| report.error(namespace).unwrap().help.unwrap();
    assert_eq!(help(NamespaceFlag::Required), "raise the quota of the namespace or test fewer nodes");
    assert!(help(NamespaceFlag::Optional).ends_with(", or omit --namespace to run in a new namespace"));
}
