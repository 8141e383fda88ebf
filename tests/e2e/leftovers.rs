//! Leftovers of dead runs are detected, distinguished from runs in progress, and removed.

use std::process::Child;

use crate::cluster::{LABEL, Undo, begun, cluster, command, kubectl, netbench};
use crate::common::{Ended, signal};

fn killed(run: Child) {
    signal(run.id(), "KILL");
    run.wait_with_output().expect("it ends");
}

fn run(arguments: &str) -> Ended {
    netbench(arguments).output().expect("kubectl runs").into()
}

#[test]
#[ignore = "needs a cluster: NETBENCH_E2E_KUBECONFIG"]
fn leftovers_of_killed_runs_are_removed_and_runs_in_progress_are_not() {
    let cluster = cluster();
    let nodes = cluster.nodes(2).join(" ");
    let own = begun(&format!("matrix {nodes}"));
    let given = begun(&format!("pair {nodes} -n default"));
    killed(own);
    let seen = run("cleanup --dry-run");
    let would = |line: &&str| line.starts_with("would remove the namespace netbench-");
    let alone =
        |line: &&str| line.starts_with("left alone: what run ") && line.contains("in the namespace default");
    assert!(seen.stdout.lines().any(|line| would(&line)), "{}", seen.stdout);
    assert!(seen.stdout.lines().any(|line| alone(&line)), "{}", seen.stdout);
    let young = run("cleanup --older-than 1h");
    assert_eq!(young.stdout, "nothing to remove\n");
    let beside = run(&format!("pair {nodes} -t 1s"));
    let is_reported = beside.stderr.contains("another run is going on in the namespace default, begun ");
    assert!(is_reported, "{}", beside.stderr);
    killed(given);
    let next = run(&format!("matrix {nodes} -t 1s --no-confirm"));
    let reported =
        next.stderr.lines().filter(|line| line.starts_with("a run that is over has left something"));
    assert_eq!(reported.count(), 2, "{}", next.stderr);
    let cleaned = run("cleanup");
    let removed = cleaned.stdout.lines().filter(|line| line.starts_with("removed "));
    assert_eq!(removed.count(), 2, "{}", cleaned.stdout);
    cluster.assert_nothing_left();
    assert_eq!(run("cleanup").stdout, "nothing to remove\n");
}

/// Objects of a version with fewer labels, in the namespace of another user.
#[test]
#[ignore = "needs a cluster: NETBENCH_E2E_KUBECONFIG"]
fn objects_of_other_versions_are_found_by_one_label() {
    let cluster = cluster();
    let name = "netbench-of-another-version";
    let _undo = Undo(vec!["kubectl", "delete", "configmap", "-n", "kube-public"], vec![name.to_owned()]);
    kubectl(&["create", "configmap", name, "-n", "kube-public"]).expect_code(0);
    kubectl(&["label", "configmap", name, "-n", "kube-public", LABEL]).expect_code(0);
    let young = run("cleanup");
    assert!(young.stdout.starts_with("left alone: what a run, begun "), "{}", young.stdout);
    let all = run("cleanup --all");
    assert!(all.stdout.ends_with("in the namespace kube-public: 1 ConfigMap\n"), "{}", all.stdout);
    cluster.assert_nothing_left();
}

#[test]
#[ignore = "needs a cluster: NETBENCH_E2E_KUBECONFIG"]
fn finalizer_that_blocks_a_namespace_is_named() {
    let cluster = cluster();
    let nodes = cluster.nodes(2).join(" ");
    let matrix = begun(&format!("matrix {nodes}"));
    let pod = kubectl(&[
        "get",
        "pods",
        "-A",
        "-l",
        LABEL,
        "-o",
        "jsonpath={.items[0].metadata.namespace}/{.items[0].metadata.name}",
    ]);
    let (namespace, name) = pod.stdout.split_once('/').expect("there is a pod");
    let hold = |finalizers: &str| {
        let patch = format!("{{\"metadata\":{{\"finalizers\":{finalizers}}}}}");
        kubectl(&["patch", "pod", name, "-n", namespace, "--type=merge", "-p", &patch])
    };
    hold("[\"example.org/hold\"]").expect_code(0);
    signal(matrix.id(), "INT");
    let ended = Ended::from(matrix.wait_with_output().expect("it ends"));
    hold("null").expect_code(0);
    let _ =
        command("kubectl").args(["wait", "--for=delete", "namespace", namespace, "--timeout=30s"]).output();
    cluster.assert_nothing_left();
    let stderr = &ended.stderr;
    assert!(
        stderr.contains(&format!("the objects of the run in the namespace {namespace} are not gone")),
        "{stderr}"
    );
    assert!(stderr.contains(&format!("the pod {name} has the finalizer example.org/hold")), "{stderr}");
    assert!(stderr.contains("remove what is left: kubectl"), "{stderr}");
}
