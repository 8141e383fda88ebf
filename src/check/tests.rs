use super::*;
use crate::cluster::RequestErrorKind;
use crate::document::Path;
use crate::options::{ClientMode, PodOptions};
use crate::testbed::kubernetes::objects::fixtures::{needs, over, settings};
use crate::testbed::kubernetes::{
    GivenNamespace, PermissionCheck, Settings, Wanted, choose, required_permissions,
};
use k8s_openapi::api::core::v1::Namespace;
use serde_json::{Value, json};

fn node(name: &str, change: &Value) -> Node {
    let mut node: Value =
        serde_json::from_str(include_str!("../../tests/fixtures/kubernetes/node.json")).unwrap();
    node["metadata"]["name"] = json!(name);
    node["spec"] = json!({});
    for (key, value) in change.as_object().unwrap() {
        *node.pointer_mut(key).unwrap() = value.clone();
    }
    serde_json::from_value(node).unwrap()
}

fn nodes() -> Vec<Node> {
    vec![node("node-1", &json!({})), node("node-2", &json!({}))]
}

fn forbidden(what: &str) -> RequestError {
    let message = format!("{what} is forbidden: User \"jane\" cannot list it");
    RequestError { operation: format!("list {what}"), kind: RequestErrorKind::Refused { code: 403, message } }
}

/// The facts for a user with all permissions except `missing`, each a resource and a verb.
fn facts(needs: &Needs, missing: &[(&str, &str)]) -> Facts {
    let granted = |permission: crate::testbed::kubernetes::Permission| {
        let is_missing = |verb: &&&str| missing.contains(&(permission.resource, verb));
        let missing = Ok(permission.verbs.iter().filter(is_missing).copied().collect());
        PermissionCheck { permission, missing }
    };
    let namespace: Namespace = serde_json::from_value(json!({"metadata": {"name": "team-a"}})).unwrap();
    let given = needs.given.as_ref().map(|_| GivenNamespace {
        namespace: Ok(Some(namespace)),
        quotas: Ok(Vec::new()),
        policies: Ok(Vec::new()),
    });
    let pods = needs.settings.host_network().then(|| Ok(Vec::new()));
    let permissions = required_permissions(needs).into_iter().map(granted).collect();
    Facts { permissions, given, pods, exec: None }
}

fn report(needs: &Needs, nodes: &[Node], facts: &Facts) -> Report {
    let choice = choose(nodes, &Wanted::Usable { tolerated: Vec::new() }, 0).unwrap();
    let cluster = ClusterSnapshot {
        context: Some("prod"),
        version: Some("v1.36.0"),
        nodes,
        choice: &choice,
        selection_error: None,
        facts,
        dry_runs: &DryRuns::default(),
    };
    check(needs, &cluster)
}

fn lines(report: &Report) -> Vec<String> {
    let line = |item: &Item| {
        let remedy = item.remedy.as_ref().map_or(String::new(), |remedy| format!(" | {remedy}"));
        format!("{:?} {}: {}{remedy}", item.level, item.topic.name(), item.found)
    };
    report.items.iter().map(line).collect()
}

fn worse_than_ok(report: &Report) -> Vec<String> {
    lines(report).into_iter().filter(|line| !line.starts_with("Ok")).collect()
}

#[test]
fn healthy_cluster_has_no_problems() {
    let needs = needs(settings(), None, ClientMode::Auto);
    let report = report(&needs, &nodes(), &facts(&needs, &[]));
    assert_eq!((report.problems, report.warnings, report.error(NamespaceFlag::Optional)), (0, 0, None));
    assert!(report.remarks().is_empty());
    insta::assert_debug_snapshot!(lines(&report));
}

#[test]
fn default_image_is_listed_with_a_guide_for_nodes_that_cannot_pull_it() {
    let image = |image: &str| {
        let needs = needs(Settings { image: image.to_owned(), ..settings() }, None, ClientMode::Auto);
        let report = report(&needs, &nodes(), &facts(&needs, &[]));
        lines(&report).into_iter().find(|line| line.contains(" image: ")).unwrap()
    };
    assert!(
        image(DEFAULT_IMAGE).ends_with(&format!("; for nodes that cannot reach its registry: {IMAGE_GUIDE}"))
    );
    assert!(!image("example.org/iperf3:1").contains(IMAGE_GUIDE));
}

#[test]
fn missing_permission_is_reported_with_its_rule() {
    let needs = needs(settings(), Some("team-a"), ClientMode::Job);
    let facts = facts(&needs, &[("pods", "watch"), ("jobs", "create"), ("events", "list")]);
    let report = report(&needs, &nodes(), &facts);
    assert_eq!((report.problems, report.warnings), (2, 1));
    insta::assert_debug_snapshot!((
        worse_than_ok(&report),
        report.error(NamespaceFlag::Optional),
        report.remarks()
    ));
}

#[test]
fn missing_exec_permission_requires_jobs() {
    let needs = needs(settings(), None, ClientMode::Auto);
    let report = |missing: &[(&str, &str)]| report(&needs, &nodes(), &facts(&needs, missing));
    let without_exec = report(&[("pods/exec", "create")]);
    assert_eq!((without_exec.problems, without_exec.warnings), (0, 1), "{:?}", lines(&without_exec));
    assert!(lines(&without_exec).iter().any(|line| line.contains("clients run as Jobs, one per test")));
    assert_eq!(report(&[("pods/exec", "create"), ("jobs", "delete")]).problems, 1);
    assert_eq!(report(&[("jobs", "delete")]).problems, 0);
}

