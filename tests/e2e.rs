//! The real program on a real cluster, called by kubectl as a plugin.
//!
//! `NETBENCH_E2E_KUBECONFIG` names the cluster: one of four Linux nodes at least, whose user may do
//! everything. Optional:
//! - `NETBENCH_E2E_IMAGE`: an image that its nodes have or can pull; the program's own default
//!   otherwise;
//! - `NETBENCH_E2E_SHAPE`: a command that takes a node and a rate (`200mbit`, `none`) and limits
//!   what the node sends and receives.
//!
//! `cargo test --test e2e -- --ignored` runs them, one after the other: they share the network.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test or benchmark ends by a panic, and talks to whoever runs it"
)]

mod common;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use common::{Ended, signal};
use kubectl_netbench::document::{self, Outcome, Run, State, Via};

/// One test at a time, on a cluster that has nothing of ours before and after.
struct Cluster(#[expect(dead_code, reason = "held until the test ends")] MutexGuard<'static, ()>);

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn cluster() -> Cluster {
    let guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let cluster = Cluster(guard);
    cluster.assert_nothing_left();
    cluster
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn kubectl(arguments: &[&str]) -> Ended {
    command("kubectl").args(arguments).output().expect("kubectl runs").into()
}

/// A program that sees the cluster, with the plugin on its PATH.
fn command(program: &str) -> Command {
    let kubeconfig = variable("NETBENCH_E2E_KUBECONFIG").expect("NETBENCH_E2E_KUBECONFIG names a kubeconfig");
    let plugin = Path::new(env!("CARGO_BIN_EXE_kubectl-netbench")).parent().expect("it is in a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new(program);
    command.env("KUBECONFIG", kubeconfig).env("PATH", format!("{}:{path}", plugin.display()));
    command.env_remove("NETBENCH_IMAGE").env_remove("NO_COLOR").stdin(Stdio::null());
    if let Some(image) = variable("NETBENCH_E2E_IMAGE") {
        command.env("NETBENCH_IMAGE", image);
    }
    command
}

fn netbench(arguments: &str) -> Command {
    let mut command = command("kubectl");
    command.arg("netbench").args(arguments.split_whitespace());
    command
}

impl Cluster {
    fn run(&self, arguments: &str) -> Ended {
        let ended = netbench(arguments).output().expect("kubectl runs").into();
        self.assert_nothing_left();
        ended
    }

    /// The names of the first `count` nodes.
    #[expect(clippy::unused_self, reason = "only who holds the cluster may ask")]
    fn nodes(&self, count: usize) -> Vec<String> {
        let nodes = kubectl(&["get", "nodes", "-o", "name"]).expect_code(0);
        let names: Vec<String> =
            nodes.stdout.lines().map(|line| line.trim_start_matches("node/").to_owned()).collect();
        assert!(names.len() >= count, "the cluster has fewer than {count} nodes");
        names[..count].to_vec()
    }

    /// Objects of ours that are left, given a moment in which those that are being removed go.
    #[track_caller]
    #[expect(clippy::unused_self, reason = "only who holds the cluster may ask")]
    fn assert_nothing_left(&self) {
        let given_up = Instant::now() + Duration::from_secs(5);
        let kinds = "namespaces,pods,jobs,configmaps,services";
        loop {
            let label = "app.kubernetes.io/managed-by=kubectl-netbench";
            let left = kubectl(&["get", kinds, "-A", "-l", label, "-o", "name"]).expect_code(0).stdout;
            if left.is_empty() {
                return;
            }
            assert!(Instant::now() < given_up, "left behind:\n{left}");
            std::thread::sleep(Duration::from_millis(500));
        }
    }
}

/// Undoes something when the test ends, however it ends.
struct Undo(Vec<&'static str>, Vec<String>);

impl Drop for Undo {
    fn drop(&mut self) {
        let words: Vec<&str> = self.0.iter().copied().chain(self.1.iter().map(String::as_str)).collect();
        let _ = command(words[0]).args(&words[1..]).output();
    }
}

fn rates(run: &Run) -> BTreeMap<(String, String), f64> {
    let rate = |test: &document::TestRecord| match &test.outcome {
        Outcome::Ok(_) => test.outcome.throughput().expect("it measures throughput").bits_per_second,
        Outcome::Failed(failure) => panic!("{} → {}: {}", test.client, test.server, failure.reason),
    };
    run.tests.iter().map(|test| ((test.client.clone(), test.server.clone()), rate(test))).collect()
}

/// The longest time between the end of a slot and the start of the next.
fn longest_pause(run: &Run) -> Duration {
    let slots = run.tests.iter().map(|test| test.slot).max().unwrap_or(0);
    let of_slot = |slot: usize| run.tests.iter().filter(move |test| test.slot == slot);
    let pauses = (1..slots).map(|slot| {
        let ended = of_slot(slot).map(|test| test.finished_at).max().expect("a slot has tests");
        let began = of_slot(slot + 1).map(|test| test.started_at).min().expect("a slot has tests");
        Duration::try_from(began.duration_since(ended)).expect("slots don't overlap")
    });
    pauses.max().unwrap_or_default()
}

#[test]
#[ignore = "needs a cluster: NETBENCH_E2E_KUBECONFIG"]
fn a_matrix_by_exec_has_every_pair_once_and_no_pauses() {
    let cluster = cluster();
    let nodes = cluster.nodes(4).join(" ");
    let run = cluster.run(&format!("matrix {nodes} -t 2s -o json")).expect_code(0).run();
    assert_eq!((run.state, run.parameters.via), (State::Complete, Via::Exec));
    assert_eq!(run.tests.len(), 12);
    assert_eq!(rates(&run).len(), 12);
    assert_eq!(run.tests.iter().map(|test| test.slot).max(), Some(6));
    assert!(longest_pause(&run) <= Duration::from_millis(500), "{:?}", longest_pause(&run));
    for node in &run.nodes {
        assert!(node.kernel.is_some() && node.kubelet.is_some() && node.architecture.is_some());
        assert!(node.iperf3.is_some());
    }
    assert!(run.versions.kubernetes.as_deref().is_some_and(|version| version.starts_with('v')));
}

#[test]
#[ignore = "needs a cluster: NETBENCH_E2E_KUBECONFIG"]
fn a_matrix_by_job_measures_the_same_and_leaves_a_given_namespace_as_it_was() {
    let cluster = cluster();
    let nodes = cluster.nodes(4).join(" ");
    let mine = Undo(vec!["kubectl", "delete", "namespace", "netbench-e2e-mine"], Vec::new());
    kubectl(&["create", "namespace", "netbench-e2e-mine"]).expect_code(0);
    kubectl(&["-n", "netbench-e2e-mine", "create", "configmap", "precious", "--from-literal=a=b"])
        .expect_code(0);
    let run = cluster
        .run(&format!("matrix {nodes} -t 1s --via job -n netbench-e2e-mine -o json"))
        .expect_code(0)
        .run();
    assert_eq!(run.parameters.via, Via::Job);
    assert_eq!(rates(&run).len(), 12);
    assert!(
        run.tests
            .iter()
            .all(|test| test.outcome.throughput().is_some_and(|figures| !figures.samples.is_empty()))
    );
    kubectl(&["-n", "netbench-e2e-mine", "get", "configmap", "precious"]).expect_code(0);
    drop(mine);
}

#[test]
#[ignore = "needs a cluster: NETBENCH_E2E_KUBECONFIG"]
fn a_pair_on_the_host_network_shows_both_directions() {
    let cluster = cluster();
    let nodes = cluster.nodes(2);
    let ended = cluster.run(&format!("pair {} --host -t 1s", nodes.join(" "))).expect_code(0);
    let ways: Vec<Vec<&str>> =
        ended.stdout.lines().skip(1).map(|line| line.split_whitespace().take(2).collect()).collect();
    assert_eq!(ways, [[&nodes[0], &nodes[1]], [&nodes[1], &nodes[0]]]);
    let run = cluster.run(&format!("pair {} --host -t 1s -o json", nodes.join(" "))).expect_code(0).run();
    assert_eq!(
        (run.parameters.paths.as_slice(), run.parameters.via),
        (&[document::Path::Host][..], Via::Job)
    );
}

#[test]
#[ignore = "needs a cluster: NETBENCH_E2E_KUBECONFIG"]
fn a_slow_node_is_measured_exactly_and_stands_out() {
    let cluster = cluster();
    let Some(shape) = variable("NETBENCH_E2E_SHAPE") else {
        eprintln!("not measured: NETBENCH_E2E_SHAPE is not set");
        return;
    };
    let nodes = cluster.nodes(4);
    let shape =
        |rate: &str| Command::new("sh").args(["-c", &format!("{shape} {} {rate}", nodes[2])]).status();
    assert!(shape("200mbit").expect("sh runs").success());
    let ended = cluster.run(&format!("matrix {} -t 3s -o json", nodes.join(" ")));
    let drawn = cluster.run(&format!("matrix {} -t 1s", nodes[..3].join(" ")));
    assert!(shape("none").expect("sh runs").success());
    for ((client, server), rate) in rates(&ended.expect_code(0).run()) {
        if client == nodes[2] || server == nodes[2] {
            assert!((0.18e9..=0.21e9).contains(&rate), "{client} → {server}: {rate}");
        } else {
            assert!(rate > 0.5e9, "{client} → {server}: {rate}");
        }
    }
    assert!(drawn.expect_code(0).stdout.contains("Slowest: "));
}

#[test]
#[ignore = "needs a cluster: NETBENCH_E2E_KUBECONFIG"]
fn an_image_that_does_not_exist_fails_soon_in_the_clusters_words() {
    let cluster = cluster();
    let began = Instant::now();
    let ended = cluster.run("matrix -t 1s --image localhost/nosuch:1").expect_code(1);
    assert!(began.elapsed() < Duration::from_secs(60));
    assert!(ended.stderr.contains("its image cannot be pulled"), "{}", ended.stderr);
    assert!(ended.stderr.contains("localhost/nosuch:1"), "{}", ended.stderr);
    assert!(ended.stderr.contains("to do:   check --image"), "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
}

#[test]
#[ignore = "needs a cluster: NETBENCH_E2E_KUBECONFIG"]
fn a_tainted_node_is_left_out_by_name_and_used_when_named() {
    let cluster = cluster();
    let nodes = cluster.nodes(3);
    let tainted = &nodes[2];
    kubectl(&["taint", "node", tainted, "netbench.dev/e2e=x:NoSchedule"]).expect_code(0);
    let lifted =
        Undo(vec!["kubectl", "taint", "node"], vec![tainted.clone(), "netbench.dev/e2e-".to_owned()]);
    let ended = cluster.run("matrix -t 1s -o json").expect_code(0);
    let remark = format!("{tainted} left out: has the taint netbench.dev/e2e=x:NoSchedule");
    assert!(ended.stderr.contains(&remark), "{}", ended.stderr);
    let run = ended.run();
    assert!(run.nodes.iter().all(|node| node.name != *tainted));
    assert_eq!(run.left_out[0].name, *tainted);

    let run = cluster.run(&format!("pair {} {tainted} -t 1s -o json", nodes[0])).expect_code(0).run();
    assert_eq!(rates(&run).len(), 2);
    drop(lifted);
}

#[test]
#[ignore = "needs a cluster: NETBENCH_E2E_KUBECONFIG"]
fn a_user_without_rights_is_told_which_one_is_missing() {
    let cluster = cluster();
    let ended = cluster.run("matrix -t 1s --as nobody-in-particular").expect_code(1);
    assert!(ended.stderr.contains("cannot list resource \"nodes\""), "{}", ended.stderr);
    assert!(ended.stderr.contains("to do:"), "{}", ended.stderr);
}

/// What `matrix --namespace` needs, but for exec.
const RIGHTS_WITHOUT_EXEC: &str = r#"
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: netbench-e2e-nodes}
rules:
- {apiGroups: [""], resources: [nodes], verbs: [list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: netbench-e2e-nodes}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: netbench-e2e-nodes}
subjects: [{kind: User, name: netbench-e2e-user}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: netbench-e2e, namespace: default}
rules:
- {apiGroups: [""], resources: [configmaps], verbs: [create, get, delete]}
- {apiGroups: [""], resources: [pods], verbs: [create, list, watch, delete]}
- {apiGroups: [""], resources: [pods/log], verbs: [get]}
- {apiGroups: [batch], resources: [jobs], verbs: [create, delete]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: netbench-e2e, namespace: default}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: netbench-e2e}
subjects: [{kind: User, name: netbench-e2e-user}]
"#;

#[test]
#[ignore = "needs a cluster: NETBENCH_E2E_KUBECONFIG"]
fn without_the_right_to_exec_a_matrix_uses_jobs() {
    let cluster = cluster();
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), RIGHTS_WITHOUT_EXEC).expect("it can be written");
    let file = file.path().to_str().expect("its path is text").to_owned();
    let removed = Undo(vec!["kubectl", "delete", "-f"], vec![file.clone()]);
    kubectl(&["apply", "-f", &file]).expect_code(0);
    let nodes = cluster.nodes(2).join(" ");
    let arguments = format!("matrix {nodes} -t 1s -n default --as netbench-e2e-user -o json");
    let run = cluster.run(&arguments).expect_code(0).run();
    assert_eq!(run.parameters.via, Via::Job);
    assert_eq!(rates(&run).len(), 2);
    drop(removed);
}

#[test]
#[ignore = "needs a cluster: NETBENCH_E2E_KUBECONFIG"]
fn a_quota_fails_the_cells_of_the_nodes_that_got_no_pod() {
    let cluster = cluster();
    let nodes = cluster.nodes(4).join(" ");
    let removed = Undo(vec!["kubectl", "delete", "namespace", "netbench-e2e-quota"], Vec::new());
    kubectl(&["create", "namespace", "netbench-e2e-quota"]).expect_code(0);
    kubectl(&["-n", "netbench-e2e-quota", "create", "quota", "q", "--hard=pods=3"]).expect_code(0);
    let arguments = format!("matrix {nodes} -t 1s -n netbench-e2e-quota --via exec -o json");
    let ended = cluster.run(&arguments).expect_code(3);
    let run = ended.run();
    let failed = run.tests.iter().filter(
        |test| matches!(&test.outcome, Outcome::Failed(failure) if failure.reason.contains("exceeded quota")),
    );
    assert_eq!((run.tests.len(), failed.count()), (12, 6));
    drop(removed);
}

#[test]
#[ignore = "needs a cluster: NETBENCH_E2E_KUBECONFIG"]
fn a_host_port_that_is_taken_is_named() {
    let cluster = cluster();
    let nodes = cluster.nodes(3);
    let image =
        variable("NETBENCH_E2E_IMAGE").unwrap_or_else(|| "docker.io/nicolaka/netshoot:v0.16".to_owned());
    let removed = Undo(vec!["kubectl", "delete", "pod", "netbench-e2e-port", "--grace-period=1"], Vec::new());
    // its port is not declared: the scheduler knows nothing of it
    let overrides = format!(
        r#"{{"spec": {{"hostNetwork": true, "affinity": {{"nodeAffinity": {{"requiredDuringSchedulingIgnoredDuringExecution":
        {{"nodeSelectorTerms": [{{"matchFields": [{{"key": "metadata.name", "operator": "In", "values": ["{}"]}}]}}]}}}}}}}}}}"#,
        nodes[1]
    );
    kubectl(&[
        "run",
        "netbench-e2e-port",
        "--restart=Never",
        "--image",
        &image,
        "--overrides",
        &overrides,
        "--command",
        "--",
        "iperf3",
        "-s",
        "-p",
        "5301",
    ])
    .expect_code(0);
    kubectl(&["wait", "pod/netbench-e2e-port", "--for=condition=Ready", "--timeout=60s"]).expect_code(0);
    let ended = cluster.run(&format!("matrix {} --host --port 5301 -t 1s", nodes.join(" "))).expect_code(3);
    assert!(ended.stderr.contains(&format!("{} cannot be measured", nodes[1])), "{}", ended.stderr);
    assert!(ended.stdout.contains("Address already in use"), "{}", ended.stdout);
    assert!(ended.stdout.contains("--port"), "{}", ended.stdout);
    drop(removed);
}

