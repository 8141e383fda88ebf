//! `check`: its report, and that the roles it prints grant exactly what a run needs.

use std::process::{Command, Stdio};
use std::time::Instant;

use crate::cluster::{Cluster, Undo, apply, assert_nothing_left_in, first_nodes, kubectl, netbench, rates};
use crate::common::Ended;
use kubectl_netbench::document::{ClientMode, Run};

/// A user without permissions of its own.
const USER: &str = "netbench-e2e-user";

fn ended(mut command: Command) -> Ended {
    command.output().expect("kubectl runs").into()
}

fn check(flags: &str) -> Ended {
    ended(netbench(&format!("check {flags}")))
}

/// The roles that are granted to the user, until this is dropped.
struct Roles {
    file: tempfile::NamedTempFile,
    _undo: Vec<Undo<'static>>,
}

impl Roles {
    /// Creates the printed roles, and binds them to the user as their first lines say.
    fn give(printed: &str, namespace: Option<&str>) -> Self {
        let roles =
            Self { file: tempfile::NamedTempFile::new().expect("a temporary file"), _undo: Vec::new() };
        let path = roles.path();
        roles.apply(printed);
        let mut undo = vec![Undo(vec!["kubectl", "delete", "-f"], vec![path])];
        let user = format!("--user={USER}");
        kubectl(&["create", "clusterrolebinding", "netbench", "--clusterrole=netbench", &user])
            .expect_code(0);
        undo.push(Undo(vec!["kubectl", "delete", "clusterrolebinding", "netbench"], Vec::new()));
        if let Some(namespace) = namespace {
            let place = format!("--namespace={namespace}");
            kubectl(&["create", "rolebinding", "netbench", "--role=netbench", &user, &place]).expect_code(0);
            undo.push(Undo(vec!["kubectl", "delete", "rolebinding", "netbench"], vec![place]));
        }
        Self { _undo: undo, ..roles }
    }

    fn path(&self) -> String {
        self.file.path().to_str().expect("its path is text").to_owned()
    }

    fn apply(&self, roles: &str) {
        std::fs::write(self.file.path(), roles).expect("it can be written");
        kubectl(&["apply", "-f", &self.path()]).expect_code(0);
    }
}

/// Runs a matrix of two nodes as a user who has only the roles that `check --rbac` prints for it.
fn measure_with_printed_roles(flags: &str, namespace: Option<&str>) -> Run {
    measure_with_roles("matrix", flags, flags, namespace)
}

/// Runs a command on two nodes as a user who has only the roles that `check --rbac` prints for these flags.
fn measure_with_roles(command: &str, flags: &str, granted: &str, namespace: Option<&str>) -> Run {
    let place = namespace.map_or(String::new(), |name| format!(" -n {name}"));
    let printed = check(&format!("--rbac {granted}{place}")).expect_code(0).stdout;
    let roles = Roles::give(&printed, namespace);
    let nodes = first_nodes(2).join(" ");
    let checked = check(&format!("{nodes} {granted}{place} --as {USER}")).expect_code(0).stdout;
    // the user may lack permissions of the check itself
    assert!(!checked.contains("! warning  permissions"), "{checked}");
    let measured = netbench(&format!("{command} {nodes} -t 1s {flags}{place} --as {USER} -o json"));
    let run = ended(measured).expect_code(0).run();
    assert_eq!(rates(&run).len(), 2);
    drop(roles);
    run
}

pub fn healthy_cluster_has_no_problems(_: &Cluster) {
    let nodes = first_nodes(4).join(" ");
    let began = Instant::now();
    let checked = check(&format!("{nodes} -o json")).expect_code(0);
    eprintln!("checked in {:?}", began.elapsed());
    let report: serde_json::Value = serde_json::from_str(&checked.stdout).expect("it is JSON");
    assert_eq!(report["problems"], 0, "{}", checked.stdout);
    for item in report["items"].as_array().expect("a list") {
        assert_eq!(item["level"], "ok", "{item}");
    }
}

pub fn printed_roles_suffice_for_a_matrix(_: &Cluster) {
    assert_eq!(measure_with_printed_roles("", None).parameters.placement.via, ClientMode::Exec);
}

pub fn printed_roles_suffice_on_the_host_network(_: &Cluster) {
    measure_with_printed_roles("--host", None);
}

pub fn printed_roles_suffice_with_jobs(_: &Cluster) {
    let run = measure_with_printed_roles("--via job --path pod,nodeport", None);
    assert_eq!(run.parameters.placement.via, ClientMode::Job);
}

pub fn printed_roles_suffice_in_a_given_namespace(_: &Cluster) {
    measure_with_printed_roles("--path service", Some("default"));
}

pub fn printed_roles_suffice_for_udp_over_node_ports_and_a_network_policy(cluster: &Cluster) {
    measure_with_printed_roles("--udp --path nodeport", None);
    cluster.assert_nothing_left();
    measure_with_printed_roles("--network-policy", Some("default"));
    cluster.assert_nothing_left();
}

pub fn printed_roles_suffice_for_kept_servers(_: &Cluster) {
    let _cleaned = Undo(vec!["kubectl", "netbench", "cleanup"], Vec::new());
    measure_with_printed_roles("--keep --path pod,service", None);
    // and are reused, with the permissions of a run without --keep
    let run = measure_with_printed_roles("--path pod,service", None);
    assert_eq!(run.cluster.expect("it was on a cluster").namespace, "netbench-kept");
}

