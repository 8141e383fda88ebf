//! The real program with iperf servers on this machine.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::Ended;
use kubectl_netbench::document::{self, ClientMode, Direction, Measure, State, TestRecord};
use tempfile::TempDir;

/// The program, with a scratch data directory.
pub fn netbench() -> Command {
    crate::common::netbench(Path::new(env!("CARGO_TARGET_TMPDIR")))
}

fn run(arguments: &[&str]) -> Ended {
    netbench().args(arguments).output().expect("the program runs").into()
}

#[test]
fn matrix_in_a_pipe_is_a_plain_table_with_a_line_per_test() {
    // --no-confirm: retests on a noisy machine would add lines
    let ended = run(&["matrix", "--local", "3", "-t", "1s", "--no-confirm"]).expect_code(0);
    assert!(ended.stdout.starts_with("Throughput in Gbit/s"), "{}", ended.stdout);
    for word in ["local-1", "local-2", "local-3", "mean", "Slowest: local-"] {
        assert!(ended.stdout.contains(word), "{word} is missing:\n{}", ended.stdout);
    }
    assert!(!ended.stdout.contains('\u{1b}'), "no colours in a pipe");
    let lines: Vec<&str> = ended.stderr.lines().collect();
    assert_eq!(lines[0], "3 nodes, 6 tests in 6 rounds, about 7s");
    assert_eq!(lines.len(), 8, "{}", ended.stderr);
    assert!(lines[6].starts_with("[6/6] local-"), "{}", ended.stderr);
    assert!(lines[7].starts_with("saved as "), "{}", ended.stderr);
}

#[test]
fn json_output_is_only_a_run_document() {
    let ended = run(&["matrix", "--local", "2", "-t", "1s", "--repeat", "2", "-P", "2", "-o", "json", "-q"])
        .expect_code(0);
    assert_eq!(ended.stderr, "");
    let run = ended.run();
    assert_eq!((run.state, run.tests.len(), run.planned_tests), (State::Complete, 4, 4));
    assert_eq!(
        (run.parameters.placement.via, run.parameters.placement.paths.as_slice()),
        (ClientMode::Process, &[document::Path::Loopback][..])
    );
    for test in &run.tests {
        let measurement = test.outcome.throughput().expect("it was measured");
        assert!(measurement.bits_per_second > 1e6);
        assert_eq!(measurement.samples.len(), 1);
        assert!(measurement.cpu.is_some());
    }
    let pairs = &run.summary.throughput[0].pairs;
    assert_eq!(pairs.len(), 2);
    assert!(pairs.iter().all(|pair| pair.standard_deviation_bits_per_second.is_some()));
    assert!(run.versions.engines.get(document::EngineId::Iperf3).is_some());
}

#[test]
fn pair_shows_both_directions_with_their_details() {
    let ended = run(&["pair", "--local", "2", "-t", "1s", "-q"]).expect_code(0);
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert!(lines[0].starts_with("SENDER"), "{}", ended.stdout);
    for column in ["RECEIVER", "RETRANSMITS", "RTT", "SENDER CPU", "RECEIVER CPU"] {
        assert!(lines[0].contains(column));
    }
    assert!(lines[1].starts_with("local-1  local-2") && lines[2].starts_with("local-2  local-1"));
}

#[test]
fn rtt_flag_adds_latency_with_percentiles() {
    let ended = run(&["pair", "--local", "2", "-t", "1s", "--rtt", "-o", "json", "-q"]).expect_code(0);
    let run = ended.run();
    let measures: Vec<Measure> = run.tests.iter().map(|test| test.measure).collect();
    let both = [Measure::Latency, Measure::Throughput];
    assert_eq!(measures, [both, both].concat());
    for latency in run.tests.iter().filter_map(|test| test.outcome.latency()) {
        assert!(latency.requests > 100, "{latency:?}");
        let figures = [
            latency.min_microseconds,
            latency.p50_microseconds,
            latency.p95_microseconds,
            latency.p99_microseconds,
            latency.max_microseconds,
        ];
        assert!(figures.is_sorted() && figures[0] > 0.0, "{latency:?}");
    }
    let pair = &run.summary.latency[0].pairs[0];
    assert!(pair.under_load_microseconds.is_some() && pair.load_ratio.is_some());
    assert_eq!((run.summary.throughput[0].pairs.len(), run.planned_tests), (2, 4));
}

#[test]
fn udp_test_sends_at_the_bitrate_and_counts_datagrams() {
    let arguments = ["pair", "--local", "2", "-t", "1s", "--udp", "--bitrate", "20M", "--length", "1000"];
    let run = run(&[&arguments[..], &["-P", "2", "-o", "json", "-q"]].concat()).expect_code(0).run();
    for test in &run.tests {
        let throughput = test.outcome.throughput().expect("it was measured");
        let udp = throughput.udp.expect("it is of UDP");
        assert_eq!(udp.target_bits_per_second, Some(20e6));
        assert!((18e6..22e6).contains(&throughput.bits_per_second), "{throughput:?}");
        assert!((2250..2750).contains(&udp.sent), "{udp:?}");
        assert_eq!(throughput.retransmits, None);
    }
}

