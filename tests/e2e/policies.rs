//! Policies of a cluster: flags that satisfy them, and what they refuse, add and change.

use serde_json::{Value, json};

use crate::cluster::{
    Cluster, LABEL, Policy, Undo, apply, assert_nothing_left_in, begun, first_nodes, kubectl, netbench, rates,
};
use crate::common::{Ended, signal};
use kubectl_netbench::document::{NodeId, NoteKind};

const NAMESPACE: &str = "netbench-e2e-policies";

/// A namespace with the objects that the flags refer to.
const OBJECTS: &str = r#"
apiVersion: v1
kind: Namespace
metadata: {name: netbench-e2e-policies}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: bench, namespace: netbench-e2e-policies}
---
apiVersion: v1
kind: Secret
metadata: {name: pull, namespace: netbench-e2e-policies}
type: kubernetes.io/dockerconfigjson
stringData: {.dockerconfigjson: '{"auths": {}}'}
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: netbench-e2e}
value: 1000
---
apiVersion: node.k8s.io/v1
kind: RuntimeClass
metadata: {name: netbench-e2e}
handler: runc
"#;

/// The objects of the run in the namespace, of some kinds.
fn objects_of_run(kinds: &str) -> Vec<Value> {
    let listed = kubectl(&["get", kinds, "-n", NAMESPACE, "-l", LABEL, "-o", "json"]).expect_code(0);
    let list: Value = serde_json::from_str(&listed.stdout).expect("it is JSON");
    list["items"].as_array().expect("a list").clone()
}

pub fn pods_have_the_fields_that_flags_set() {
    let nodes = first_nodes(2).join(" ");
    let _namespace = Undo(vec!["kubectl", "delete", "namespace", NAMESPACE], Vec::new());
    let classes = vec!["priorityclass/netbench-e2e".to_owned(), "runtimeclass/netbench-e2e".to_owned()];
    let _classes = Undo(vec!["kubectl", "delete"], classes);
    apply(OBJECTS);
    let flags = "--label team=network --annotation note=mine --requests cpu=20m --limits cpu=1,memory=256Mi \
        --image-pull-secret pull --service-account bench --priority-class netbench-e2e \
        --runtime-class netbench-e2e --toleration pool=gpu:NoSchedule --network-policy";
    let (run, _) = begun(&format!("matrix {nodes} -n {NAMESPACE} {flags}"));
    for object in objects_of_run("pods,configmaps,networkpolicies") {
        assert_eq!(object["metadata"]["labels"]["team"], "network", "{object}");
        assert_eq!(object["metadata"]["annotations"]["note"], "mine", "{object}");
    }
    for pod in objects_of_run("pods") {
        let spec = &pod["spec"];
        assert_eq!(spec["serviceAccountName"], "bench");
        assert_eq!(spec["automountServiceAccountToken"], false);
        assert_eq!(spec["imagePullSecrets"], json!([{"name": "pull"}]));
        assert_eq!(spec["priority"], 1000);
        assert_eq!(spec["runtimeClassName"], "netbench-e2e");
        let pool = json!({"key": "pool", "operator": "Equal", "value": "gpu", "effect": "NoSchedule"});
        assert!(spec["tolerations"].as_array().is_some_and(|all| all.contains(&pool)), "{spec}");
        for container in spec["containers"].as_array().expect("there are some") {
            let resources = json!({"requests": {"cpu": "20m", "memory": "32Mi"},
                "limits": {"cpu": "1", "memory": "256Mi"}});
            assert_eq!(container["resources"], resources);
        }
    }
    signal(run.id(), "INT");
    let interrupted = Ended::from(run.wait_with_output().expect("it ends"));
    assert_eq!(interrupted.code, Some(130), "{}", interrupted.stderr);
    assert_nothing_left_in(NAMESPACE);
}

