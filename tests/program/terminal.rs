//! The real program in a terminal: that of util-linux's `script`.

use std::process::{Command, Stdio};

use crate::User;

/// Runs a command line in a terminal, and returns its raw output.
fn in_terminal(arguments: &str) -> String {
    let program = env!("CARGO_BIN_EXE_kubectl-netbench");
    let command = format!("stty cols 100 rows 30; exec {program} {arguments}");
    let output = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .stdin(Stdio::null())
        .env_remove("NO_COLOR")
        .env("XDG_DATA_HOME", env!("CARGO_TARGET_TMPDIR"))
        .env("TERM", "xterm-256color")
        .output()
        .expect("script (util-linux) runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn terminal_shows_bars_and_then_a_coloured_table() {
    let drawn = in_terminal("matrix --local 2 -t 2s");
    let table = drawn.find("Throughput in").expect("the table is printed");
    let progress = &drawn[..table];
    assert!(progress.contains("tests, round 1/2"), "{progress:?}");
    assert!(progress.contains("local-1 → local-2"), "{progress:?}");
    assert!(progress.contains("left"), "{progress:?}");
    assert!(drawn[table..].contains("\u{1b}["), "{}", &drawn[table..]);
}

#[test]
fn narrow_terminal_shows_a_list() {
    let program = env!("CARGO_BIN_EXE_kubectl-netbench");
    let command = format!("stty cols 30 rows 30; exec {program} matrix --local 4 -t 1s -q --color never");
    let output = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .stdin(Stdio::null())
        .env("XDG_DATA_HOME", env!("CARGO_TARGET_TMPDIR"))
        .output()
        .expect("script (util-linux) runs");
    let drawn = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(drawn.contains("slowest first"), "{drawn}");
}

#[test]
fn log_lines_are_printed_above_the_bars() {
    let user = User::with_settings("time: 1s\nno-confirm: true\n");
    let program = env!("CARGO_BIN_EXE_kubectl-netbench");
    let log = user.0.path().join("screen");
    let mut terminal = Command::new("script");
    terminal
        .args([
            "--quiet",
            "--return",
            "--command",
            &format!("stty cols 200 rows 24; {program} pair --local 2 -vv"),
        ])
        .arg(&log);
    for (name, value) in [("XDG_DATA_HOME", user.0.path()), ("XDG_CONFIG_HOME", user.0.path())] {
        terminal.env(name, value);
    }
    terminal.env("LC_ALL", "C.UTF-8").env("TERM", "xterm").stdin(std::process::Stdio::null());
    assert!(terminal.output().expect("script runs").status.success());
    let written = std::fs::read(&log).expect("it was written");
    let mut screen = vt100::Parser::new(24, 200, 0);
    let (mut bars, mut lines) = (0, 0);
    // the screen after each change
    for part in written.chunks(16) {
        screen.process(part);
        for row in screen.screen().rows(0, 200) {
            let (is_bar, is_line) = (row.contains(" tests, round "), row.contains("iperf3 -c 127.0.0.1"));
            bars += usize::from(is_bar);
            lines += usize::from(is_line);
            assert!(!is_line || !is_bar, "torn: {row}");
        }
    }
    assert!(bars > 0 && lines > 0, "{}", String::from_utf8_lossy(&written));
    let left = screen.screen().contents();
    assert!(!left.contains(" tests, round ") && left.contains("iperf3 -c 127.0.0.1"), "{left}");
}