#[test]
fn bidirectional_test_has_two_results() {
    let ended = run(&["matrix", "--local", "3", "-t", "1s", "--bidir", "-o", "json"]).expect_code(0);
    assert!(ended.stderr.starts_with("3 nodes, 6 tests in 3 rounds, about "), "{}", ended.stderr);
    let run = ended.run();
    assert_eq!((run.tests.len(), run.planned_tests), (6, 6));
    for both in run.tests.chunks(2) {
        assert_eq!(
            [both[0].direction, both[1].direction],
            [Direction::ClientToServer, Direction::ServerToClient]
        );
        assert_eq!(both[0].started_at, both[1].started_at);
    }
    let pairs: std::collections::HashSet<_> = run.tests.iter().map(TestRecord::sender_and_receiver).collect();
    assert_eq!(pairs.len(), 6);
}

#[test]
fn iperf2_reports_throughput_and_retransmits() {
    let arguments = ["pair", "--local", "2", "-t", "1s", "--engine", "iperf2", "-P", "3"];
    let run = run(&[&arguments[..], &["-o", "json", "-q"]].concat()).expect_code(0).run();
    for test in &run.tests {
        let throughput = test.outcome.throughput().expect("it was measured");
        assert!(throughput.bits_per_second > 1e6 && throughput.retransmits.is_some(), "{throughput:?}");
        assert_eq!(throughput.samples.len(), 1);
    }
}

#[test]
fn omit_and_client_arguments_are_applied() {
    // on a busy machine, the timers of iperf3 are late, and the measured time is cut short: not at full speed, and three
    // seconds, of which a part of one may be missing
    let arguments = "pair --local 2 -t 3s --omit 1s --bitrate 10M -o json -q -- -N";
    let run = run(&arguments.split(' ').collect::<Vec<_>>()).expect_code(0).run();
    assert_eq!(
        (run.parameters.measurement.omit_seconds, run.parameters.measurement.client_arguments),
        (1, vec!["-N".to_owned()])
    );
    for test in &run.tests {
        let seconds = test.finished_at.duration_since(test.started_at).as_secs_f64();
        assert!(seconds > 3.9, "{seconds}");
        assert_eq!(test.outcome.throughput().expect("it was measured").samples.len(), 3);
    }
}

/// An iperf3 that says it is version 3.9.
const OLD_IPERF3: &str = r#"#!/usr/bin/env bash
for real in $(type -ap iperf3); do
  [[ $real -ef $0 ]] || exec "$real" "$@" > >(exec sed -u 's/^iperf 3[.0-9]*/iperf 3.9/')
done
"#;

/// The program with a script in place of iperf3.
pub fn with_iperf3(folder: &TempDir, script: &str) -> Command {
    let program = folder.path().join("iperf3");
    std::fs::write(&program, script).expect("there is room");
    let status = Command::new("chmod").arg("+x").arg(&program).status();
    assert!(status.expect("chmod runs").success());
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = netbench();
    command.env("PATH", format!("{}:{path}", folder.path().display()));
    command
}

#[test]
fn flag_of_a_later_iperf3_is_rejected_before_the_first_test() {
    let folder = tempfile::tempdir().expect("there is room");
    let mut command = with_iperf3(&folder, OLD_IPERF3);
    command.args(["matrix", "--local", "2", "--omit", "90s", "-q"]);
    let ended = Ended::from(command.output().expect("the program runs")).expect_code(1);
    assert!(
        ended.stderr.contains("error: iperf3 3.9 on local-1 does not support --omit over 60s"),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains("3.18 or later"), "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
}

#[test]
fn color_flag_overrides_environment() {
    let colored = |arguments: &[&str], variable: Option<&str>| {
        let mut command = netbench();
        command.args(["pair", "--local", "2", "-t", "1s", "-q"]).args(arguments);
        if let Some(variable) = variable {
            command.env(variable, "1");
        }
        Ended::from(command.output().expect("the program runs")).expect_code(0).stdout.contains('\u{1b}')
    };
    assert!(colored(&["--color", "always"], Some("NO_COLOR")));
    assert!(colored(&[], Some("CLICOLOR_FORCE")));
    assert!(!colored(&["--color", "never"], Some("CLICOLOR_FORCE")));
}

#[test]
fn closed_pipe_does_not_panic() {
    let program = env!("CARGO_BIN_EXE_kubectl-netbench");
    let line = format!("{program} matrix --local 2 -t 1s -o json | true");
    let output = Command::new("sh")
        .args(["-c", &line])
        .env("XDG_DATA_HOME", env!("CARGO_TARGET_TMPDIR"))
        .stdin(Stdio::null())
        .output()
        .expect("sh runs");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!stderr.contains("panicked"), "{stderr}");
}

#[test]
fn low_limit_of_open_files_is_raised() {
    let program = env!("CARGO_BIN_EXE_kubectl-netbench");
    let line = format!("ulimit -Sn 32 && exec {program} matrix --local 8 -t 1s -q --no-save --no-confirm");
    let output = Command::new("sh").args(["-c", &line]).stdin(Stdio::null()).output().expect("sh runs");
    Ended::from(output).expect_code(0);
}