fn start(arguments: &str) -> Child {
    netbench(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("kubectl runs")
}

#[test]
#[ignore = "needs a cluster: NETBENCH_E2E_KUBECONFIG"]
fn interrupts_at_any_moment_print_what_was_measured_and_leave_nothing() {
    let cluster = cluster();
    let nodes = cluster.nodes(4).join(" ");
    let ways = ["", "--via job", "--host", "-n default"];
    let moments = variable("NETBENCH_E2E_INTERRUPTS").and_then(|count| count.parse().ok()).unwrap_or(10);
    for number in 0..moments {
        let way = ways[number % ways.len()];
        let after = Duration::from_millis(rand::random_range(50..9000));
        let child = start(&format!("matrix {nodes} -t 1s {way}"));
        std::thread::sleep(after);
        signal(child.id(), "INT");
        let ended = Ended::from(child.wait_with_output().expect("it ends"));
        let context = format!("{way} after {after:?}\n{}\n{}", ended.stdout, ended.stderr);
        println!("{}", context.lines().next().unwrap_or_default());
        let done = ended.stderr.lines().filter(|line| line.starts_with('[')).count();
        match ended.code {
            // it was over, or had not begun to make anything
            Some(0) => assert_eq!(done, 12, "{context}"),
            None => assert_eq!(done, 0, "{context}"),
            Some(130) if done == 12 => {}
            Some(130) if ended.stdout.is_empty() => assert_eq!(done, 0, "{context}"),
            Some(130) => {
                let partial = format!("Partial: the run was ended after {done} of 12 tests.");
                assert!(ended.stdout.contains(&partial), "{context}");
            }
            code => panic!("{code:?} {context}"),
        }
        cluster.assert_nothing_left();
    }
}

#[test]
#[ignore = "needs a cluster: NETBENCH_E2E_KUBECONFIG"]
fn a_second_interrupt_quits_at_once_and_prints_the_command_that_cleans_up() {
    let cluster = cluster();
    let nodes = cluster.nodes(2).join(" ");
    for way in ["", "-n default"] {
        let child = start(&format!("matrix {nodes} -t 60s {way}"));
        std::thread::sleep(Duration::from_secs(5));
        let began = Instant::now();
        signal(child.id(), "INT");
        std::thread::sleep(Duration::from_millis(20));
        signal(child.id(), "INT");
        let ended = Ended::from(child.wait_with_output().expect("it ends")).expect_code(130);
        assert!(began.elapsed() < Duration::from_secs(2));
        let removal =
            ended.stderr.lines().find(|line| line.trim_start().starts_with("kubectl ")).expect("a command");
        assert!(command("sh").args(["-c", removal]).output().expect("sh runs").status.success());
        std::thread::sleep(Duration::from_secs(20));
        cluster.assert_nothing_left();
    }
}
