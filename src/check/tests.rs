use super::*;
use crate::cluster::RequestErrorKind;
use crate::document::Path;
use crate::testbed::kubernetes::objects::fixtures::{needs, over, settings};
use crate::testbed::kubernetes::{
    Clients, GivenNamespace, Granted, PodOptions, SecurityPolicy, Settings, Wanted, choose, rights,
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
    RequestError { doing: format!("list {what}"), kind: RequestErrorKind::Refused { code: 403, message } }
}

/// What a user sees who may do all but `missing`, each a resource and a verb.
fn facts(needs: &Needs, missing: &[(&str, &str)]) -> Facts {
    let granted = |right: crate::testbed::kubernetes::Right| {
        let is_missing = |verb: &&&str| missing.contains(&(right.resource, verb));
        let missing = Ok(right.verbs.iter().filter(is_missing).copied().collect());
        Granted { right, missing }
    };
    let namespace: Namespace = serde_json::from_value(json!({"metadata": {"name": "team-a"}})).unwrap();
    let given = needs.given.as_ref().map(|_| GivenNamespace {
        namespace: Ok(Some(namespace)),
        quotas: Ok(Vec::new()),
        limits: Ok(Vec::new()),
        policies: Ok(Vec::new()),
    });
    let pods = needs.settings.host_network().then(|| Ok(Vec::new()));
    let rights = rights(needs).into_iter().map(granted).collect();
    Facts { rights, given, pods, security_policies: Ok(Vec::new()) }
}

