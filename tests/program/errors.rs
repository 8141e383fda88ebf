//! Errors of the real program before a run. They need no iperf, so that they are tested on every system.

use std::fs;
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

#[test]
fn credential_plugin_that_is_a_script_is_found_on_path() {
    let directory = tempfile::tempdir().expect("there is room");
    let (name, script) = if cfg!(windows) {
        ("login.cmd", "@echo log in again 1>&2\r\n@exit 3\r\n")
    } else {
        ("login", "#!/bin/sh\necho log in again >&2\nexit 3\n")
    };
    let plugin = directory.path().join(name);
    fs::write(&plugin, script).expect("there is room");
    #[cfg(unix)]
    fs::set_permissions(&plugin, std::os::unix::fs::PermissionsExt::from_mode(0o700)).expect("it is ours");
    let kubeconfig = directory.path().join("config");
    let text = "current-context: a\nclusters: [{name: a, cluster: {server: 'https://127.0.0.1:1'}}]\n\
        contexts: [{name: a, context: {cluster: a, user: a}}]\nusers: [{name: a, user: {exec: \
        {apiVersion: client.authentication.k8s.io/v1, command: login, interactiveMode: Never}}}]\n";
    fs::write(&kubeconfig, text).expect("there is room");
    let others = std::env::var_os("PATH").unwrap_or_default();
    let path = [directory.path().to_owned()].into_iter().chain(std::env::split_paths(&others));
    let mut command = netbench();
    command.arg("check").env("KUBECONFIG", kubeconfig);
    command.env("PATH", std::env::join_paths(path).expect("it has no separator"));
    let ended = Ended::from(command.output().expect("the program runs"));
    assert!(ended.stderr.contains("it failed") && ended.stderr.contains("log in again"), "{}", ended.stderr);
}
