//! Restrictions of a namespace: every message names the object, the reason and the remedy.

use crate::Fault;
use crate::cluster::{command, kubectl, netbench};
use crate::cluster_faults::all_measured;
use crate::common::Ended;
use crate::running::document;
use crate::verdict::{Verdict, World};

pub const FAULTS: &[Fault] = &[
    Fault { name: "a quota of two pods", trials: (1, 3), needs_control: false, trial: quota_of_pods },
    Fault { name: "a quota on limits.cpu", trials: (1, 3), needs_control: false, trial: quota_of_limits },
    Fault {
        name: "a LimitRange that is too small",
        trials: (1, 3),
        needs_control: false,
        trial: limit_range,
    },
];

const NAMESPACE: &str = "netbench-faults";

/// A namespace with a restricting object, which is deleted when this is dropped.
struct Restricted;

impl Restricted {
    fn with(manifest: &str) -> Self {
        kubectl(&["create", "namespace", NAMESPACE]).expect_code(0);
        let restricted = Self;
        let mut apply = command("kubectl");
        apply.args(["apply", "-n", NAMESPACE, "-f", "-"]).stdin(std::process::Stdio::piped());
        let mut child = apply.stdout(std::process::Stdio::null()).spawn().expect("kubectl runs");
        let mut stdin = child.stdin.take().expect("it is a pipe");
        std::io::Write::write_all(&mut stdin, format!("---\n{manifest}").as_bytes()).expect("kubectl reads");
        drop(stdin);
        assert!(child.wait().expect("it ends").success());
        // a new quota refuses everything until usage is counted, and a namespace has its service account by then
        std::thread::sleep(std::time::Duration::from_secs(3));
        restricted
    }

    fn run(world: &World, flags: &str) -> Ended {
        netbench(&world.matrix(&format!("-n {NAMESPACE} {flags}"))).output().expect("kubectl runs").into()
    }
}

impl Drop for Restricted {
    fn drop(&mut self) {
        kubectl(&["delete", "namespace", NAMESPACE]);
    }
}

fn quota(hard: &str) -> String {
    format!("{{apiVersion: v1, kind: ResourceQuota, metadata: {{name: small}}, spec: {{hard: {hard}}}}}")
}

/// Two nodes get a pod and are measured; the cells of the others fail with the message of the quota.
fn quota_of_pods(world: &World, _number: usize) -> Verdict {
    let _restricted = Restricted::with(&quota("{pods: '2'}"));
    let ended = Restricted::run(world, "");
    let Some(run) = document(&ended) else {
        return Verdict::did_not_survive(format!("no result: {}", ended.stderr));
    };
    let all: Vec<&str> = world.nodes.iter().map(String::as_str).collect();
    let verdict = Verdict::of(&run, &all);
    let (failed, is_reported) = (verdict.failed, ended.stderr.contains("exceeded quota: small"));
    verdict.unless(failed == 10 && is_reported && ended.code == Some(3), || {
        format!("{failed} cells failed, exit code {:?}\n{}", ended.code, ended.stderr)
    })
}

/// Pods without limits are refused, and the remedy names the flag that sets them.
fn quota_of_limits(world: &World, _number: usize) -> Verdict {
    let _restricted = Restricted::with(&quota("{limits.cpu: '8'}"));
    let refused = Restricted::run(world, "");
    let is_reported = refused.code == Some(1)
        && refused.stderr.contains("small")
        && refused.stderr.contains("limits.cpu")
        && refused.stderr.contains("--limits cpu=");
    let stated = Restricted::run(world, "--limits cpu=1");
    all_measured(&stated).unless(is_reported, || format!("exit code {:?}\n{}", refused.code, refused.stderr))
}

fn limit_range(world: &World, _number: usize) -> Verdict {
    let _restricted = Restricted::with(
        "{apiVersion: v1, kind: LimitRange, metadata: {name: tiny}, \
         spec: {limits: [{type: Container, max: {memory: 8Mi}}]}}",
    );
    let refused = Restricted::run(world, "");
    let is_reported = refused.code == Some(1)
        && refused.stderr.contains("must be less than or equal to memory limit")
        && refused.stderr.contains("within the LimitRange of the namespace, or omit --namespace");
    Verdict::default().unless(is_reported, || format!("exit code {:?}\n{}", refused.code, refused.stderr))
}