fn report(needs: &Needs, nodes: &[Node], facts: &Facts) -> Report {
    let choice = choose(nodes, &Wanted::Usable { tolerated: Vec::new() }, 0).unwrap();
    let seen = Seen {
        context: Some("prod"),
        version: Some("v1.36.0"),
        nodes,
        choice: &choice,
        refused: None,
        facts,
    };
    check(needs, &seen)
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
fn all_is_well_in_a_healthy_cluster() {
    let needs = needs(settings(), None, Clients::ExecElseJob);
    let report = report(&needs, &nodes(), &facts(&needs, &[]));
    assert_eq!((report.problems, report.warnings, report.error(NamespaceFlag::Optional)), (0, 0, None));
    assert!(report.remarks().is_empty());
    insta::assert_debug_snapshot!(lines(&report));
}

#[test]
fn a_right_that_is_missing_is_named_with_its_rule() {
    let needs = needs(settings(), Some("team-a"), Clients::Job);
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
fn without_exec_jobs_are_needed() {
    let needs = needs(settings(), None, Clients::ExecElseJob);
    let report = |missing: &[(&str, &str)]| report(&needs, &nodes(), &facts(&needs, missing));
    let slower = report(&[("pods/exec", "create")]);
    assert_eq!((slower.problems, slower.warnings), (0, 1), "{:?}", lines(&slower));
    assert!(lines(&slower).iter().any(|line| line.contains("clients by a Job each")));
    assert_eq!(report(&[("pods/exec", "create"), ("jobs", "delete")]).problems, 1);
    assert_eq!(report(&[("jobs", "delete")]).problems, 0);
}

#[test]
fn what_cannot_be_seen_is_said_once_and_stops_nothing() {
    let needs = needs(Settings { ways: over(&[Path::Host]), ..settings() }, Some("team-a"), Clients::Exec);
    let mut facts = facts(&needs, &[]);
    facts.given = Some(GivenNamespace {
        namespace: Err(forbidden("namespaces")),
        quotas: Err(forbidden("resourcequotas")),
        limits: Err(forbidden("limitranges")),
        policies: Err(forbidden("networkpolicies")),
    });
    facts.pods = Some(Err(forbidden("pods")));
    facts.security_policies = Err(forbidden("podsecuritypolicies"));
    let report = report(&needs, &nodes(), &facts);
    assert_eq!((report.problems, report.warnings, report.remarks().len()), (0, 1, 0));
    insta::assert_debug_snapshot!(worse_than_ok(&report));
}

#[test]
fn pod_security_is_judged_by_what_pods_need() {
    let of = |labels: Value, path: Path, version: &str| {
        let needs = needs(Settings { ways: over(&[path]), ..settings() }, Some("team-a"), Clients::Exec);
        let mut facts = facts(&needs, &[]);
        let namespace = json!({"metadata": {"name": "team-a", "labels": labels}});
        let given = facts.given.as_mut().unwrap();
        given.namespace = Ok(Some(serde_json::from_value(namespace).unwrap()));
        let (nodes, choice) =
            (nodes(), choose(&nodes(), &Wanted::Usable { tolerated: Vec::new() }, 2).unwrap());
        let seen = Seen {
            context: None,
            version: Some(version),
            nodes: &nodes,
            choice: &choice,
            refused: None,
            facts: &facts,
        };
        let report = check(&needs, &seen);
        lines(&report).into_iter().filter(|line| line.contains("pod security")).collect::<Vec<_>>()
    };
    let label = |mode: &str, level: &str| json!({format!("pod-security.kubernetes.io/{mode}"): level});
    insta::assert_debug_snapshot!([
        of(label("enforce", "restricted"), Path::Pod, "v1.36.0"),
        of(label("enforce", "baseline"), Path::Host, "v1.36.0"),
        of(label("enforce", "privileged"), Path::Host, "v1.36.0"),
        of(label("warn", "restricted"), Path::Host, "v1.25+"),
        of(json!({}), Path::Host, "v1.36.0"),
        of(label("enforce", "restricted"), Path::Host, "v1.20.2"),
    ]);
}

#[test]
fn a_namespace_must_be_there() {
    let needs = needs(settings(), Some("team-a"), Clients::Exec);
    let mut facts = facts(&needs, &[]);
    facts.given.as_mut().unwrap().namespace = Ok(None);
    let worse = worse_than_ok(&report(&needs, &nodes(), &facts));
    assert!(worse[0].starts_with("Problem namespace: there is no namespace team-a"), "{worse:?}");
}

#[test]
fn pod_security_policies_warn_where_none_is_of_use() {
    let of = |host_network: bool, usable: bool, clients: Clients| {
        let needs = needs(Settings { ways: over(&[Path::Host]), ..settings() }, None, clients);
        let mut facts = facts(&needs, &[]);
        let (name, host_ports) = ("lenient".to_owned(), vec![(0, 65_535)]);
        facts.security_policies =
            Ok(vec![SecurityPolicy { name, host_network, host_ports, usable: Ok(usable) }]);
        lines(&report(&needs, &nodes(), &facts))
            .into_iter()
            .filter(|line| line.contains("PodSecurityPolicy"))
            .collect::<Vec<_>>()
    };
    insta::assert_debug_snapshot!([
        of(true, true, Clients::Exec),
        of(true, true, Clients::Job),
        of(true, false, Clients::Exec),
        of(false, true, Clients::Exec),
    ]);
}

#[test]
fn nodes_are_judged_by_their_state() {
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
    let needs = needs(settings(), None, Clients::Exec);
    let report = report(&needs, &nodes, &facts(&needs, &[]));
    let mut lines = lines(&report);
    lines.retain(|line| line.contains(" nodes: ") || line.contains(" image: "));
    insta::assert_debug_snapshot!(lines);
}

#[test]
fn a_policy_that_keeps_the_pods_apart_is_a_warning() {
    let needs = needs(settings(), Some("team-a"), Clients::Exec);
    let mut facts = facts(&needs, &[]);
    let deny = json!({"metadata": {"name": "deny"}, "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}});
    facts.given.as_mut().unwrap().policies = Ok(vec![serde_json::from_value(deny).unwrap()]);
    insta::assert_debug_snapshot!(worse_than_ok(&report(&needs, &nodes(), &facts)));
}

#[test]
fn a_policy_that_lets_nothing_out_is_a_warning_on_every_path() {
    for path in [Path::Pod, Path::Service, Path::NodePort, Path::LoadBalancer] {
        let needs = needs(Settings { ways: over(&[path]), ..settings() }, Some("team-a"), Clients::Exec);
        let mut facts = facts(&needs, &[]);
        let deny =
            json!({"metadata": {"name": "deny"}, "spec": {"podSelector": {}, "policyTypes": ["Egress"]}});
        facts.given.as_mut().unwrap().policies = Ok(vec![serde_json::from_value(deny).unwrap()]);
        let told = worse_than_ok(&report(&needs, &nodes(), &facts));
        assert_eq!(told.len(), 1, "{path:?}: {told:?}");
        assert!(told[0].contains("deny keeps clients from sending"), "{told:?}");
    }
}

#[test]
fn the_runs_own_policy_lets_in_what_others_keep_out() {
    let options = PodOptions { network_policy: true, ..PodOptions::default() };
    let needs = needs(Settings { options, ..settings() }, Some("team-a"), Clients::Exec);
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
fn nodes_that_may_not_be_listed_are_one_problem() {
    let needs = needs(settings(), None, Clients::Exec);
    let facts = facts(&needs, &[("nodes", "list")]);
    let report = report(&needs, &[], &facts);
    assert_eq!(worse_than_ok(&report).len(), 1, "{:?}", lines(&report));
    assert!(
        report.error(NamespaceFlag::Optional).unwrap().remedy.unwrap().contains("check --rbac --via exec`")
    );
}

#[test]
fn missing_namespace_has_a_remedy_that_fits_the_command() {
    let needs = needs(settings(), Some("team-a"), Clients::Exec);
    let mut facts = facts(&needs, &[]);
    facts.given.as_mut().unwrap().namespace = Ok(None);
    let report = report(&needs, &nodes(), &facts);
    let remedy = |namespace| report.error(namespace).unwrap().remedy.unwrap();
    assert_eq!(remedy(NamespaceFlag::Required), "create it");
    let optional = "create it, or omit --namespace to run in a new namespace";
    assert_eq!(remedy(NamespaceFlag::Optional), optional);
    assert_eq!(serde_json::to_value(report.items).unwrap()[4]["remedy"], optional);
}
