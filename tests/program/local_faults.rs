//! The real program with iperf3 servers on this machine that hang, and connections that break.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use kubectl_netbench::document::FailureKind;

use crate::common::{Ended, processes, signal};
use crate::local::{netbench, with_iperf3};

#[test]
fn server_that_hangs_is_replaced() {
    let mut command = netbench();
    command.args(["matrix", "--local", "3", "-t", "1s", "--port", "23490", "--no-confirm", "-o", "json"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
    let given_up = Instant::now() + Duration::from_secs(10);
    let hung = loop {
        match processes(&["iperf3 -s", "-p 23491"]).as_slice() {
            [server] if processes(&["iperf3 -s", "-p 23492"]).len() == 1 => break *server,
            _ => assert!(Instant::now() < given_up, "the servers do not start"),
        }
        thread::sleep(Duration::from_millis(10));
    };
    signal(hung, "STOP");
    let ended = Ended::from(child.wait_with_output().expect("it ends")).expect_code(0);
    assert!(ended.stderr.contains("accepted connections, but did not respond"), "{}", ended.stderr);
    assert!(!ended.stdout.contains("MTU"), "{}", ended.stdout);
    let run = ended.run();
    assert!(run.tests.len() == 6 && run.tests.iter().all(|test| test.outcome.is_ok()), "{:?}", run.tests);
    assert_eq!(run.tests.iter().filter(|test| test.attempt > 1).count(), 1);
}

/// An iperf3 whose clients connect to a port that is larger by 100.
const BY_PROXY: &str = r#"#!/usr/bin/env bash
words=() by_proxy=false previous=
[[ " $* " == *" -c "* ]] && by_proxy=true
for word in "$@"; do
  [[ $previous == -p ]] && $by_proxy && word=$((word + 100))
  words+=("$word") previous=$word
done
for real in $(type -ap iperf3); do
  [[ $real -ef $0 ]] || exec "$real" "${words[@]}"
done
"#;

/// Passes connections on to a port, and ends the first of each test, which is the control connection, after a while.
fn break_control_connections(port: u16, after: Duration) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port + 100)).expect("the port is free");
    let pass_on = |mut from: TcpStream, mut to: TcpStream| {
        let mut buffer = vec![0; 1 << 17];
        while let Ok(count) = from.read(&mut buffer)
            && count > 0
            && to.write_all(&buffer[..count]).is_ok()
        {}
        let _ = to.shutdown(Shutdown::Both);
    };
    thread::spawn(move || {
        for (number, client) in listener.incoming().flatten().enumerate() {
            let server = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the server listens");
            if number % 2 == 0 {
                let control = client.try_clone().expect("there is a descriptor");
                thread::spawn(move || {
                    thread::sleep(after);
                    let _ = control.shutdown(Shutdown::Both);
                });
            }
            let clone = |stream: &TcpStream| stream.try_clone().expect("there is a descriptor");
            let (back, forth) = ((clone(&server), clone(&client)), (client, server));
            thread::spawn(move || pass_on(back.0, back.1));
            thread::spawn(move || pass_on(forth.0, forth.1));
        }
    });
}

#[test]
fn lost_control_connection_leaves_a_marked_result_of_the_samples() {
    for port in [23600, 23601] {
        break_control_connections(port, Duration::from_millis(2500));
    }
    let folder = tempfile::tempdir().expect("there is room");
    let run = |format: &str| {
        let mut command = with_iperf3(&folder, BY_PROXY);
        command.args([
            "pair",
            "--local",
            "2",
            "-t",
            "4s",
            "--port",
            "23600",
            "--no-confirm",
            "-q",
            "-o",
            format,
        ]);
        Ended::from(command.output().expect("the program runs")).expect_code(0)
    };
    for test in run("json").run().tests {
        let throughput = test.outcome.throughput().expect("it was measured");
        let cut_by = throughput.cut_by.as_ref().expect("it is incomplete");
        assert_eq!(cut_by.kind, FailureKind::ConnectionLost);
        assert!(
            (1.5..3.5).contains(&throughput.seconds) && throughput.bits_per_second > 1e6,
            "{throughput:?}"
        );
    }
    let table = run("table").stdout;
    let is_marked = |line: &str| line.starts_with("local-1  local-2 ") && line.contains(" ~");
    assert!(table.lines().any(is_marked) && table.contains("Incomplete (~): "), "{table}");
}
