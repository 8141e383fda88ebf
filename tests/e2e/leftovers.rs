//! Leftovers of killed runs are found, distinguished from runs in progress, and deleted.

use std::process::Child;

use crate::cluster::{Cluster, LABEL, Undo, begun, first_nodes, kubectl, run_netbench};
use crate::common::{Ended, signal};

fn killed(run: Child) {
    signal(run.id(), "KILL");
    run.wait_with_output().expect("it ends");
}

pub fn what_killed_runs_have_left_is_told_from_what_goes_on_and_removed(cluster: &Cluster) {
    let nodes = first_nodes(2).join(" ");
    let (own, _) = begun(&format!("matrix {nodes}"));
    let (given, _) = begun(&format!("pair {nodes} -n default"));
    killed(own);
    let seen = run_netbench("cleanup --dry-run");
    let would = |line: &&str| line.starts_with("would delete namespace netbench-");
    let alone =
        |line: &&str| line.starts_with("skipped objects of run ") && line.contains("in namespace default");
    assert!(seen.stdout.lines().any(|line| would(&line)), "{}", seen.stdout);
    assert!(seen.stdout.lines().any(|line| alone(&line)), "{}", seen.stdout);
    let young = run_netbench("cleanup --older-than 1h");
    assert_eq!(young.stdout, "no leftovers found\n");
    let beside = run_netbench(&format!("pair {nodes} -t 1s"));
    let is_reported = beside.stderr.contains("another run is in progress in namespace default, started ");
    assert!(is_reported, "{}", beside.stderr);
    killed(given);
    let next = run_netbench(&format!("matrix {nodes} -t 1s --no-confirm"));
    let reported = next.stderr.lines().filter(|line| line.starts_with("found leftovers of an earlier run"));
    assert_eq!(reported.count(), 2, "{}", next.stderr);
    let cleaned = run_netbench("cleanup");
    let removed = cleaned.stdout.lines().filter(|line| line.starts_with("deleted "));
    assert_eq!(removed.count(), 2, "{}", cleaned.stdout);
    cluster.assert_nothing_left();
    assert_eq!(run_netbench("cleanup").stdout, "no leftovers found\n");
}

/// Objects with the labels of an older version, in a namespace that the run did not create.
pub fn what_other_versions_have_made_is_found_by_its_label_alone(cluster: &Cluster) {
    let name = "netbench-of-another-version";
    let _undo = Undo(vec!["kubectl", "delete", "configmap", "-n", "kube-public"], vec![name.to_owned()]);
    kubectl(&["create", "configmap", name, "-n", "kube-public"]).expect_code(0);
    kubectl(&["label", "configmap", name, "-n", "kube-public", LABEL]).expect_code(0);
    let young = run_netbench("cleanup");
    assert!(
        young.stdout.starts_with("skipped objects of a run in namespace kube-public, started "),
        "{}",
        young.stdout
    );
    let all = run_netbench("cleanup --all");
    assert!(all.stdout.ends_with("ago (1 ConfigMap)\n"), "{}", all.stdout);
    cluster.assert_nothing_left();
}

pub fn what_holds_a_namespace_is_named() {
    let nodes = first_nodes(2).join(" ");
    let (matrix, pods) = begun(&format!("matrix {nodes}"));
    let name = "jsonpath={.items[0].metadata.namespace}/{.items[0].metadata.name}";
    let pod = kubectl(&["get", "pods", "-A", "-l", &pods, "-o", name]);
    let (namespace, name) = pod.stdout.split_once('/').expect("there is a pod");
    let hold = |finalizers: &str| {
        let patch = format!("{{\"metadata\":{{\"finalizers\":{finalizers}}}}}");
        kubectl(&["patch", "pod", name, "-n", namespace, "--type=merge", "-p", &patch])
    };
    hold("[\"example.org/hold\"]").expect_code(0);
    signal(matrix.id(), "INT");
    let ended = Ended::from(matrix.wait_with_output().expect("it ends"));
    hold("null").expect_code(0);
    let deleted = kubectl(&["wait", "--for=delete", "namespace", namespace, "--timeout=30s"]);
    assert!(deleted.code == Some(0) || deleted.stderr.contains("not found"), "{}", deleted.stderr);
    let error = &ended.stderr;
    assert!(
        error.contains(&format!("the objects of the run in namespace {namespace} still exist")),
        "{error}"
    );
    assert!(error.contains(&format!("the pod {name} has the finalizer example.org/hold")), "{error}");
    assert!(error.contains("delete the remaining objects: kubectl"), "{error}");
}
