//! What a run takes beyond measuring: its wall time over the ideal 2(N−1)·T.
//!
//! Runs the real program on this machine and, with `NETBENCH_E2E_KUBECONFIG` (and
//! `NETBENCH_E2E_IMAGE`), on a cluster. Fails if slots are further apart than they may be.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test or benchmark ends by a panic, and talks to whoever runs it"
)]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use kubectl_netbench::document::Run;

const NODES: u32 = 4;
const TIME_SECONDS: u32 = 5;

/// The most that may lie between the end of a slot and the start of the next, with exec.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

fn main() {
    // the harness's own flags, as `cargo bench` and `cargo test --benches` pass them
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
    let whole = began.elapsed();
    let run: Run = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(run.nodes.len(), NODES as usize, "this benchmark is for {NODES} nodes");

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
        "{name}: ideal {:.1} s; slots {:.2} s, {:.3} of ideal; whole run with start and removal {:.1} s, {:.2} of ideal; longest pause {:.3} s",
        ideal.as_secs_f64(),
        measuring.as_secs_f64(),
        measuring.as_secs_f64() / ideal.as_secs_f64(),
        whole.as_secs_f64(),
        whole.as_secs_f64() / ideal.as_secs_f64(),
        longest.as_secs_f64(),
    );
    assert!(longest <= LONGEST_PAUSE, "slots are {longest:?} apart");
}
