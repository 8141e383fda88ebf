//! The result of a trial, and the cluster in which it takes place.

use std::collections::HashSet;
use std::process::Command;
use std::time::{Duration, Instant};

use kubectl_netbench::document::{Outcome, Run};

use crate::cluster::{kubectl, variable};

/// The bandwidth limit of every node, by which wrong figures are detected: TCP gets 5% less, and a burst at the
/// start a little more. The limit is so low that the bucket of the shaper, 256 KiB, lasts for 20 ms, and shorter
/// pauses of the machine do not change the rate.
const SHAPE: &str = "100mbit";
const RIGHT: std::ops::RangeInclusive<f64> = 0.08e9..=0.11e9;

/// How long terminating objects may be visible after the end of a run.
const LATE: Duration = Duration::from_secs(5);

/// The result of one trial.
#[derive(Default)]
pub struct Verdict {
    /// Why the run has not survived the fault.
    pub problems: Vec<String>,
    /// The number of cells,
    pub cells: usize,
    /// the number of failed ones with a reason,
    pub failed: usize,
    /// and what is wrong with the other cells.
    pub wrong: Vec<String>,
}

impl Verdict {
    pub fn did_not_survive(why: impl Into<String>) -> Self {
        Self { problems: vec![why.into()], ..Self::default() }
    }

    /// The verdict on a run. Tests of the nodes in `concerns` may have failed.
    pub fn of(run: &Run, concerns: &[&str]) -> Self {
        let mut verdict = Self { cells: run.tests.len(), ..Self::default() };
        let mut seen = HashSet::new();
        for test in &run.tests {
            let name = format!("{} → {}", test.client, test.server);
            if !seen.insert((test.client, test.server, test.route, test.repetition)) {
                verdict.wrong.push(format!("{name} is counted twice"));
            }
            match &test.outcome {
                Outcome::Ok(_) => {
                    let rate = test.outcome.throughput().expect("it measures throughput").bits_per_second;
                    if !RIGHT.contains(&rate) {
                        let whole = serde_json::to_string(test).expect("a test is JSON");
                        verdict.wrong.push(format!("{name} shows {:.3} Gbit/s: {whole}", rate / 1e9));
                    }
                }
                Outcome::Failed(failure) => {
                    verdict.failed += 1;
                    let concerned = concerns.iter().any(|node| test.client == *node || test.server == *node);
                    if !concerned || failure.reason.is_empty() {
                        verdict.wrong.push(format!("{name} failed: {}", failure.reason));
                    }
                }
            }
        }
        verdict
    }

    /// Adds a problem unless a condition holds.
    #[must_use]
    pub fn unless(mut self, holds: bool, problem: impl FnOnce() -> String) -> Self {
        if !holds {
            self.problems.push(problem());
        }
        self
    }

    pub fn complaints(&self, number: usize) -> Vec<String> {
        self.problems
            .iter()
            .chain(&self.wrong)
            .map(|complaint| format!("trial {number}: {complaint}"))
            .collect()
    }
}

/// The cluster and the means to break it.
pub struct World {
    pub nodes: Vec<String>,
    /// The program that breaks and repairs it.
    pub control: Option<String>,
}

impl World {
    pub fn new() -> Self {
        let listed = kubectl(&["get", "nodes", "-o", "name"]).expect_code(0);
        let nodes: Vec<String> =
            listed.stdout.lines().take(4).map(|line| line.trim_start_matches("node/").to_owned()).collect();
        assert_eq!(nodes.len(), 4, "the cluster has fewer than four nodes");
        let world = Self { nodes, control: variable("NETBENCH_FAULTS_CLUSTER") };
        world.shape(SHAPE);
        assert_eq!(leftovers(), Vec::<String>::new(), "there are leftovers already");
        world
    }

    /// `matrix` of the four nodes, in tests of two seconds.
    pub fn matrix(&self, flags: &str) -> String {
        format!("matrix {} -t 2s --no-confirm --no-save -o json {flags}", self.nodes.join(" "))
    }

    /// Breaks or repairs something.
    pub fn control(&self, words: &[&str]) {
        let control = self.control.as_ref().expect("only faults that need it call it");
        let done = Command::new(control).args(words).output().expect("the control program runs");
        assert!(done.status.success(), "{control} {words:?}: {}", String::from_utf8_lossy(&done.stderr));
    }

    fn shape(&self, rate: &str) {
        let Some(shape) = variable("NETBENCH_E2E_SHAPE") else { return };
        let words: Vec<&str> = shape.split_whitespace().collect();
        for node in &self.nodes {
            let shaped = Command::new(words[0]).args(&words[1..]).args([node, rate]).status();
            assert!(shaped.expect("the shaping program runs").success());
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.shape("none");
    }
}

/// Waits until all nodes are ready again.
pub fn wait_until_ready() {
    let waited = kubectl(&["wait", "node", "--all", "--for=condition=Ready", "--timeout=120s"]);
    assert_eq!(waited.code, Some(0), "the cluster does not recover: {}", waited.stderr);
}

/// Waits until all nodes start pods again: the kubelet of a node that was cut off is ready before it notices that its
/// watch is dead.
pub fn wait_until_pods_start(nodes: &[String]) {
    let names: Vec<String> = nodes.iter().map(|node| format!("pod/netbench-faults-{node}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let image =
        variable("NETBENCH_E2E_IMAGE").unwrap_or_else(|| "docker.io/nicolaka/netshoot:v0.16".to_owned());
    for (node, name) in nodes.iter().zip(&names) {
        let overrides =
            format!(r#"{{"spec": {{"nodeName": "{node}", "terminationGracePeriodSeconds": 0}}}}"#);
        let (name, image) = (name.trim_start_matches("pod/"), format!("--image={image}"));
        let overrides = format!("--overrides={overrides}");
        let run = ["run", name, &image, "--restart=Never", &overrides, "--command", "--", "sleep", "600"];
        kubectl(&run).expect_code(0);
    }
    let wait = ["wait", "--for=condition=Ready", "--timeout=120s"];
    let waited = kubectl(&[&wait[..], &names].concat());
    kubectl(&[&["delete", "--wait=false"], &names[..]].concat());
    assert_eq!(waited.code, Some(0), "the nodes start no pods: {}", waited.stderr);
}

/// The objects of runs that exist after a moment for terminating ones.
pub fn leftovers() -> Vec<String> {
    let given_up = Instant::now() + LATE;
    let kinds = "namespaces,pods,jobs,configmaps,services,networkpolicies";
    loop {
        let label = "app.kubernetes.io/managed-by=kubectl-netbench";
        let left = kubectl(&["get", kinds, "-A", "-l", label, "-o", "name"]).expect_code(0).stdout;
        if left.is_empty() || Instant::now() >= given_up {
            return left.lines().map(str::to_owned).collect();
        }
        std::thread::sleep(Duration::from_millis(500));
    }
}
