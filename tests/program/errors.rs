//! Errors of the real program before a run. They need no iperf, so that they are tested on every system.

use std::path::Path;
use std::process::Command;

use crate::common::Ended;

fn netbench() -> Command {
    crate::common::netbench(Path::new(env!("CARGO_TARGET_TMPDIR")))
}

#[test]
fn port_in_use_is_an_error_with_help() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("some port is free");
    let port = taken.local_addr().expect("it is bound").port().to_string();
    let mut command = netbench();
    command.args(["matrix", "--local", "2", "--port", &port]);
    let ended = Ended::from(command.output().expect("the program runs")).expect_code(1);
    assert!(ended.stderr.contains(&format!("cannot listen on port {port}")), "{}", ended.stderr);
    assert!(ended.stderr.contains("--port"), "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
}

#[test]
fn missing_iperf3_is_an_error_with_install_commands() {
    let mut command = netbench();
    command.args(["matrix", "--local", "2"]).env("PATH", "/nonexistent");
    let ended = Ended::from(command.output().expect("the program runs")).expect_code(1);
    let install = match std::env::consts::OS {
        "windows" => "winget install iperf3",
        "macos" => "brew install iperf3",
        _ => "apt install iperf3",
    };
    assert!(ended.stderr.contains(install), "{}", ended.stderr);
}

#[test]
fn missing_kubeconfig_is_an_error_with_its_path() {
    let mut command = netbench();
    command.args(["matrix"]).env("HOME", "/nonexistent").env("KUBECONFIG", "/nonexistent/config");
    let ended = Ended::from(command.output().expect("the program runs")).expect_code(1);
    assert!(ended.stderr.contains("/nonexistent/config"), "{}", ended.stderr);
    assert!(ended.stderr.contains("--local"), "{}", ended.stderr);
}
