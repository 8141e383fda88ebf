//! Proxies between the program and the API server.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::cluster::command;

/// `kubectl proxy`, which ends when this is dropped.
pub struct Proxy {
    process: Child,
    pub port: u16,
}

impl Proxy {
    /// One that refuses exec, as is kubectl's default.
    pub fn without_exec() -> Self {
        Self::start(0, &[])
    }

    /// One that accepts all requests.
    pub fn with_exec() -> Self {
        Self::start(0, &["--reject-paths=^$"])
    }

    /// Stops the proxy, and starts it again on the same port after some time. It accepts all requests.
    pub fn restart(&mut self, after: Duration) {
        self.stop();
        std::thread::sleep(after);
        *self = Self::start(self.port, &["--reject-paths=^$"]);
    }

    /// Port 0 is any that is free.
    fn start(port: u16, flags: &[&str]) -> Self {
        let mut proxy = command("kubectl");
        proxy.args(["proxy", &format!("--port={port}")]).args(flags);
        let mut process = proxy.stdout(Stdio::piped()).spawn().expect("kubectl runs");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("it is a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("it prints its address");
        let port = line.trim().rsplit(':').next().and_then(|port| port.parse().ok());
        Self { process, port: port.unwrap_or_else(|| panic!("a port: {line}")) }
    }

    fn stop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The connections that a gateway closes.
#[derive(Clone, Copy)]
pub enum Cut {
    /// Those of exec, after this time.
    Exec(Duration),
    /// Each that was silent in both directions for this time.
    Silent(Duration),
}

/// When a connection was used last.
#[derive(Clone)]
struct LastUse(Arc<Mutex<Instant>>);

impl LastUse {
    fn now() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }

    fn renew(&self) {
        *self.0.lock().expect("no thread panics while it holds this") = Instant::now();
    }

    fn elapsed(&self) -> Duration {
        self.0.lock().expect("no thread panics while it holds this").elapsed()
    }
}

/// A gateway on this machine to `port`, which exists until the process ends. Returns its own port.
pub fn gateway(port: u16, cut: Cut) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let own = listener.local_addr().expect("it is bound").port();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            std::thread::spawn(move || forward(&client, port, cut));
        }
    });
    own
}

/// Forwards a connection. A WebSocket has a connection of its own, whose first request asks for it.
fn forward(client: &TcpStream, port: u16, cut: Cut) -> std::io::Result<()> {
    let server = TcpStream::connect(("127.0.0.1", port))?;
    let last = LastUse::now();
    if let Cut::Silent(limit) = cut {
        close_when_unused(client, &server, last.clone(), limit)?;
    }
    let (from_server, to_client, at_answer) = (server.try_clone()?, client.try_clone()?, last.clone());
    std::thread::spawn(move || copy(&from_server, &to_client, |_| at_answer.renew()));
    copy(client, &server, |bytes| {
        last.renew();
        if let Cut::Exec(lifetime) = cut
            && String::from_utf8_lossy(bytes).to_lowercase().contains("upgrade: websocket")
        {
            let _ = close_when_unused(client, &server, LastUse::now(), lifetime);
        }
    })
}

/// Copies until an end, and then closes both.
fn copy(mut from: &TcpStream, mut to: &TcpStream, saw: impl Fn(&[u8])) -> std::io::Result<()> {
    let mut bytes = [0; 16 * 1024];
    loop {
        let count = from.read(&mut bytes).unwrap_or(0);
        saw(&bytes[..count]);
        if count == 0 || to.write_all(&bytes[..count]).is_err() {
            let _ = from.shutdown(Shutdown::Both);
            return to.shutdown(Shutdown::Both);
        }
    }
}

/// Closes a connection this long after its last use.
fn close_when_unused(
    client: &TcpStream,
    server: &TcpStream,
    last: LastUse,
    limit: Duration,
) -> std::io::Result<()> {
    let (client, server) = (client.try_clone()?, server.try_clone()?);
    std::thread::spawn(move || {
        loop {
            let left = limit.saturating_sub(last.elapsed());
            if left.is_zero() {
                return client.shutdown(Shutdown::Both).and(server.shutdown(Shutdown::Both));
            }
            std::thread::sleep(left);
        }
    });
    Ok(())
}
