//! Clusters in which exec does not work, or not for long.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::cluster::{Cluster, Policy, command, first_nodes, rates, run_netbench};
use crate::common::Ended;
use kubectl_netbench::document::{ClientMode, NoteKind, Run};

/// `kubectl proxy`, which ends when this is dropped.
struct Proxy {
    process: Child,
    port: u16,
}

impl Proxy {
    /// kubectl's own default refuses exec.
    fn start(rejected: Option<&str>) -> Self {
        let mut proxy = command("kubectl");
        proxy.args(["proxy", "--port=0"]).args(rejected.map(|paths| format!("--reject-paths={paths}")));
        let mut process = proxy.stdout(Stdio::piped()).spawn().expect("kubectl runs");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("it is a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("it prints its address");
        let port = line.trim().rsplit(':').next().and_then(|port| port.parse().ok());
        Self { process, port: port.unwrap_or_else(|| panic!("a port: {line}")) }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A gateway on this machine that closes the connections of exec to `port` after `lifetime`. Ends with the process. Returns its own
/// port.
fn gateway(port: u16, lifetime: Duration) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let own = listener.local_addr().expect("it is bound").port();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            std::thread::spawn(move || forward(client, port, lifetime));
        }
    });
    own
}

/// Forwards a connection. A WebSocket has a connection of its own, whose first request asks for it.
fn forward(mut client: TcpStream, port: u16, lifetime: Duration) -> std::io::Result<()> {
    let mut server = TcpStream::connect(("127.0.0.1", port))?;
    let (mut to_client, mut from_server) = (client.try_clone()?, server.try_clone()?);
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from_server, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Both);
    });
    let mut bytes = [0; 16 * 1024];
    loop {
        let count = client.read(&mut bytes)?;
        if String::from_utf8_lossy(&bytes[..count]).to_lowercase().contains("upgrade: websocket") {
            let (client, server) = (client.try_clone()?, server.try_clone()?);
            std::thread::spawn(move || {
                std::thread::sleep(lifetime);
                let _ = client.shutdown(Shutdown::Both).and(server.shutdown(Shutdown::Both));
            });
        }
        if count == 0 {
            return server.shutdown(Shutdown::Both);
        }
        server.write_all(&bytes[..count])?;
    }
}

/// A matrix of two nodes, through a proxy on this machine.
fn measure_through(port: u16, flags: &str) -> Ended {
    let nodes = first_nodes(2).join(" ");
    run_netbench(&format!("matrix {nodes} --server http://127.0.0.1:{port} --no-confirm -o json {flags}"))
}

/// All was measured, and Jobs replaced exec for a reason that has these words.
#[track_caller]
fn assert_replaced_by_jobs(run: &Run, reason: &str) {
    assert_eq!(rates(run).len(), 2);
    assert_eq!(run.parameters.placement.via, ClientMode::Job);
    let [note] = run.notes.as_slice() else { panic!("one note: {:?}", run.notes) };
    assert_eq!(note.kind, NoteKind::ExecUnusable);
    assert!(note.sentence.contains(reason), "{}", note.sentence);
}

pub fn exec_that_a_gateway_refuses_is_replaced_by_jobs() {
    let proxy = Proxy::start(None);
    let run = measure_through(proxy.port, "-t 1s").expect_code(0).run();
    assert_replaced_by_jobs(&run, "HTTP status 403 Forbidden");
    let refused = measure_through(proxy.port, "-t 1s --via exec").expect_code(1);
    assert!(
        refused.stderr.contains("error: cannot start clients by exec\ncause: HTTP status 403"),
        "{}",
        refused.stderr
    );
}

pub fn exec_that_is_cut_twice_is_replaced_by_jobs() {
    let proxy = Proxy::start(Some("^$"));
    let gateway = gateway(proxy.port, Duration::from_secs(3));
    let run = measure_through(gateway, "-t 5s").expect_code(0).run();
    assert_replaced_by_jobs(&run, "for the second time");
    assert!(run.tests.iter().any(|test| test.attempt == 3), "{:?}", run.tests);
}

pub fn exec_that_a_policy_refuses_is_replaced_by_jobs(cluster: &Cluster) {
    let nodes = first_nodes(2).join(" ");
    for (policy, reason) in
        [("no-exec", "exec into pods is not allowed"), ("exec-iperf3", "only iperf3 may be run")]
    {
        let _policy = Policy::set(policy);
        let run = cluster.run(&format!("matrix {nodes} -t 1s --no-confirm -o json")).expect_code(0).run();
        assert_replaced_by_jobs(&run, reason);
    }
}
