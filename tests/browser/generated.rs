//! Generated runs of any size that use all features of the report.

use kubectl_netbench::analysis::summarise;
use kubectl_netbench::document::{
    Command, Datagrams, Direction, Measure, Measurement, NodeId, Outcome, Path, Run, State, TestRecord,
};
use serde_json::{Value, json};

/// An attempt at script injection by a name or a reason.
pub const HOSTILE: &str = "</script><img src=x onerror=\"window.pwned=1\">{{script}}";

/// A matrix of nodes in three zones over two paths. Node 2 is a slow sender, and the last node is
/// unreachable from the first.
pub fn run(nodes: usize) -> Run {
    let name = |node: usize| format!("ip-10-0-{}-{}.eu-west-1.compute.internal", node / 8, node % 8 + 10);
    run_of(&(0..nodes).map(name).collect::<Vec<_>>())
}

/// Like [`run`], with these node names.
pub fn run_of(names: &[String]) -> Run {
    let pairs = || {
        let of_sender = |sender| (0..names.len()).map(move |receiver| (sender, receiver));
        (0..names.len()).flat_map(of_sender).filter(|(sender, receiver)| sender != receiver)
    };
    let last = names.len() - 1;
    let mut tests = Vec::new();
    for (number, (sender, receiver)) in pairs().enumerate() {
        for path in ["pod", "host"] {
            let failed = (sender, receiver) == (0, last);
            let outcome = if failed { failure() } else { throughput(sender, receiver, path, number) };
            tests.push(test(names, sender, receiver, path, outcome));
        }
        // small runs suffice to test how latency is displayed
        if names.len() <= 8 {
            tests.push(test(names, sender, receiver, "pod", latency(number)));
        }
    }
    let tests: Vec<TestRecord> = serde_json::from_value(Value::Array(tests)).expect("the tests are valid");
    let mut run: Run = serde_json::from_value(head(names)).expect("the run is valid");
    run.summary = summarise(&tests, &[]);
    run.planned_tests = tests.len();
    let is_retested = |test: &&TestRecord| test.client == names[2] && test.server == names[1];
    run.retests = tests.iter().find(is_retested).cloned().into_iter().collect();
    run.tests = tests;
    run
}

/// Three nodes and an external server, bidirectional, with repetitions of which some fail.
pub fn external() -> Run {
    let mut run = run(3);
    run.parameters.placement.to = Some("192.0.2.7".parse().expect("an address"));
    run.parameters.measurement.bidirectional = true;
    let first = run.nodes[0].name;
    let is_kept = |test: &TestRecord| test.measure == Measure::Throughput && test.route.path == Path::Pod;
    let mut tests = std::mem::take(&mut run.tests);
    tests.retain(is_kept);
    for test in &mut tests {
        test.repetition = if test.server == first { 1 } else { 2 };
        test.server = "192.0.2.7".into();
    }
    let reverse =
        tests.iter().cloned().map(|test| TestRecord { direction: Direction::ServerToClient, ..test });
    let tests = tests.iter().cloned().chain(reverse).collect();
    with_tests(run, tests)
}

/// Two nodes over UDP.
pub fn pair() -> Run {
    let mut run = run(3);
    run.command = Command::Pair;
    run.nodes.truncate(2);
    let nodes: Vec<NodeId> = run.nodes.iter().map(|node| node.name).collect();
    let mut tests = std::mem::take(&mut run.tests);
    tests.retain(|test| nodes.contains(&test.client) && nodes.contains(&test.server));
    for test in &mut tests {
        if let Outcome::Ok(Measurement::Throughput(throughput)) = &mut test.outcome {
            throughput.udp = Some(Datagrams {
                target_bits_per_second: Some(5e9),
                sent: 1_000_000,
                lost: 2_500,
                lost_percent: 0.25,
                out_of_order: Some(3),
                jitter_microseconds: 12.5,
            });
        }
    }
    with_tests(run, tests)
}

/// A run that ended before its first test.
pub fn empty() -> Run {
    let run = run(3);
    with_tests(Run { state: State::Partial, ..run }, Vec::new())
}

/// Replaces the tests of a run, and all results derived from them.
fn with_tests(run: Run, tests: Vec<TestRecord>) -> Run {
    Run {
        summary: summarise(&tests, &[]),
        findings: Vec::new(),
        breaches: Vec::new(),
        comparison: None,
        retests: Vec::new(),
        tests,
        ..run
    }
}

fn test(names: &[String], client: usize, server: usize, path: &str, mut outcome: Value) -> Value {
    let measure = if outcome.get("requests").is_some() { "latency" } else { "throughput" };
    let common = json!({
        "client": names[client], "server": names[server], "measure": measure,
        "direction": "clientToServer", "path": path, "slot": 1, "repetition": 1, "attempt": 1,
        "startedAt": "2026-03-01T09:00:00Z", "finishedAt": "2026-03-01T09:00:10Z",
    });
    if let (Value::Object(outcome), Value::Object(common)) = (&mut outcome, common) {
        outcome.extend(common);
    }
    outcome
}

fn failure() -> Value {
    json!({
        "outcome": "failed", "kind": "unreachable",
        "reason": format!("unable to connect to server: Connection timed out {HOSTILE}"),
        "remedy": "look for a NetworkPolicy that forbids it",
    })
}

