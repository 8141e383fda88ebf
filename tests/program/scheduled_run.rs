//! What the real program reports when it runs in the pod of a schedule.

use std::fs;

use crate::common::Ended;
use kubectl_netbench::recurring::schedule::outcome::{RunFailure, RunOutcome};

/// Runs the program as a CronJob's container does, and reads its termination message.
fn run(arguments: &str) -> (Ended, RunOutcome) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    // the kubelet creates it
    let file = directory.path().join("termination-log");
    fs::write(&file, "").expect("it can be written");
    let mut command = crate::common::netbench(directory.path());
    let ended: Ended = command
        .args(arguments.split_whitespace())
        .env("NETBENCH_SCHEDULE", "nightly")
        .env("NETBENCH_POD", "netbench-nightly-1-x7k2p")
        .env("NETBENCH_KEEP_RECORDS", "10")
        .env("NETBENCH_TERMINATION_MESSAGE_PATH", &file)
        .output()
        .expect("the program runs")
        .into();
    let message = fs::read_to_string(&file).expect("it can be read");
    let outcome = RunOutcome::parse(&message).unwrap_or_else(|| panic!("{message:?}\n{}", ended.stderr));
    (ended, outcome)
}

#[test]
#[cfg(unix)]
fn complete_run_reports_its_id() {
    let (ended, outcome) = run("matrix --local 2 -t 1s --no-confirm -o json");
    let id = Some(ended.expect_code(0).run().id);
    assert_eq!(outcome, RunOutcome { run_id: id, ..RunOutcome::default() });
}

#[test]
#[cfg(unix)]
fn failed_gate_is_reported_with_its_pairs() {
    let (ended, outcome) = run("matrix --local 2 -t 1s --no-confirm --fail-below 90Tbit/s");
    ended.expect_code(4);
    assert_eq!((outcome.exit_code, &outcome.error), (4, &None));
    let [gate] = outcome.failed_gates.as_slice() else { panic!("{outcome:?}") };
    assert!(gate.contains("--fail-below") && gate.contains("local-1 → local-2"), "{gate}");
}

#[test]
fn error_is_reported_in_its_three_parts() {
    let (ended, outcome) = run("matrix -n network --kubeconfig missing");
    let stderr = ended.expect_code(1).stderr;
    let RunOutcome { exit_code: 1, error: Some(failure), run_id: None, .. } = outcome else {
        panic!("{outcome:?}")
    };
    let RunFailure { error, cause, help } = failure;
    for part in [Some(error), cause, help].into_iter().flatten() {
        assert!(stderr.contains(&part), "{part}: {stderr}");
    }
}

#[test]
fn invalid_command_line_is_reported() {
    let (ended, outcome) = run("matrix --tim 5s");
    ended.expect_code(2);
    let failure = outcome.error.expect("an error");
    assert_eq!((outcome.exit_code, failure.error.as_str()), (2, "invalid command line"));
    assert!(failure.cause.is_some_and(|cause| cause.contains("--tim")));
}
