//! Kept servers, and objects that are only printed.

use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::cluster::{Cluster, LABEL, Undo, command, first_nodes, kubectl, netbench, run_netbench};
use crate::common::Ended;

pub fn kept_servers_let_the_next_run_start_immediately(cluster: &Cluster) {
    let nodes = first_nodes(3);
    let (two, three) = (nodes[..2].join(" "), nodes.join(" "));
    let cleaned = Undo(vec!["kubectl", "netbench", "cleanup"], Vec::new());
    let measure = |arguments: &str| {
        let began = Instant::now();
        let run = run_netbench(&format!("{arguments} -t 1s --no-confirm -o json")).expect_code(0).run();
        let tests = run.tests.len() as u32;
        (run, began.elapsed().saturating_sub(Duration::from_secs(1) * tests))
    };
    let (first, _) = measure(&format!("matrix {two} --keep"));
    assert!(first.parameters.placement.keep);
    let namespace = first.cluster.expect("it was on a cluster").namespace;
    let pods = || {
        let names = ["get", "pods", "-n", &namespace, "-o", "name"];
        kubectl(&names).expect_code(0).stdout.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let kept = pods();
    assert_eq!(kept.len(), 2);
    // the time of a run apart from its tests, with --keep and without
    for again in [format!("matrix {two} --keep"), format!("matrix {two}"), format!("pair {two} --via exec")] {
        let (_, beside) = measure(&again);
        assert!(beside < Duration::from_secs(2), "{again}: {beside:?}");
        assert_eq!(pods(), kept);
    }
    // other nodes join; other settings have servers of their own
    measure(&format!("matrix {three} --keep"));
    assert_eq!(pods().len(), 3);
    measure(&format!("pair {two} --port 5401"));
    // a deleted server is created again
    kubectl(&["-n", &namespace, "delete", &pods()[0], "--grace-period=1"]).expect_code(0);
    measure(&format!("matrix {three} --keep --via job"));
    assert_eq!(pods().len(), 3);
    assert_eq!(kubectl(&["get", "jobs", "-n", &namespace, "-o", "name"]).stdout, "");
    let cleanup = run_netbench("cleanup").expect_code(0);
    let removed = format!("deleted kept servers in namespace {namespace}, started ");
    assert!(
        cleanup.stdout.starts_with(&removed) && cleanup.stdout.ends_with("ago (3 pods)\n"),
        "{}",
        cleanup.stdout
    );
    cluster.assert_nothing_left();
    assert_eq!(run_netbench("cleanup").expect_code(0).stdout, "no leftovers found\n");
    drop(cleaned);
}

pub fn kept_servers_in_a_given_namespace_are_removed_by_cleanup(cluster: &Cluster) {
    let two = first_nodes(2).join(" ");
    let cleaned = Undo(vec!["kubectl", "netbench", "cleanup", "-n", "default"], Vec::new());
    let services = || {
        let columns = "custom-columns=TYPE:.spec.type";
        let listed = kubectl(&["get", "services", "-A", "-l", LABEL, "--no-headers", "-o", columns]);
        listed.expect_code(0).stdout.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    // a Service that does not fit is replaced
    for (path, kind) in [("pod,service", "ClusterIP"), ("service", "ClusterIP"), ("pod,nodeport", "NodePort")]
    {
        run_netbench(&format!("matrix {two} -n default --path {path} --keep -t 1s")).expect_code(0);
        assert_eq!(services(), [kind, kind]);
    }
    // a run without --keep leaves only what was kept before
    run_netbench(&format!("matrix {two} -n default --path service -t 1s")).expect_code(0);
    assert_eq!(services(), ["NodePort", "NodePort"]);
    let cleanup = run_netbench("cleanup -n default").expect_code(0);
    assert!(cleanup.stdout.ends_with("ago (2 pods, 1 ConfigMap, 2 Services)\n"), "{}", cleanup.stdout);
    cluster.assert_nothing_left();
    drop(cleaned);
}

pub fn dry_run_prints_objects_that_kubectl_accepts_and_creates_nothing() {
    let nodes = first_nodes(2).join(" ");
    let validates = command("kubernetes-validate").arg("--version").output().is_ok();
    if !validates {
        eprintln!("schemas not checked: there is no kubernetes-validate on PATH");
    }
    for arguments in [
        "--path pod,service,nodeport,host --rtt --udp",
        "--via job -n default",
        "--keep --bidir",
        "--engine iperf2 --via job --host --ip-family dual",
        "-n default --volume results:lab --label team=net",
    ] {
        let objects = run_netbench(&format!("matrix {nodes} --dry-run {arguments}")).expect_code(0).stdout;
        assert_applies(&objects);
        if validates {
            assert_validates(&objects);
        }
    }
    let schedule = "schedule create nightly -n default --cron @daily --exporter --program-image example.org/i:1 \
                    --dry-run -- matrix --path pod,host --volume results";
    assert_applies(&run_netbench(schedule).expect_code(0).stdout);
    if validates {
        // for Git, without a cluster: in the API version that all clusters have since 1.21
        let mut command = netbench(schedule);
        let printed: Ended = command.env("KUBECONFIG", "/nonexistent").output().expect("kubectl runs").into();
        assert_validates(&printed.expect_code(0).stdout);
    }
}

/// kubectl accepts these objects.
fn assert_applies(objects: &str) {
    let mut apply = command("kubectl");
    let apply = apply.args(["apply", "--dry-run=client", "-f", "-"]).stdin(Stdio::piped());
    let mut apply = apply.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("kubectl runs");
    apply.stdin.take().expect("it is piped").write_all(objects.as_bytes()).expect("kubectl reads");
    Ended::from(apply.wait_with_output().expect("it ends")).expect_code(0);
}

/// The objects satisfy the schemas of an old and a new Kubernetes.
fn assert_validates(objects: &str) {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), objects).expect("it can be written");
    for version in ["1.25", "1.37"] {
        let mut validate = command("kubernetes-validate");
        let validate = validate.args(["-k", version, "--strict"]).arg(file.path());
        Ended::from(validate.output().expect("it runs")).expect_code(0);
    }
}
