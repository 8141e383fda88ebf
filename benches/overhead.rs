//! The overhead of a run: its wall time compared with the ideal of 2(N−1)·T.
//!
//! Runs the program on this machine and, with `NETBENCH_E2E_KUBECONFIG` (and optionally `NETBENCH_E2E_IMAGE`), on
//! a cluster. Fails if the pause between two slots exceeds the limit.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark may panic, and prints its results"
)]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use kubectl_netbench::document::Run;

const NODES: u32 = 4;
const TIME_SECONDS: u32 = 5;

/// Maximum pause between the end of a slot and the start of the next one.
const MAX_PAUSE: Duration = Duration::from_millis(500);

fn main() {
    // `cargo bench` and `cargo test --benches` pass the flags of the test harness
    if std::env::args().any(|argument| argument == "--test" || argument == "--list") {
        return;
    }
    measure("this machine", &["--local", "4"], &[]);
    match std::env::var("NETBENCH_E2E_KUBECONFIG") {
        Ok(kubeconfig) => {
            let image = std::env::var("NETBENCH_E2E_IMAGE").ok();
            let mut environment = vec![("KUBECONFIG", kubeconfig)];
            environment.extend(image.map(|image| ("NETBENCH_IMAGE", image)));
            measure("cluster, exec", &["--via", "exec"], &environment);
            measure("cluster, job", &["--via", "job"], &environment);
        }
        Err(_) => println!("cluster: not measured, NETBENCH_E2E_KUBECONFIG is not set"),
    }
}

fn measure(name: &str, arguments: &[&str], environment: &[(&str, String)]) {
    let time = format!("{TIME_SECONDS}s");
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-netbench"));
    command
        .args(["matrix", "--no-confirm", "-q", "-o", "json", "-t", &time])
        .args(arguments)
        .stdin(Stdio::null());
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    let began = Instant::now();
    let output = command.output().expect("the program runs");
    let total = began.elapsed();
    let run: Run = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(run.nodes.len(), NODES as usize, "the benchmark needs {NODES} nodes");

    let slots = 2 * (NODES - 1);
    let ideal = Duration::from_secs((slots * TIME_SECONDS).into());
    let of_slot = |slot: usize| run.tests.iter().filter(move |test| test.slot == slot);
    let started = |slot| of_slot(slot).map(|test| test.started_at).min().expect("a slot has tests");
    let ended = |slot| of_slot(slot).map(|test| test.finished_at).max().expect("a slot has tests");
    let slots = slots as usize;
    let between = |from: jiff::Timestamp, to: jiff::Timestamp| {
        Duration::try_from(to.duration_since(from)).expect("in order")
    };
    let measuring = between(started(1), ended(slots));
    let longest = (1..slots).map(|slot| between(ended(slot), started(slot + 1))).max().unwrap_or_default();
    println!(
        "{name}: ideal {:.1} s; slots {:.2} s, {:.3} of ideal; whole run with startup and removal {:.1} s, {:.2} of ideal; longest pause {:.3} s",
        ideal.as_secs_f64(),
        measuring.as_secs_f64(),
        measuring.as_secs_f64() / ideal.as_secs_f64(),
        total.as_secs_f64(),
        total.as_secs_f64() / ideal.as_secs_f64(),
        longest.as_secs_f64(),
    );
    assert!(longest <= MAX_PAUSE, "the longest pause between slots is {longest:?}");
}
