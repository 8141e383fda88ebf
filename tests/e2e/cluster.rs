//! The cluster under test, and the programs that see it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use crate::common::{Ended, processes};
use kubectl_netbench::document::{self, Outcome, Run};

/// The cluster for one test alone: it has nothing of ours before and after the test.
pub struct Cluster(#[expect(dead_code, reason = "held until the test ends")] RwLockWriteGuard<'static, ()>);

/// What all objects of ours have.
pub const LABEL: &str = "app.kubernetes.io/managed-by=kubectl-netbench";

static CLUSTER: RwLock<()> = RwLock::new(());

/// Waits for the end of all other tests.
pub fn alone() -> Cluster {
    let cluster = Cluster(CLUSTER.write().unwrap_or_else(PoisonError::into_inner));
    cluster.assert_nothing_left();
    cluster
}

/// Waits for the end of a test that has the cluster alone.
pub fn shared() -> RwLockReadGuard<'static, ()> {
    CLUSTER.read().unwrap_or_else(PoisonError::into_inner)
}

pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The value of a variable without which a test is not run.
pub fn required(name: &str) -> String {
    variable(name).unwrap_or_else(|| panic!("{name} is not set"))
}

pub fn kubectl(arguments: &[&str]) -> Ended {
    command("kubectl").args(arguments).output().expect("kubectl runs").into()
}

/// A program that sees the cluster, with the plugin on its PATH.
pub fn command(program: &str) -> Command {
    let kubeconfig = required("NETBENCH_E2E_KUBECONFIG");
    let plugin = Path::new(env!("CARGO_BIN_EXE_kubectl-netbench")).parent().expect("it is in a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new(program);
    command.env("KUBECONFIG", kubeconfig).env("PATH", format!("{}:{path}", plugin.display()));
    command.env_remove("NETBENCH_IMAGE").env_remove("NO_COLOR").stdin(Stdio::null());
    command.env("XDG_DATA_HOME", env!("CARGO_TARGET_TMPDIR"));
    command.env("XDG_CONFIG_HOME", env!("CARGO_TARGET_TMPDIR"));
    if let Some(image) = variable("NETBENCH_E2E_IMAGE") {
        command.env("NETBENCH_IMAGE", image);
    }
    command
}

pub fn netbench(arguments: &str) -> Command {
    let mut command = command("kubectl");
    command.arg("netbench").args(arguments.split_whitespace());
    command
}

/// Starts it, to be ended by a signal: kubectl becomes the plugin, with the same process id.
pub fn start(arguments: &str) -> Child {
    // the environment of the tests may ignore SIGHUP
    let mut started = command("env");
    started.args(["--default-signal=HUP", "kubectl", "netbench"]).args(arguments.split_whitespace());
    started.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("kubectl runs")
}

/// Begins a run of a minute, and waits until its servers are there. The second value selects its pods.
pub fn begun(arguments: &str) -> (Child, String) {
    static COUNT: AtomicUsize = AtomicUsize::new(1);
    let label = format!("netbench-e2e={}", COUNT.fetch_add(1, Ordering::Relaxed));
    let pods = ["get", "pods", "-A", "-l", &label, "--field-selector", "status.phase=Running", "-o", "name"];
    let run = start(&format!("{arguments} --label {label} -t 60s --no-save"));
    let given_up = Instant::now() + Duration::from_secs(30);
    while kubectl(&pods).stdout.lines().count() < 2 {
        assert!(Instant::now() < given_up, "its servers do not start");
        std::thread::sleep(Duration::from_millis(200));
    }
    (run, label)
}

/// Makes the objects of a manifest, or changes them.
pub fn apply(manifest: &str) {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), manifest).expect("it can be written");
    kubectl(&["apply", "-f", file.path().to_str().expect("its path is text")]).expect_code(0);
}

pub fn run_netbench(arguments: &str) -> Ended {
    netbench(arguments).output().expect("kubectl runs").into()
}

/// The names of the first `count` nodes.
pub fn first_nodes(count: usize) -> Vec<String> {
    let nodes = kubectl(&["get", "nodes", "-o", "name"]).expect_code(0);
    let names: Vec<String> =
        nodes.stdout.lines().map(|line| line.trim_start_matches("node/").to_owned()).collect();
    assert!(names.len() >= count, "the cluster has fewer than {count} nodes");
    names[..count].to_vec()
}

impl Cluster {
    pub fn run(&self, arguments: &str) -> Ended {
        let ended = run_netbench(arguments);
        self.assert_nothing_left();
        ended
    }

    #[track_caller]
    #[expect(clippy::unused_self, reason = "other tests may have objects in a shared cluster")]
    pub fn assert_nothing_left(&self) {
        assert_nothing_left("namespaces,pods,jobs,configmaps,services,networkpolicies", "--all-namespaces");
    }
}

