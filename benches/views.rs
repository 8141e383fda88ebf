//! The time to render a run of 200 nodes in each output format, and to analyse, compare, save and load it. Fails if
//! a step takes a second or more.

#![allow(clippy::print_stdout, clippy::expect_used, missing_docs, reason = "a program that prints a table")]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use kubectl_netbench::analysis::{analyse, compare};
use kubectl_netbench::document::Run;
use kubectl_netbench::store::{self, Store};
use kubectl_netbench::view::{Canvas, Format, render};
use serde_json::json;

const NODES: usize = 200;
const SECONDS: usize = 10;
const LIMIT: Duration = Duration::from_secs(1);
/// Repetitions of each step. The fastest counts, because other processes only add time.
const ROUNDS: usize = 3;

fn main() -> ExitCode {
    // `cargo test --benches` passes the flags of the test harness
    if std::env::args().any(|argument| argument == "--test" || argument == "--list") {
        return ExitCode::SUCCESS;
    }
    let mut run = generated();
    println!("run of {NODES} nodes, {} tests with {SECONDS} samples each", run.tests.len());
    let mut steps: Vec<(String, Duration)> = Vec::new();
    steps.push(("analyse".to_owned(), fastest(|| analyse(black_box(&mut run)))));
    let base = run.clone();
    steps.push(("compare".to_owned(), fastest(|| black_box(compare(&base, &run)))));
    run.comparison = Some(compare(&base, &run));
    let directory = tempfile::tempdir().expect("the disk has space");
    let store = Store::of_user(directory.path());
    steps.push((
        "save".to_owned(),
        fastest(|| {
            store.record(&run).and_then(|recording| recording.finish(&run)).expect("the disk has space");
        }),
    ));
    steps.push((
        "load".to_owned(),
        fastest(|| store::load(Some(&store), "latest").expect("the run was saved")),
    ));
    for format in Format::value_variants() {
        let name = format.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
        let mut length = 0;
        let time = fastest(|| length = black_box(render(&run, *format, Canvas::FILE)).len());
        steps.push((format!("{name:<10} {:>6.1} MB", length as f64 / 1e6), time));
    }
    for (step, time) in &steps {
        println!("{step:<24} {:>7.1} ms", time.as_secs_f64() * 1e3);
    }
    let slow = steps.iter().filter(|(_, time)| *time >= LIMIT).count();
    if slow > 0 {
        println!("{slow} of {} steps take a second or more", steps.len());
    }
    if slow == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn fastest<T>(mut step: impl FnMut() -> T) -> Duration {
    let time = |_| {
        let began = Instant::now();
        black_box(step());
        began.elapsed()
    };
    (0..ROUNDS).map(time).min().unwrap_or_default()
}

/// A run of all pairs with one slow node and one unreachable node.
fn generated() -> Run {
    let name = |node: usize| format!("node-{node:03}.example.internal");
    let mut random = 42_u64;
    let mut noise = || {
        // a linear congruential generator (Knuth's MMIX) suffices for noise
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        1.0 + ((random >> 40) as f64 / f64::from(1 << 24) - 0.5) * 0.2
    };
    let mut tests = Vec::new();
    for client in 0..NODES {
        for server in (0..NODES).filter(|server| *server != client) {
            let mut test = json!({
                "client": name(client), "server": name(server), "measure": "throughput",
                "direction": "clientToServer", "path": "pod", "slot": 1, "repetition": 1, "attempt": 1,
                "startedAt": "2026-11-23T08:00:00Z", "finishedAt": "2026-11-23T08:00:10Z",
            });
            let rest = if server == 17 {
                json!({"outcome": "failed", "kind": "unreachable", "reason": "no route to host"})
            } else {
                let rate = if client == 42 { 2e9 } else { 9.4e9 } * noise();
                let samples: Vec<_> = (0..SECONDS)
                    .map(|second| {
                        json!({
                            "startSeconds": second, "endSeconds": second + 1, "bitsPerSecond": rate * noise(),
                            "retransmits": 3, "roundTripTimeMicroseconds": 120.5 * noise(),
                        })
                    })
                    .collect();
                json!({
                    "outcome": "ok", "bitsPerSecond": rate, "bytes": (rate / 8.0 * SECONDS as f64) as u64,
                    "seconds": SECONDS, "retransmits": 30, "mssBytes": 1448,
                    "roundTripTime": {"minMicroseconds": 80.0, "meanMicroseconds": 120.5, "maxMicroseconds": 300.0},
                    "cpu": {"clientPercent": 42.25, "serverPercent": 61.5}, "samples": samples,
                })
            };
            if let (Some(test), Some(rest)) = (test.as_object_mut(), rest.as_object()) {
                test.extend(rest.clone());
            }
            tests.push(test);
        }
    }
    let nodes: Vec<_> =
        (0..NODES).map(|node| json!({"name": name(node), "zone": format!("zone-{}", node % 3)})).collect();
    let run = json!({
        "apiVersion": "netbench.dev/v1alpha1", "kind": "Run", "id": "k3v9x2mq", "command": "matrix",
        "state": "complete", "startedAt": "2026-11-23T08:00:00Z", "finishedAt": "2026-11-23T09:06:20Z",
        "versions": {"netbench": "0.1.0"},
        "parameters": {
            "timeSeconds": SECONDS, "parallel": 1, "repeat": 1, "paths": ["pod"], "engine": "iperf3",
            "protocol": "tcp", "via": "exec",
        },
        "nodes": nodes, "plannedTests": NODES * (NODES - 1), "tests": tests,
    });
    serde_json::from_value(run).expect("the JSON is a run document")
}
