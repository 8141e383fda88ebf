//! Whole runs: their results, and what prevents them.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::cluster::{
    Cluster, Undo, first_nodes, kubectl, longest_pause, netbench, rates, run_netbench, shaped, variable,
};
use crate::common::signal;
use kubectl_netbench::document::{self, ClientMode, Confirmation, FindingKind, Outcome, State};

pub fn matrix_by_exec_has_every_pair_once_and_no_pauses(cluster: &Cluster) {
    let nodes = first_nodes(4).join(" ");
    let run = cluster.run(&format!("matrix {nodes} -t 2s -o json")).expect_code(0).run();
    assert_eq!((run.state, run.parameters.placement.via), (State::Complete, ClientMode::Exec));
    assert_eq!(run.tests.len(), 12);
    assert_eq!(rates(&run).len(), 12);
    assert_eq!(run.tests.iter().map(|test| test.slot).max(), Some(6));
    assert!(longest_pause(&run) <= Duration::from_millis(500), "{:?}", longest_pause(&run));
    for node in &run.nodes {
        assert!(node.kernel.is_some() && node.kubelet.is_some() && node.architecture.is_some());
        assert!(node.engines.get(document::EngineId::Iperf3).is_some());
    }
    assert!(run.versions.kubernetes.as_deref().is_some_and(|version| version.starts_with('v')));
}

pub fn matrix_by_job_leaves_a_given_namespace_unchanged() {
    let nodes = first_nodes(4).join(" ");
    let mine = Undo(vec!["kubectl", "delete", "namespace", "netbench-e2e-mine"], Vec::new());
    kubectl(&["create", "namespace", "netbench-e2e-mine"]).expect_code(0);
    kubectl(&["-n", "netbench-e2e-mine", "create", "configmap", "precious", "--from-literal=a=b"])
        .expect_code(0);
    let run = run_netbench(&format!("matrix {nodes} -t 1s --via job -n netbench-e2e-mine -o json"))
        .expect_code(0)
        .run();
    assert_eq!(run.parameters.placement.via, ClientMode::Job);
    assert_eq!(rates(&run).len(), 12);
    assert!(
        run.tests
            .iter()
            .all(|test| test.outcome.throughput().is_some_and(|figures| !figures.samples.is_empty()))
    );
    kubectl(&["-n", "netbench-e2e-mine", "get", "configmap", "precious"]).expect_code(0);
    drop(mine);
}

pub fn pair_on_the_host_network_shows_both_directions(cluster: &Cluster) {
    let nodes = first_nodes(2);
    let ended = cluster.run(&format!("pair {} --host -t 1s", nodes.join(" "))).expect_code(0);
    let ways: Vec<Vec<&str>> =
        ended.stdout.lines().skip(1).take(2).map(|line| line.split_whitespace().take(2).collect()).collect();
    assert_eq!(ways, [[&nodes[0], &nodes[1]], [&nodes[1], &nodes[0]]]);
    let run = cluster.run(&format!("pair {} --host -t 1s -o json", nodes.join(" "))).expect_code(0).run();
    assert_eq!(
        (run.parameters.placement.paths.as_slice(), run.parameters.placement.via),
        (&[document::Path::Host][..], ClientMode::Job)
    );
}

pub fn slow_node_is_measured_exactly_and_reported(cluster: &Cluster) {
    let nodes = first_nodes(4);
    let slow = shaped("NETBENCH_E2E_SHAPE", &nodes[2], "200mbit");
    let ended = cluster.run(&format!("matrix {} -t 3s -o json", nodes.join(" ")));
    let drawn = cluster.run(&format!("matrix {} -t 1s", nodes[..3].join(" ")));
    drop(slow);
    let run = ended.expect_code(0).run();
    for ((client, server), rate) in rates(&run) {
        if client == nodes[2] || server == nodes[2] {
            assert!((0.18e9..=0.21e9).contains(&rate), "{client} → {server}: {rate}");
        } else {
            assert!(rate > 0.5e9, "{client} → {server}: {rate}");
        }
    }
    let finding = &run.findings[0];
    assert_eq!(
        (finding.kind, finding.subjects.as_slice(), finding.confirmation),
        (FindingKind::SlowNode, &nodes[2..3], Some(Confirmation::Confirmed)),
        "{}",
        finding.sentence
    );
    assert!(!run.retests.is_empty());
    let drawn = drawn.expect_code(0).stdout;
    assert!(drawn.contains("Slowest: ") && drawn.contains("Findings:"), "{drawn}");
}

pub fn node_that_only_sends_slowly_is_reported_with_its_direction(cluster: &Cluster) {
    let nodes = first_nodes(4);
    let slow = shaped("NETBENCH_E2E_SHAPE_OVERLAY", &nodes[2], "200mbit");
    let ended = cluster.run(&format!("matrix {} -t 2s -o json", nodes.join(" ")));
    drop(slow);
    let run = ended.expect_code(0).run();
    let finding = &run.findings[0];
    assert_eq!(
        (finding.kind, finding.subjects.as_slice(), finding.confirmation),
        (FindingKind::SlowSender, &nodes[2..3], Some(Confirmation::Confirmed)),
        "{}",
        finding.sentence
    );
    assert!(
        finding.sentence.contains("it receives normally; confirmed when retested in isolation: "),
        "{}",
        finding.sentence
    );
}

/// Container runtimes write a report of this length in pieces.
pub fn hundred_streams_are_measured_by_job() {
    let nodes = first_nodes(2).join(" ");
    let run = run_netbench(&format!("pair {nodes} -P 100 -t 2s --no-confirm -o json")).expect_code(0).run();
    assert_eq!(run.parameters.placement.via, ClientMode::Job);
    assert_eq!(rates(&run).len(), 2);
}

