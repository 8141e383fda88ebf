//! `check`: what it finds, and that the roles it prints are what a run takes, neither more nor less.

use std::process::{Command, Stdio};
use std::time::Instant;

use crate::cluster::{Cluster, Undo, apply, cluster, kubectl, netbench, rates};
use crate::common::Ended;
use kubectl_netbench::document::{ClientMode, Run};

/// A user without any right but those of everybody.
const USER: &str = "netbench-e2e-somebody";

fn ended(mut command: Command) -> Ended {
    command.output().expect("kubectl runs").into()
}

fn check(flags: &str) -> Ended {
    ended(netbench(&format!("check {flags}")))
}

/// The roles that were given to the user, until this is dropped.
struct Roles {
    file: tempfile::NamedTempFile,
    _undo: Vec<Undo<'static>>,
}

impl Roles {
    /// Gives the user the printed roles, and binds them as their first lines say.
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

/// Runs a matrix of two nodes as a user who has what `check --rbac` prints for it and no more.
fn measure_with_printed_rights(cluster: &Cluster, flags: &str, namespace: Option<&str>) -> Run {
    measure_with_rights(cluster, "matrix", flags, flags, namespace)
}

/// Runs a command on two nodes as a user who has what `check --rbac` prints for some flags and no more.
fn measure_with_rights(
    cluster: &Cluster,
    command: &str,
    flags: &str,
    granted: &str,
    namespace: Option<&str>,
) -> Run {
    let place = namespace.map_or(String::new(), |name| format!(" -n {name}"));
    let printed = check(&format!("--rbac {granted}{place}")).expect_code(0).stdout;
    let roles = Roles::give(&printed, namespace);
    let nodes = cluster.nodes(2).join(" ");
    let checked = check(&format!("{nodes} {granted}{place} --as {USER}")).expect_code(0).stdout;
    // that it may not look at everything is another thing
    assert!(!checked.contains("! warning  rights"), "{checked}");
    let measured = netbench(&format!("{command} {nodes} -t 1s {flags}{place} --as {USER} -o json"));
    let run = ended(measured).expect_code(0).run();
    assert_eq!(rates(&run).len(), 2);
    drop(roles);
    run
}

#[test]
#[ignore = "needs a cluster: NETBENCH_E2E_KUBECONFIG"]
fn a_healthy_cluster_has_no_problems() {
    let cluster = cluster();
    let nodes = cluster.nodes(4).join(" ");
    let began = Instant::now();
    let checked = check(&format!("{nodes} -o json")).expect_code(0);
    eprintln!("checked in {:?}", began.elapsed());
    let report: serde_json::Value = serde_json::from_str(&checked.stdout).expect("it is JSON");
    assert_eq!(report["problems"], 0, "{}", checked.stdout);
    for item in report["items"].as_array().expect("a list") {
        assert_eq!(item["level"], "ok", "{item}");
    }
}

#[test]
#[ignore = "needs a cluster: NETBENCH_E2E_KUBECONFIG"]
fn the_printed_rights_are_enough_for_a_matrix() {
    assert_eq!(measure_with_printed_rights(&cluster(), "", None).parameters.placement.via, ClientMode::Exec);
}

#[test]
#[ignore = "needs a cluster: NETBENCH_E2E_KUBECONFIG"]
fn the_printed_rights_are_enough_on_the_network_of_the_nodes() {
    measure_with_printed_rights(&cluster(), "--host", None);
}

#[test]
#[ignore = "needs a cluster: NETBENCH_E2E_KUBECONFIG"]
fn the_printed_rights_are_enough_by_job() {
    let run = measure_with_printed_rights(&cluster(), "--via job --path pod,nodeport", None);
    assert_eq!(run.parameters.placement.via, ClientMode::Job);
}

#[test]
#[ignore = "needs a cluster: NETBENCH_E2E_KUBECONFIG"]
fn the_printed_rights_are_enough_in_a_given_namespace() {
    measure_with_printed_rights(&cluster(), "--path service", Some("default"));
}

#[test]
#[ignore = "needs a cluster: NETBENCH_E2E_KUBECONFIG"]
fn the_printed_rights_are_enough_for_udp_through_the_nodes_and_a_policy() {
    let cluster = cluster();
    measure_with_printed_rights(&cluster, "--udp --path nodeport", None);
    cluster.assert_nothing_left();
    measure_with_printed_rights(&cluster, "--network-policy", Some("default"));
    cluster.assert_nothing_left();
}

#[test]
#[ignore = "needs a cluster: NETBENCH_E2E_KUBECONFIG"]
fn the_printed_rights_are_enough_for_servers_that_stay() {
    let cluster = cluster();
    let _cleaned = Undo(vec!["kubectl", "netbench", "cleanup"], Vec::new());
    measure_with_printed_rights(&cluster, "--keep --path pod,service", None);
    // and are used again, with the rights of a run that keeps nothing
    let run = measure_with_printed_rights(&cluster, "--path pod,service", None);
    assert_eq!(run.cluster.expect("it was on a cluster").namespace, "netbench-kept");
}

#[test]
#[ignore = "needs a cluster: NETBENCH_E2E_KUBECONFIG"]
fn the_rights_that_the_remedy_of_a_pair_names_are_enough() {
    let cluster = cluster();
    let nodes = cluster.nodes(2).join(" ");
    let refused = cluster.run(&format!("pair {nodes} --as {USER}")).expect_code(1).stderr;
    let named = refused.lines().find_map(|line| line.split('`').find(|part| part.contains("--rbac")));
    let flags = named.and_then(|named| named.split_once("--rbac")).expect(&refused).1;
    let run = measure_with_rights(&cluster, "pair", "", flags.trim(), None);
    assert_eq!(run.parameters.placement.via, ClientMode::Job);
    cluster.assert_nothing_left();
}

#[test]
#[ignore = "needs a cluster: NETBENCH_E2E_KUBECONFIG"]
fn a_verb_that_is_taken_away_is_named() {
    let _cluster = cluster();
    let flags = "--via job -n default";
    let printed = check(&format!("--rbac {flags}")).expect_code(0).stdout;
    let roles = Roles::give(&printed, Some("default"));
    for (rule, less, told) in [
        ("verbs: [create, list, watch, delete]", "verbs: [create, list, delete]", "not watch pods in the"),
        (
            "resources: [jobs], verbs: [create, delete]",
            "resources: [jobs], verbs: [delete]",
            "not create jobs.batch",
        ),
    ] {
        assert!(printed.contains(rule), "{printed}");
        roles.apply(&printed.replace(rule, less));
        let checked = check(&format!("{flags} --as {USER}")).expect_code(3).stdout;
        assert!(checked.contains(told), "{checked}");
        assert!(checked.contains("\n1 problem, 1 warning.\n"), "{checked}");
    }
    drop(roles);
}

#[test]
#[ignore = "needs a cluster: NETBENCH_E2E_KUBECONFIG"]
fn what_stands_in_the_way_in_a_namespace_is_told() {
    let cluster = cluster();
    let nodes = cluster.nodes(4).join(" ");
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
    for told in [
        "few has 0 of 3 pods in use, and the run needs 4",
        "few demands a limit of cpu of each pod",
        "deny keeps clients from the servers (TCP 5201)",
    ] {
        assert!(checked.contains(told), "{told}: {checked}");
    }
    drop(removed);
}

#[test]
#[ignore = "needs a cluster: NETBENCH_E2E_KUBECONFIG"]
fn a_port_that_another_run_has_is_named() {
    let cluster = cluster();
    let nodes = cluster.nodes(2).join(" ");
    let mut other = netbench(&format!("matrix {nodes} --host -t 4s -q"))
        .stdout(Stdio::null())
        .spawn()
        .expect("kubectl starts");
    let give_up = Instant::now() + std::time::Duration::from_secs(20);
    let told = loop {
        let checked = check(&format!("{nodes} --host"));
        if checked.stdout.contains("5201 is used on") || Instant::now() >= give_up {
            break checked;
        }
    };
    let ended = other.wait().expect("it ends");
    told.expect_code(3);
    assert!(ended.success());
    cluster.assert_nothing_left();
}