#[track_caller]
pub fn assert_nothing_left_in(namespace: &str) {
    assert_nothing_left("pods,jobs,configmaps,services,networkpolicies", &format!("--namespace={namespace}"));
}

/// Fails the test if objects of ours remain after 5 seconds.
#[track_caller]
fn assert_nothing_left(kinds: &str, place: &str) {
    let given_up = Instant::now() + Duration::from_secs(5);
    loop {
        let left = kubectl(&["get", kinds, place, "-l", LABEL, "-o", "name"]).expect_code(0).stdout;
        if left.is_empty() {
            return;
        }
        assert!(Instant::now() < given_up, "left behind:\n{left}");
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// Undoes something when the test ends, however it ends.
pub struct Undo<'a>(pub Vec<&'a str>, pub Vec<String>);

impl Drop for Undo<'_> {
    fn drop(&mut self) {
        let words: Vec<&str> = self.0.iter().copied().chain(self.1.iter().map(String::as_str)).collect();
        let _ = command(words[0]).args(&words[1..]).output();
    }
}

pub fn rates(run: &Run) -> BTreeMap<(String, String), f64> {
    let rate = |test: &document::TestRecord| match &test.outcome {
        Outcome::Ok(_) => test.outcome.throughput().expect("it measures throughput").bits_per_second,
        Outcome::Failed(failure) => panic!("{} → {}: {}", test.client, test.server, failure.reason),
    };
    run.tests.iter().map(|test| ((test.client.to_string(), test.server.to_string()), rate(test))).collect()
}

/// The longest time between the end of a slot and the start of the next.
pub fn longest_pause(run: &Run) -> Duration {
    let slots = run.tests.iter().map(|test| test.slot).max().unwrap_or(0);
    let of_slot = |slot: usize| run.tests.iter().filter(move |test| test.slot == slot);
    let pauses = (1..slots).map(|slot| {
        let ended = of_slot(slot).map(|test| test.finished_at).max().expect("a slot has tests");
        let began = of_slot(slot + 1).map(|test| test.started_at).min().expect("a slot has tests");
        Duration::try_from(began.duration_since(ended)).expect("slots don't overlap")
    });
    pauses.max().unwrap_or_default()
}

/// Runs the command that a variable names, with `words` after it.
pub fn by_variable(name: &str, words: &str) {
    let command = required(name);
    let status = Command::new("sh").args(["-c", &format!("{command} {words}")]).status().expect("sh runs");
    assert!(status.success(), "{command} {words}");
}

/// Limits what a node sends and receives, or what its overlay sends, until this is dropped.
pub struct Shaped {
    variable: &'static str,
    node: String,
}

/// Shapes a node by the command in a variable.
pub fn shaped(variable: &'static str, node: &str, rate: &str) -> Shaped {
    by_variable(variable, &format!("{node} {rate}"));
    Shaped { variable, node: node.to_owned() }
}

impl Drop for Shaped {
    fn drop(&mut self) {
        by_variable(self.variable, &format!("{} none", self.node));
    }
}

/// A node between which and all others large packets vanish, until this is dropped.
pub struct Blackholed(String);

/// Lets packets of more than `bytes` vanish, by the command in `NETBENCH_E2E_WAN`.
pub fn blackholed(node: &str, bytes: u32) -> Blackholed {
    by_variable("NETBENCH_E2E_WAN", &format!("{node} 0 0 {bytes}"));
    Blackholed(node.to_owned())
}

impl Drop for Blackholed {
    fn drop(&mut self) {
        by_variable("NETBENCH_E2E_WAN", &format!("{} none", self.0));
    }
}

/// The process of the server pod on a node, once it runs. Its cluster runs on this machine.
pub fn server_process(node: &str) -> u32 {
    let field = format!("spec.nodeName={node},status.phase=Running");
    let form = "jsonpath={.items[0].metadata.name}";
    let given_up = Instant::now() + Duration::from_secs(30);
    loop {
        let pod = kubectl(&["get", "pods", "-A", "-l", LABEL, "--field-selector", &field, "-o", form]);
        // a container is named after its pod
        let is_of_pod = |process: &u32| {
            let environment = std::fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
            let variable = format!("HOSTNAME={}", pod.stdout);
            environment.split(|&byte| byte == 0).any(|line| line == variable.as_bytes())
        };
        if pod.code == Some(0)
            && let Some(process) = processes(&["iperf3 -s"]).into_iter().find(is_of_pod)
        {
            return process;
        }
        assert!(Instant::now() < given_up, "there is no server on {node}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// An admission policy of the test cluster, until this is dropped.
pub struct Policy;

impl Policy {
    /// Sets a policy by the command in `NETBENCH_E2E_POLICY`.
    pub fn set(name: &str) -> Self {
        by_variable("NETBENCH_E2E_POLICY", name);
        Self
    }
}

impl Drop for Policy {
    fn drop(&mut self) {
        by_variable("NETBENCH_E2E_POLICY", "none");
    }
}
