//! Signals and crashes of the real program. They are sent, and processes found, as on Linux.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::User;
use crate::common::{Ended, processes, signal};
use crate::local::netbench;
use crate::saved::read;
use kubectl_netbench::document::State;

/// Fails the test unless the processes with these words end. A killed process may exist a moment longer than the
/// program that killed it.
#[track_caller]
fn assert_no_processes(words: &[&str]) {
    let given_up = Instant::now() + Duration::from_secs(1);
    while !processes(words).is_empty() {
        assert!(Instant::now() < given_up, "{:?} are left", processes(words));
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The program with the default action of SIGHUP, even if the test runner ignores it.
fn on_a_terminal() -> Command {
    with_signal("--default-signal=HUP")
}

fn with_signal(option: &str) -> Command {
    let netbench = netbench();
    let mut command = Command::new("env");
    command.arg(option).arg(netbench.get_program()).stdin(Stdio::null());
    for (name, value) in netbench.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

#[test]
fn interrupt_prints_finished_tests_and_leaves_no_process() {
    for name in ["INT", "TERM", "HUP"] {
        let mut child = on_a_terminal();
        child.args(["matrix", "--local", "3", "-t", "1s", "--port", "23450"]);
        let child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
        std::thread::sleep(Duration::from_millis(2700));
        signal(child.id(), name);
        let began = Instant::now();
        let ended = Ended::from(child.wait_with_output().expect("it ends")).expect_code(130);
        assert!(began.elapsed() < Duration::from_secs(3));
        let done = ended.stderr.lines().filter(|line| line.contains("/6] ")).count();
        assert!((1..6).contains(&done), "{}", ended.stderr);
        assert!(
            ended.stdout.contains(&format!("Partial: the run ended after {done} of 6 tests.")),
            "{}",
            ended.stdout
        );
        assert_no_processes(&["iperf3", "-p 2345"]);
    }
}

/// Closing a terminal sends SIGHUP twice, once by the shell and once by the kernel.
#[test]
fn closed_terminal_leaves_no_process() {
    let mut command = on_a_terminal();
    command.args(["matrix", "--local", "2", "-t", "3s", "--port", "23460"]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program runs");
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(processes(&["iperf3 -s", "-p 2346"]).len(), 2);
    signal(child.id(), "HUP");
    std::thread::sleep(Duration::from_millis(1));
    signal(child.id(), "HUP");
    child.wait_with_output().expect("it ends");
    assert_no_processes(&["iperf3", "-p 2346"]);
}

#[test]
fn run_under_nohup_continues_when_its_terminal_is_closed() {
    let mut command = with_signal("--ignore-signal=HUP");
    command.args(["matrix", "--local", "2", "-t", "2s", "--port", "23480", "--no-confirm"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
    std::thread::sleep(Duration::from_secs(1));
    signal(child.id(), "HUP");
    let ended = Ended::from(child.wait_with_output().expect("it ends")).expect_code(0);
    assert!(!ended.stdout.contains("Partial"), "{}", ended.stdout);
}

#[test]
fn second_interrupt_leaves_no_process() {
    let mut command = netbench();
    command.args(["matrix", "--local", "2", "-t", "3s", "--port", "23470"]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program runs");
    std::thread::sleep(Duration::from_secs(1));
    signal(child.id(), "INT");
    signal(child.id(), "INT");
    child.wait_with_output().expect("it ends");
    assert_no_processes(&["iperf3", "-p 2347"]);
}

#[test]
fn killed_run_keeps_its_tests_and_is_resumed() {
    let user = User::new();
    let mut killed = user
        .command("matrix --local 4 -t 1s --repeat 2")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let saved = || user.files().first().map_or(0, |file| read(file).tests.len());
    let give_up = Instant::now() + Duration::from_secs(30);
    while saved() < 3 && Instant::now() < give_up {
        std::thread::sleep(Duration::from_millis(50));
    }
    let servers = children(killed.id());
    signal(killed.id(), "KILL");
    let _ = killed.wait();
    for server in servers {
        signal(server, "KILL");
    }
    let before = read(&user.files()[0]);
    assert!(before.tests.len() >= 3 && before.tests.len() < 24, "{}", before.tests.len());
    assert_eq!(before.state, State::Partial);
    let listed = user.run("runs").expect_code(0).stdout;
    assert!(listed.contains(&format!("partial, {} of 24", before.tests.len())), "{listed}");
    assert!(user.run("report").expect_code(3).stdout.contains("Partial: the run ended after"));

    let ended = user.run("matrix --resume latest -o json --no-confirm").expect_code(0);
    let after = ended.run();
    assert_eq!((after.tests.len(), after.state), (24, State::Complete));
    assert_eq!(after.resumed.as_deref(), Some(before.id.as_str()));
    assert_eq!(after.tests[..before.tests.len()], before.tests);
    assert_eq!(after.parameters.measurement.repeat, 2);
    assert!(ended.stderr.contains(&format!("reusing {} results of {}", before.tests.len(), before.id)));
    let whole = user.run("matrix --resume latest").expect_code(1).stderr;
    assert!(whole.contains("no missing or failed tests"), "{whole}");
    let mixed = user.run("matrix --resume latest -t 5s").expect_code(2).stderr;
    assert!(mixed.contains("--resume") && mixed.contains("--time"), "{mixed}");
}

fn children(pid: u32) -> Vec<u32> {
    let output = Command::new("ps").args(["-o", "pid=", "--ppid", &pid.to_string()]).output();
    let text = String::from_utf8(output.expect("ps runs").stdout).expect("ps writes text");
    text.split_whitespace().map(|pid| pid.parse().expect("a process has a number")).collect()
}