pub fn network_policy_admits_the_run_and_is_removed_by_cleanup(cluster: &Cluster) {
    let nodes = first_nodes(2).join(" ");
    let run = cluster.run(&format!("matrix {nodes} -n default -t 1s --network-policy --path pod,nodeport"));
    run.expect_code(0);
    let (killed, _) = begun(&format!("matrix {nodes} -n default --network-policy"));
    let policies = || kubectl(&["get", "networkpolicies", "-A", "-l", LABEL, "-o", "name"]).stdout;
    assert!(policies().contains("-clients-only"), "{}", policies());
    signal(killed.id(), "KILL");
    killed.wait_with_output().expect("it ends");
    let cleaned = Ended::from(netbench("cleanup").output().expect("kubectl runs")).expect_code(0);
    assert!(cleaned.stdout.contains("1 NetworkPolicy"), "{}", cleaned.stdout);
    cluster.assert_nothing_left();
}

pub fn nodes_with_a_tolerated_taint_are_tested_without_being_named(cluster: &Cluster) {
    let nodes = first_nodes(2);
    let [first, second] = nodes.as_slice() else { panic!("two nodes") };
    let _labels = Undo(vec!["kubectl", "label", "nodes", first, second], vec!["netbench-e2e-".to_owned()]);
    let _taint = Undo(vec!["kubectl", "taint", "nodes", second], vec!["netbench-e2e-".to_owned()]);
    kubectl(&["label", "nodes", first, second, "netbench-e2e=yes"]).expect_code(0);
    kubectl(&["taint", "nodes", second, "netbench-e2e=yes:NoSchedule"]).expect_code(0);
    let matrix = "matrix -l netbench-e2e=yes -t 1s";
    let without = cluster.run(matrix).expect_code(1);
    assert!(without.stderr.contains("netbench-e2e"), "{}", without.stderr);
    cluster.run(&format!("{matrix} --toleration netbench-e2e")).expect_code(0);
}

pub fn containers_that_a_webhook_adds_do_not_end_a_run(cluster: &Cluster) {
    let nodes = first_nodes(2).join(" ");
    for policy in ["sidecar-first", "sidecar-ends", "sidecar-crashes"] {
        let _policy = Policy::set(policy);
        let run = cluster.run(&format!("matrix {nodes} --path pod,service -t 4s --no-confirm -o json"));
        let run = run.expect_code(0).run();
        assert_eq!((run.tests.len(), run.has_failures()), (4, false), "{policy}");
    }
}

pub fn init_container_that_does_not_finish_is_named(cluster: &Cluster) {
    let _policy = Policy::set("init-hangs");
    let nodes = first_nodes(2);
    let run = cluster.run(&format!("matrix {} -t 1s --start-timeout 10s", nodes.join(" ")));
    let stderr = run.expect_code(1).stderr;
    let (names, reason) = (nodes.join(", "), "still waiting for the init container mesh-init");
    assert!(stderr.contains(&format!("cause: {names}: ")) && stderr.matches(reason).count() == 1, "{stderr}");
}

pub fn user_id_that_a_policy_refuses_is_left_to_the_cluster(cluster: &Cluster) {
    let nodes = first_nodes(2).join(" ");
    let _policy = Policy::set("uid-range");
    for via in ["exec", "job"] {
        let run = cluster.run(&format!("matrix {nodes} -t 1s --via {via} --no-confirm -o json"));
        assert_eq!(rates(&run.expect_code(0).run()).len(), 2);
    }
    let checked = cluster.run(&format!("check {nodes}")).expect_code(0).stdout;
    assert!(checked.ends_with("\nNo problems\n"), "{checked}");
}

pub fn limit_that_was_not_requested_is_noted_and_explains_figures(cluster: &Cluster) {
    let nodes = first_nodes(2);
    let _policy = Policy::set("limits");
    for via in ["exec", "job"] {
        let arguments = format!("matrix {} -t 2s --via {via} -o json", nodes.join(" "));
        let run = cluster.run(&arguments).expect_code(0).run();
        let limits: Vec<_> = run.notes.iter().filter(|note| note.kind == NoteKind::CpuLimit).collect();
        let [limit] = limits.as_slice() else { panic!("one note: {:?}", run.notes) };
        assert!(limit.sentence.contains("CPU limit of 200m"), "{limit}");
        assert_eq!(limit.nodes, nodes.iter().map(|node| node.as_str().into()).collect::<Vec<NodeId>>());
        assert_eq!((run.findings.as_slice(), run.retests.as_slice()), (&[][..], &[][..]));
    }
}