pub fn interrupted_run_is_resumed_with_its_nodes_and_flags(cluster: &Cluster) {
    let nodes = first_nodes(3);
    let child = netbench(&format!("matrix {} --host -t 1s -q", nodes.join(" ")))
        .stdout(Stdio::null())
        .spawn()
        .expect("kubectl starts");
    std::thread::sleep(Duration::from_secs(6));
    signal(child.id(), "INT");
    let _ = child.wait_with_output();
    cluster.assert_nothing_left();
    let listed = netbench("runs -o json").output().expect("kubectl runs");
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).expect("it is JSON");
    let newest = &listed[0];
    let made = newest["tests"].as_u64().expect("a number");
    assert!((1..6).contains(&made), "{newest}");
    let ended = cluster.run("matrix --resume latest --no-confirm -o json").expect_code(0);
    let run = ended.run();
    assert_eq!(
        (run.tests.len(), run.parameters.placement.paths.as_slice()),
        (6, &[document::Path::Host][..])
    );
    assert_eq!(run.resumed.as_deref(), newest["id"].as_str());
    let names: Vec<&str> = run.nodes.iter().map(|node| node.name.name()).collect();
    assert_eq!(names, nodes);
}

pub fn missing_image_fails_soon_with_the_message_of_the_cluster() {
    let began = Instant::now();
    let ended = run_netbench("matrix -t 1s --image localhost/nosuch:1").expect_code(1);
    assert!(began.elapsed() < Duration::from_secs(60));
    assert!(ended.stderr.contains("cannot pull the image"), "{}", ended.stderr);
    assert!(ended.stderr.contains("localhost/nosuch:1"), "{}", ended.stderr);
    assert!(ended.stderr.contains("help:  check --image"), "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
}

pub fn tainted_node_is_skipped_unless_named(cluster: &Cluster) {
    let nodes = first_nodes(3);
    let tainted = &nodes[2];
    kubectl(&["taint", "node", tainted, "netbench.dev/e2e=x:NoSchedule"]).expect_code(0);
    let lifted =
        Undo(vec!["kubectl", "taint", "node"], vec![tainted.clone(), "netbench.dev/e2e-".to_owned()]);
    let ended = cluster.run("matrix -t 1s -o json").expect_code(0);
    let remark = format!("{tainted} skipped: untolerated taint netbench.dev/e2e=x:NoSchedule");
    assert!(ended.stderr.contains(&remark), "{}", ended.stderr);
    let run = ended.run();
    assert!(run.nodes.iter().all(|node| node.name != *tainted));
    assert_eq!(run.skipped_nodes[0].name, *tainted);

    let run = cluster.run(&format!("pair {} {tainted} -t 1s -o json", nodes[0])).expect_code(0).run();
    assert_eq!(rates(&run).len(), 2);
    drop(lifted);
}

pub fn user_without_permissions_sees_all_missing_ones() {
    let ended = run_netbench("matrix -t 1s --as stranger").expect_code(1);
    for missing in ["cannot list nodes", "cannot create, list, watch, delete pods"] {
        assert!(ended.stderr.contains(missing), "{}", ended.stderr);
    }
    let rule = "help:  ask for a ClusterRole with {apiGroups: [\"\"], resources: [nodes], verbs: [list]}";
    assert!(ended.stderr.contains(rule), "{}", ended.stderr);
}

/// The permissions for `matrix --namespace`, except for exec.
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

pub fn matrix_without_permission_to_exec_uses_jobs() {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), RIGHTS_WITHOUT_EXEC).expect("it can be written");
    let file = file.path().to_str().expect("its path is text").to_owned();
    let removed = Undo(vec!["kubectl", "delete", "-f"], vec![file.clone()]);
    kubectl(&["apply", "-f", &file]).expect_code(0);
    let nodes = first_nodes(2).join(" ");
    let arguments = format!("matrix {nodes} -t 1s -n default --as netbench-e2e-user -o json");
    let run = run_netbench(&arguments).expect_code(0).run();
    assert_eq!(run.parameters.placement.via, ClientMode::Job);
    assert_eq!(rates(&run).len(), 2);
    drop(removed);
}

pub fn quota_fails_the_cells_of_nodes_without_a_pod() {
    let nodes = first_nodes(4).join(" ");
    let removed = Undo(vec!["kubectl", "delete", "namespace", "netbench-e2e-quota"], Vec::new());
    kubectl(&["create", "namespace", "netbench-e2e-quota"]).expect_code(0);
    kubectl(&["-n", "netbench-e2e-quota", "create", "quota", "q", "--hard=pods=3"]).expect_code(0);
    let arguments = format!("matrix {nodes} -t 1s -n netbench-e2e-quota --via exec -o json");
    let ended = run_netbench(&arguments).expect_code(3);
    let run = ended.run();
    let failed = run.tests.iter().filter(
        |test| matches!(&test.outcome, Outcome::Failed(failure) if failure.reason.contains("exceeded quota")),
    );
    assert_eq!((run.tests.len(), failed.count()), (12, 6));
    drop(removed);
}

pub fn host_port_in_use_is_named(cluster: &Cluster) {
    let nodes = first_nodes(3);
    let image =
        variable("NETBENCH_E2E_IMAGE").unwrap_or_else(|| "docker.io/nicolaka/netshoot:v0.16".to_owned());
    let removed = Undo(vec!["kubectl", "delete", "pod", "netbench-e2e-port", "--grace-period=1"], Vec::new());
    // its port is not declared, and so unknown to the scheduler
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
