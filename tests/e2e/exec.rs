//! Clusters in which exec does not work, or not for long.

use std::time::Duration;

use crate::cluster::{Cluster, Policy, first_nodes, rates, run_netbench};
use crate::common::Ended;
use crate::gateway::{Cut, Proxy, gateway};
use kubectl_netbench::document::{ClientMode, NoteKind, Run};

/// A matrix of two nodes, through a proxy on this machine.
fn measure_through(port: u16, flags: &str) -> Ended {
    let nodes = first_nodes(2).join(" ");
    run_netbench(&format!("matrix {nodes} --server http://127.0.0.1:{port} --no-confirm -o json {flags}"))
}

/// All was measured, and Jobs replaced exec for a reason that has these words.
#[track_caller]
fn assert_replaced_by_jobs(run: &Run, reason: &str) {
    assert_eq!(rates(run).len(), 2);
    assert_eq!(run.parameters.placement.via, ClientMode::Job);
    let [note] = run.notes.as_slice() else { panic!("one note: {:?}", run.notes) };
    assert_eq!(note.kind, NoteKind::ExecUnusable);
    assert!(note.sentence.contains(reason), "{}", note.sentence);
}

pub fn exec_that_a_gateway_refuses_is_replaced_by_jobs() {
    let proxy = Proxy::without_exec();
    let run = measure_through(proxy.port, "-t 1s").expect_code(0).run();
    assert_replaced_by_jobs(&run, "HTTP status 403 Forbidden");
    let refused = measure_through(proxy.port, "-t 1s --via exec").expect_code(1);
    assert!(
        refused.stderr.contains("error: cannot start clients by exec\ncause: HTTP status 403"),
        "{}",
        refused.stderr
    );
}

pub fn exec_that_is_cut_twice_is_replaced_by_jobs() {
    let proxy = Proxy::with_exec();
    let gateway = gateway(proxy.port, Cut::Exec(Duration::from_secs(3)));
    let run = measure_through(gateway, "-t 5s").expect_code(0).run();
    assert_replaced_by_jobs(&run, "for the second time");
    assert!(run.tests.iter().any(|test| test.attempt == 3), "{:?}", run.tests);
}

pub fn exec_that_a_policy_refuses_is_replaced_by_jobs(cluster: &Cluster) {
    let nodes = first_nodes(2).join(" ");
    for (policy, reason) in
        [("no-exec", "exec into pods is not allowed"), ("exec-iperf3", "only iperf3 may be run")]
    {
        let _policy = Policy::set(policy);
        let run = cluster.run(&format!("matrix {nodes} -t 1s --no-confirm -o json")).expect_code(0).run();
        assert_replaced_by_jobs(&run, reason);
    }
}
