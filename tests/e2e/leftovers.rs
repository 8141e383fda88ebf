//! Leftovers of killed runs are found, distinguished from runs in progress, and deleted.

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

pub fn what_killed_runs_have_left_is_told_from_what_goes_on_and_removed() {
    let cluster = cluster();
    let nodes = cluster.nodes(2).join(" ");
    let own = begun(&format!("matrix {nodes}"));
    let given = begun(&format!("pair {nodes} -n default"));
    killed(own);
    let seen = run("cleanup --dry-run");
    let would = |line: &&str| line.starts_with("would delete namespace netbench-");
    let alone =
        |line: &&str| line.starts_with("skipped objects of run ") && line.contains("in namespace default");
    assert!(seen.stdout.lines().any(|line| would(&line)), "{}", seen.stdout);
    assert!(seen.stdout.lines().any(|line| alone(&line)), "{}", seen.stdout);
    let young = run("cleanup --older-than 1h");
    assert_eq!(young.stdout, "no leftovers found\n");
    let beside = run(&format!("pair {nodes} -t 1s"));
    let is_reported = beside.stderr.contains("another run is in progress in namespace default, started ");
    assert!(is_reported, "{}", beside.stderr);
    killed(given);
    let next = run(&format!("matrix {nodes} -t 1s --no-confirm"));
    let reported = next.stderr.lines().filter(|line| line.starts_with("found leftovers of an earlier run"));
    assert_eq!(reported.count(), 2, "{}", next.stderr);
    let cleaned = run("cleanup");
    let removed = cleaned.stdout.lines().filter(|line| line.starts_with("deleted "));
    assert_eq!(removed.count(), 2, "{}", cleaned.stdout);
    cluster.assert_nothing_left();
    assert_eq!(run("cleanup").stdout, "no leftovers found\n");
}

/// Objects with the labels of an older version, in a namespace that the run did not create.
pub fn what_other_versions_have_made_is_found_by_its_label_alone() {
    let cluster = cluster();
    let name = "netbench-of-another-version";
    let _undo = Undo(vec!["kubectl", "delete", "configmap", "-n", "kube-public"], vec![name.to_owned()]);
    kubectl(&["create", "configmap", name, "-n", "kube-public"]).expect_code(0);
    kubectl(&["label", "configmap", name, "-n", "kube-public", LABEL]).expect_code(0);
    let young = run("cleanup");
    assert!(
        young.stdout.starts_with("skipped objects of a run in namespace kube-public, started "),
        "{}",
        young.stdout
    );
    let all = run("cleanup --all");
    assert!(all.stdout.ends_with("ago (1 ConfigMap)\n"), "{}", all.stdout);
    cluster.assert_nothing_left();
}

pub fn what_holds_a_namespace_is_named() {
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
    let error = &ended.stderr;
    assert!(
        error.contains(&format!("the objects of the run in namespace {namespace} still exist")),
        "{error}"
    );
    assert!(error.contains(&format!("the pod {name} has the finalizer example.org/hold")), "{error}");
    assert!(error.contains("delete the remaining objects: kubectl"), "{error}");
}