fn throughput(sender: usize, receiver: usize, path: &str, number: usize) -> Value {
    let rate = rate(sender, receiver, number) * if path == "host" { 1.06 } else { 1.0 };
    let retransmits = if sender == 2 { 240 } else { 0 };
    let samples: Vec<Value> = (0..10)
        .map(|second| {
            let noise = noise(number * 10 + second) * 0.08;
            json!({
                "startSeconds": second, "endSeconds": second + 1, "bitsPerSecond": rate * (1.0 + noise),
                "retransmits": if second % 3 == 0 { retransmits / 4 } else { 0 },
                "roundTripTimeMicroseconds": 131.0 + 40.0 * noise,
            })
        })
        .collect();
    json!({
        "outcome": "ok", "bitsPerSecond": rate, "bytes": 11_767_500_000_u64, "seconds": 10.0,
        "retransmits": retransmits, "mssBytes": 1398,
        "roundTripTime": { "minMicroseconds": 84.0, "meanMicroseconds": 131.5, "maxMicroseconds": 220.0 },
        "cpu": { "clientPercent": 42.3, "serverPercent": 61.5 }, "samples": samples,
    })
}

fn latency(number: usize) -> Value {
    let mean = 210.0 * (1.0 + noise(number) * 0.2);
    json!({
        "outcome": "ok", "requests": 9_500, "seconds": 2.0, "meanMicroseconds": mean,
        "minMicroseconds": mean / 2.0, "p50Microseconds": mean, "p95Microseconds": mean * 1.5,
        "p99Microseconds": mean * 2.0, "maxMicroseconds": mean * 20.0, "resolutionMicroseconds": 10.0,
    })
}

/// Bit/s: lower between zones, and much lower from node 2.
fn rate(sender: usize, receiver: usize, number: usize) -> f64 {
    let zone = |node: usize| node % 3;
    let across = if zone(sender) == zone(receiver) { 1.0 } else { 0.9 };
    let slow = if sender == 2 { 0.2 } else { 1.0 };
    9.41e9 * across * slow * (1.0 + noise(number) * 0.05)
}

/// A pseudorandom number between -1 and 1.
fn noise(seed: usize) -> f64 {
    let mixed = (seed as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40) as f64 / f64::from(1 << 23) - 1.0
}

fn head(names: &[String]) -> Value {
    let nodes: Vec<Value> = names
        .iter()
        .enumerate()
        .map(|(node, name)| {
            json!({
                "name": name, "zone": format!("eu-west-1{}", ["a", "b", "c"][node % 3]),
                "instanceType": "m6i.large", "architecture": "amd64", "osImage": "Ubuntu 24.04.2 LTS",
            })
        })
        .collect();
    let slow_pairs: Vec<Value> = names
        .iter()
        .filter(|name| **name != names[2])
        .map(|name| json!({ "sender": names[2], "receiver": name }))
        .collect();
    let (first, last) = (&names[0], &names[names.len() - 1]);
    let slow = format!("{} sends a fifth of what the others do, to all {} nodes", names[2], slow_pairs.len());
    let change = |pair: &Value| {
        json!({
            "sender": pair["sender"], "receiver": pair["receiver"], "baseBitsPerSecond": 9.4e9,
            "bitsPerSecond": 1.8e9, "percent": -80.9, "p": 0.0004, "verdict": "slower",
        })
    };
    json!({
        "apiVersion": "netbench.dev/v1alpha1", "kind": "Run", "id": "k3v9x2mq", "command": "matrix",
        "state": "complete", "startedAt": "2026-03-01T09:00:00Z", "finishedAt": "2026-03-01T09:34:10Z",
        "versions": { "netbench": "0.1.0", "kubernetes": "v1.33.1", "iperf3": "3.18" },
        "cluster": { "context": "production-eu", "namespace": "netbench" },
        "parameters": {
            "timeSeconds": 10, "latencyTimeSeconds": 2, "parallel": 1, "repeat": 1, "paths": ["pod", "host"],
            "engine": "iperf3", "protocol": "tcp", "via": "exec",
            "image": "ghcr.io/example/netbench:v0.1.0",
        },
        "nodes": nodes, "plannedTests": 0, "tests": [],
        "leftOut": [{ "name": "gpu-1", "reason": "has the taint gpu=true:NoSchedule" }],
        "findings": [
            {
                "kind": "slowSender", "path": "pod", "percent": 79.6, "subjects": [names[2]],
                "sentence": slow,
                "pairs": slow_pairs, "confirmation": "confirmed",
            },
            {
                "kind": "slowZones", "path": "pod", "percent": 10.2,
                "subjects": ["eu-west-1a", "eu-west-1b"], "confirmation": "onlyTogether",
                "sentence": "Between zones 10% less gets through than within them",
                "pairs": [{ "sender": first, "receiver": names[1] }],
            },
        ],
        "breaches": [{
            "gate": "--fail-below 1Gbit/s", "path": "pod", "sender": first, "receiver": last,
            "limitBitsPerSecond": 1e9,
        }],
        "comparison": {
            "base": "b8w2c7aa", "baseStartedAt": "2026-02-22T09:00:00Z", "level": 0.05,
            "differences": ["the kernel of 2 nodes is another one"],
            "ways": [{ "path": "pod", "pairs": slow_pairs.iter().map(change).collect::<Vec<_>>() }],
        },
    })
}