pub fn roles_in_the_help_of_a_pair_suffice(cluster: &Cluster) {
    let nodes = first_nodes(2).join(" ");
    let refused = cluster.run(&format!("pair {nodes} --as {USER}")).expect_code(1).stderr;
    let named = refused.lines().find_map(|line| line.split('`').find(|part| part.contains("--rbac")));
    let flags = named.and_then(|named| named.split_once("--rbac")).expect(&refused).1;
    let run = measure_with_roles("pair", "", flags.trim(), None);
    assert_eq!(run.parameters.placement.via, ClientMode::Job);
    cluster.assert_nothing_left();
}

pub fn revoked_verb_is_reported(_: &Cluster) {
    let flags = "--via job -n default";
    let printed = check(&format!("--rbac {flags}")).expect_code(0).stdout;
    let roles = Roles::give(&printed, Some("default"));
    for (rule, less, message) in [
        (
            "verbs: [create, list, watch, delete]",
            "verbs: [create, list, delete]",
            "cannot watch pods in namespace",
        ),
        (
            "resources: [jobs], verbs: [create, delete]",
            "resources: [jobs], verbs: [delete]",
            "cannot create jobs.batch",
        ),
    ] {
        assert!(printed.contains(rule), "{printed}");
        roles.apply(&printed.replace(rule, less));
        let checked = check(&format!("{flags} --as {USER}")).expect_code(3).stdout;
        assert!(checked.contains(message), "{checked}");
        assert!(checked.contains("\n1 problem, 1 warning\n"), "{checked}");
    }
    drop(roles);
}

pub fn quota_and_network_policy_of_a_namespace_are_reported() {
    let nodes = first_nodes(4).join(" ");
    let name = "netbench-e2e-check";
    let removed = Undo(vec!["kubectl", "delete", "namespace", name], Vec::new());
    kubectl(&["create", "namespace", name]).expect_code(0);
    kubectl(&["-n", name, "create", "quota", "few", "--hard=pods=3,limits.cpu=4"]).expect_code(0);
    let deny = format!(
        r#"{{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {{"name": "deny", "namespace": "{name}"}}, "spec": {{"podSelector": {{}}}}}}"#
    );
    apply(&deny);
    let checked = check(&format!("{nodes} -n {name}")).expect_code(3).stdout;
    for message in [
        "few: the run needs pods=4, but the quota has 3 left (0 of 3 used)",
        "server pod rejected: failed quota: few: must specify limits.cpu",
        "ingress to the servers on TCP 5201 is blocked by deny",
    ] {
        assert!(checked.contains(message), "{message}: {checked}");
    }
    drop(removed);
}

/// An API server takes a request without credentials for one of an anonymous user, who may do little.
pub fn user_without_credentials_is_anonymous() {
    let shown = kubectl(&["config", "view", "--raw", "--minify", "-o", "json"]).expect_code(0).stdout;
    let mut config: serde_json::Value = serde_json::from_str(&shown).expect("a kubeconfig");
    config["users"][0]["user"] = serde_json::json!({"token": ""});
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::io::Write::write_all(&mut file, config.to_string().as_bytes()).expect("it can be written");
    let mut command = netbench("check");
    command.env("KUBECONFIG", file.path());
    let checked = ended(command).expect_code(3);
    let printed = format!("{}{}", checked.stdout, checked.stderr);
    assert!(printed.contains("log in: the request had no credentials"), "{printed}");
}

pub fn limit_range_of_a_namespace_is_reported_in_a_dry_run() {
    let nodes = first_nodes(2).join(" ");
    let name = "netbench-e2e-limits";
    let removed = Undo(vec!["kubectl", "delete", "namespace", name], Vec::new());
    kubectl(&["create", "namespace", name]).expect_code(0);
    let limit_range = |limits: &str| {
        apply(&format!(
            "apiVersion: v1\nkind: LimitRange\nmetadata: {{name: limits, namespace: {name}}}\n\
             spec: {{limits: [{{type: Container, {limits}}}]}}\n"
        ));
    };
    limit_range("default: {cpu: 500m}, defaultRequest: {cpu: 10m}");
    let throttled = check(&format!("{nodes} -n {name} --via job")).expect_code(0).stdout;
    assert!(throttled.contains("the cpu limit of 500m per container can throttle the tests"), "{throttled}");
    assert!(throttled.contains("ConfigMap, server pod, client pod and client Job"), "{throttled}");
    limit_range("min: {cpu: 50m}");
    let rejected = check(&format!("{nodes} -n {name}")).expect_code(3).stdout;
    assert!(rejected.contains("minimum cpu usage per Container is 50m, but request is 10m"), "{rejected}");
    assert_nothing_left_in(name);
    drop(removed);
}

pub fn port_of_another_run_is_reported(cluster: &Cluster) {
    let nodes = first_nodes(2).join(" ");
    let mut other = netbench(&format!("matrix {nodes} --host -t 4s -q"))
        .stdout(Stdio::null())
        .spawn()
        .expect("kubectl starts");
    let give_up = Instant::now() + std::time::Duration::from_secs(20);
    let last = loop {
        let checked = check(&format!("{nodes} --host"));
        if checked.stdout.contains("is in use by pod") || Instant::now() >= give_up {
            break checked;
        }
    };
    let ended = other.wait().expect("it ends");
    last.expect_code(3);
    assert!(ended.success());
    cluster.assert_nothing_left();
}