#[test]
fn forbidden_requests_are_one_warning() {
    let needs =
        needs(Settings { routes: over(&[Path::Host]), ..settings() }, Some("team-a"), ClientMode::Exec);
    let mut facts = facts(&needs, &[]);
    facts.given = Some(GivenNamespace {
        namespace: Err(forbidden("namespaces")),
        quotas: Err(forbidden("resourcequotas")),
        policies: Err(forbidden("networkpolicies")),
    });
    facts.pods = Some(Err(forbidden("pods")));
    let report = report(&needs, &nodes(), &facts);
    assert_eq!((report.problems, report.warnings, report.remarks().len()), (0, 1, 0));
    insta::assert_debug_snapshot!(worse_than_ok(&report));
}

#[test]
fn missing_namespace_is_a_problem() {
    let needs = needs(settings(), Some("team-a"), ClientMode::Exec);
    let mut facts = facts(&needs, &[]);
    facts.given.as_mut().unwrap().namespace = Ok(None);
    let worse = worse_than_ok(&report(&needs, &nodes(), &facts));
    assert!(worse[0].starts_with("Problem namespace: namespace team-a does not exist"), "{worse:?}");
}

#[test]
fn unhealthy_nodes_are_reported_by_condition() {
    let condition = |kind: &str| json!({"/status/conditions": [{"type": "Ready", "status": "True"}, {"type": kind, "status": "True"}]});
    let nodes = [
        node("node-1", &json!({})),
        node("full", &condition("DiskPressure")),
        node("alone", &condition("NetworkUnavailable")),
        node("cordoned", &json!({"/spec": {"unschedulable": true}})),
        node("dead", &json!({"/status/conditions": [{"type": "Ready", "status": "Unknown"}]})),
        node("windows", &json!({"/metadata/labels": {"kubernetes.io/os": "windows"}})),
        node("arm", &json!({"/status/nodeInfo/architecture": "arm64"})),
    ];
    let needs = needs(settings(), None, ClientMode::Exec);
    let report = report(&needs, &nodes, &facts(&needs, &[]));
    let mut lines = lines(&report);
    lines.retain(|line| line.contains(" nodes: ") || line.contains(" image: "));
    insta::assert_debug_snapshot!(lines);
}

#[test]
fn network_policy_that_blocks_the_pods_is_a_warning() {
    let needs = needs(settings(), Some("team-a"), ClientMode::Exec);
    let mut facts = facts(&needs, &[]);
    let deny = json!({"metadata": {"name": "deny"}, "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}});
    facts.given.as_mut().unwrap().policies = Ok(vec![serde_json::from_value(deny).unwrap()]);
    insta::assert_debug_snapshot!(worse_than_ok(&report(&needs, &nodes(), &facts)));
}

#[test]
fn network_policy_that_blocks_egress_is_a_warning_on_every_path() {
    for path in [Path::Pod, Path::Service, Path::NodePort, Path::LoadBalancer] {
        let needs = needs(Settings { routes: over(&[path]), ..settings() }, Some("team-a"), ClientMode::Exec);
        let mut facts = facts(&needs, &[]);
        let deny =
            json!({"metadata": {"name": "deny"}, "spec": {"podSelector": {}, "policyTypes": ["Egress"]}});
        facts.given.as_mut().unwrap().policies = Ok(vec![serde_json::from_value(deny).unwrap()]);
        let worse = worse_than_ok(&report(&needs, &nodes(), &facts));
        assert_eq!(worse.len(), 1, "{path:?}: {worse:?}");
        assert!(worse[0].contains("egress from the clients on TCP 5201 is blocked by deny"), "{worse:?}");
    }
}

#[test]
fn network_policy_of_the_run_allows_ingress_that_others_block() {
    let options = PodOptions { network_policy: true, ..PodOptions::default() };
    let needs = needs(Settings { options, ..settings() }, Some("team-a"), ClientMode::Exec);
    let mut facts = facts(&needs, &[]);
    let deny = |kind: &str| {
        let spec = json!({"podSelector": {}, "policyTypes": [kind]});
        Ok(vec![serde_json::from_value(json!({"metadata": {"name": "deny"}, "spec": spec})).unwrap()])
    };
    facts.given.as_mut().unwrap().policies = deny("Ingress");
    assert!(worse_than_ok(&report(&needs, &nodes(), &facts)).is_empty());
    facts.given.as_mut().unwrap().policies = deny("Egress");
    assert_eq!(worse_than_ok(&report(&needs, &nodes(), &facts)).len(), 1);
}

#[test]
fn forbidden_list_of_nodes_is_one_problem() {
    let needs = needs(settings(), None, ClientMode::Exec);
    let facts = facts(&needs, &[("nodes", "list")]);
    let report = report(&needs, &[], &facts);
    assert_eq!(worse_than_ok(&report).len(), 1, "{:?}", lines(&report));
    assert!(
        report.error(NamespaceFlag::Optional).unwrap().help.unwrap().contains("check --rbac --via exec`")
    );
}

#[test]
fn renamed_topics_keep_their_serialized_names() {
    assert_eq!(
        json!([Topic::Objects, Topic::Permissions, Topic::PodSecurity]),
        json!(["makes", "rights", "podSecurity"])
    );
}

#[test]
fn missing_namespace_has_a_remedy_that_fits_the_command() {
    let needs = needs(settings(), Some("team-a"), ClientMode::Exec);
    let mut facts = facts(&needs, &[]);
    facts.given.as_mut().unwrap().namespace = Ok(None);
    let report = report(&needs, &nodes(), &facts);
    let remedy = |namespace| report.error(namespace).unwrap().help.unwrap();
    assert_eq!(remedy(NamespaceFlag::Required), "create it");
    let optional = "create it, or omit --namespace to run in a new namespace";
    assert_eq!(remedy(NamespaceFlag::Optional), optional);
    assert_eq!(serde_json::to_value(report.items).unwrap()[5]["remedy"], optional);
}
