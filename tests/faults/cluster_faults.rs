//! Faults of the cluster during a run.

use std::thread::sleep;
use std::time::Duration;

use crate::Fault;
use crate::cluster::{Undo, kubectl, server_process};
use crate::common::{Ended, signal};
use crate::running::{Running, document};
use crate::verdict::{Verdict, World};

pub const FAULTS: &[Fault] = &[
    Fault {
        name: "API server away for 20 s, by exec",
        trials: (1, 5),
        needs_control: true,
        trial: api_server_exec,
    },
    Fault {
        name: "API server away for 30 s, by Job",
        trials: (1, 5),
        needs_control: true,
        trial: api_server_job,
    },
    Fault { name: "etcd away for 15 s", trials: (1, 5), needs_control: true, trial: etcd },
    Fault { name: "a node is cut for 20 s", trials: (1, 5), needs_control: true, trial: cut_and_healed },
    Fault { name: "a node is cut for good", trials: (1, 3), needs_control: true, trial: cut_for_good },
    Fault { name: "containerd of a node stops", trials: (1, 3), needs_control: true, trial: containerd },
    Fault { name: "the kubelet of a node stops", trials: (1, 3), needs_control: true, trial: kubelet },
    Fault { name: "a server pod is deleted", trials: (1, 10), needs_control: false, trial: pod_deleted },
    Fault { name: "a server process is killed", trials: (1, 5), needs_control: false, trial: process_killed },
    Fault { name: "a server process hangs", trials: (1, 5), needs_control: true, trial: process_hung },
    Fault { name: "a node is drained", trials: (1, 5), needs_control: false, trial: drained },
];

/// The verdict on a run in which no test may fail.
pub fn all_measured(ended: &Ended) -> Verdict {
    judged(ended, &[])
        .unless(ended.code == Some(0), || format!("exit code {:?}\n{}", ended.code, ended.stderr))
}

/// The verdict on a run in which tests of these nodes may fail.
fn judged(ended: &Ended, concerns: &[&str]) -> Verdict {
    let Some(run) = document(ended) else {
        return Verdict::did_not_survive(format!("no result, exit code {:?}\n{}", ended.code, ended.stderr));
    };
    let cells = run.tests.len();
    let expected = if run.has_failures() { 3 } else { 0 };
    Verdict::of(&run, concerns)
        .unless(cells == 12, || format!("{cells} cells of 12"))
        .unless(ended.code == Some(expected), || format!("exit code {:?}\n{}", ended.code, ended.stderr))
}

/// Stops a component for some time during a run, possibly while its servers start.
fn away(world: &World, flags: &str, component: &str, seconds: u64) -> Ended {
    let run = Running::start(&world.matrix(flags));
    run.wait_for_plan();
    match rand::random_range(0..6) {
        0 => sleep(Duration::from_millis(rand::random_range(0..3000))),
        tests => run.wait_for_tests(tests),
    }
    world.control(&["stop", component]);
    sleep(Duration::from_secs(seconds));
    world.control(&["start", component]);
    run.ended()
}

fn api_server_exec(world: &World, _number: usize) -> Verdict {
    all_measured(&away(world, "", "kube-apiserver", 20))
}

fn api_server_job(world: &World, _number: usize) -> Verdict {
    all_measured(&away(world, "--via job", "kube-apiserver", 30))
}

fn etcd(world: &World, _number: usize) -> Verdict {
    all_measured(&away(world, "", "etcd", 15))
}

fn cut_and_healed(world: &World, _number: usize) -> Verdict {
    let node = world.nodes[2].as_str();
    let run = Running::start(&world.matrix(""));
    run.wait_for_tests(rand::random_range(1..6));
    world.control(&["cut", node]);
    sleep(Duration::from_secs(20));
    world.control(&["heal", node]);
    judged(&run.ended(), &[node])
}

fn cut_for_good(world: &World, _number: usize) -> Verdict {
    let node = world.nodes[3].as_str();
    let run = Running::start(&world.matrix(""));
    run.wait_for_tests(rand::random_range(1..6));
    world.control(&["cut", node]);
    let control = world.control.as_deref().expect("only faults that need it call it");
    let _healed = Undo(vec![control, "heal"], vec![node.to_owned()]);
    judged(&run.ended(), &[node])
}

fn containerd(world: &World, _number: usize) -> Verdict {
    let node = world.nodes[1].as_str();
    judged(&away(world, "", &format!("containerd-{node}"), 15), &[node])
}

fn kubelet(world: &World, _number: usize) -> Verdict {
    let node = world.nodes[1].as_str();
    judged(&away(world, "", &format!("kubelet-{node}"), 15), &[node])
}

/// The namespace and the name of the server pod on a node.
fn server_pod(node: &str) -> (String, String) {
    let label = "app.kubernetes.io/managed-by=kubectl-netbench";
    let field = format!("spec.nodeName={node}");
    let form = "jsonpath={.items[0].metadata.namespace} {.items[0].metadata.name}";
    let pod =
        kubectl(&["get", "pods", "-A", "-l", label, "--field-selector", &field, "-o", form]).expect_code(0);
    let (namespace, name) = pod.stdout.split_once(' ').expect("there is a pod");
    (namespace.to_owned(), name.to_owned())
}

fn pod_deleted(world: &World, number: usize) -> Verdict {
    let run = Running::start(&world.matrix(""));
    run.wait_for_tests(rand::random_range(1..6));
    let (namespace, name) = server_pod(&world.nodes[number % 4]);
    kubectl(&["delete", "pod", &name, "-n", &namespace, "--wait=false"]).expect_code(0);
    all_measured(&run.ended())
}

fn process_killed(world: &World, number: usize) -> Verdict {
    let run = Running::start(&world.matrix(""));
    run.wait_for_tests(rand::random_range(1..6));
    let (namespace, name) = server_pod(&world.nodes[number % 4]);
    // the kernel protects the first process of a container from SIGKILL from inside; iperf3 obeys SIGTERM
    kubectl(&["exec", &name, "-n", &namespace, "--", "kill", "1"]);
    let ended = run.ended();
    let is_back = ended.stderr.contains("server restored");
    all_measured(&ended).unless(is_back, || format!("no server went away\n{}", ended.stderr))
}

/// The cluster runs on this machine, like the program that controls it.
fn process_hung(world: &World, number: usize) -> Verdict {
    let run = Running::start(&world.matrix(""));
    run.wait_for_tests(rand::random_range(1..6));
    signal(server_process(&world.nodes[number % 4]), "STOP");
    let ended = run.ended();
    let is_back = ended.stderr.contains("server restored");
    all_measured(&ended).unless(is_back, || format!("no server was replaced\n{}", ended.stderr))
}

fn drained(world: &World, _number: usize) -> Verdict {
    let node = world.nodes[1].as_str();
    let run = Running::start(&world.matrix(""));
    run.wait_for_tests(rand::random_range(1..6));
    kubectl(&["drain", node, "--force", "--delete-emptydir-data", "--ignore-daemonsets", "--timeout=30s"]);
    let _uncordoned = Undo(vec!["kubectl", "uncordon"], vec![node.to_owned()]);
    judged(&run.ended(), &[node])
}
