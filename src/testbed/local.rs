//! A testbed without a cluster: servers on the loopback interface of this machine (`--local`).

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::process::Stdio;
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, mpsc};

use super::{
    ClientStarted, NodeServers, Output, RestoreOutcome, RestoreReason, Server, ServerLines, ServerState,
    StartProgress, Testbed, TestbedError, Unusable,
};
use crate::document::{Failure, FailureKind, NodeId};
use crate::engine::{ClientExit, Engine, LineSplitter, ServerSpec};
use crate::explanation::Explanation;
use crate::options::{Path, Route};

/// How long a server may take to start listening.
const START_TIMEOUT: Duration = Duration::from_secs(5);

/// A flag of [`CreateProcess`](https://learn.microsoft.com/windows/win32/procthread/process-creation-flags).
#[cfg(windows)]
const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;

/// How long a server may print nothing before its port shows whether it is listening: iperf3 before 3.7 does not flush
/// its output.
const SILENCE_LIMIT: Duration = Duration::from_secs(1);

/// How often the port of a silent server is tried.
const PORT_POLL: Duration = Duration::from_millis(100);

/// Why a server on this machine could not be started.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// The program of the engine cannot be executed.
    #[error("cannot run {program} on this machine")]
    Program {
        /// The name of the program.
        program: &'static str,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The server cannot listen on its port.
    #[error("cannot listen on port {port} of this machine")]
    Port {
        /// The port.
        port: u16,
        /// The error of the operating system or of the server.
        source: io::Error,
    },
}

impl LocalError {
    /// The error as it is shown.
    pub fn explain(&self) -> Explanation {
        let what = Explanation::new(self.to_string());
        match self {
            Self::Program { program, source } if source.kind() == io::ErrorKind::NotFound => {
                what.cause(format!("{program} was not found on PATH")).help(install(program))
            }
            Self::Program { source, .. } => what.cause(source.to_string()),
            Self::Port { source, .. } => what
                .cause(source.to_string())
                .help("choose another first port with --port, or omit --port to use free ports"),
        }
    }
}

/// How to install a program: with the package manager on `PATH`, or with any of this kind of system.
fn install(program: &str) -> String {
    const MANAGERS: &[(&str, &str)] = match std::env::consts::OS.as_bytes() {
        b"windows" => &[("winget", "winget install")],
        b"macos" => &[("brew", "brew install")],
        _ => &[
            ("apt-get", "apt install"),
            ("dnf", "dnf install"),
            ("apk", "apk add"),
            ("zypper", "zypper install"),
            ("pacman", "pacman -S"),
            ("brew", "brew install"),
        ],
    };
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_here = |name: &str| std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
    let here = MANAGERS.iter().position(|(name, _)| is_here(name));
    let possible = here.map_or(MANAGERS, |first| &MANAGERS[first..=first]);
    let commands: Vec<String> = possible.iter().map(|(_, install)| format!("{install} {program}")).collect();
    format!("install it: {}", commands.join(", "))
}

/// Servers on this machine, each on its own port.
#[derive(Debug)]
pub struct LocalTestbed {
    throughput: &'static dyn Engine,
    latency: Option<&'static dyn Engine>,
    /// Each node with its throughput and latency ports.
    nodes: Vec<(NodeId, u16, Option<u16>)>,
    throughput_servers: Mutex<HashMap<NodeId, ThroughputServer>>,
    latency_servers: Mutex<Vec<Child>>,
}

/// A running throughput server.
#[derive(Debug)]
struct ThroughputServer {
    process: Child,
    server: Server,
    /// Its unread output.
    log: mpsc::UnboundedReceiver<String>,
    /// Whether it replaces one that was lost.
    is_second: bool,
}

/// A server that listens.
struct Listening {
    process: Child,
    version: Option<String>,
    log: mpsc::UnboundedReceiver<String>,
}

impl LocalTestbed {
    /// A testbed of `nodes`, on consecutive ports from `first_port`, or on free ports.
    ///
    /// # Errors
    /// A port is in use.
    pub fn new(
        nodes: &[NodeId],
        first_port: Option<u16>,
        throughput: &'static dyn Engine,
        latency: Option<&'static dyn Engine>,
    ) -> Result<Self, LocalError> {
        let own_latency = latency.filter(|latency| latency.program() != throughput.program());
        let per_node = 1 + u16::from(own_latency.is_some());
        // all listeners are held until the last one is bound, so that no port is chosen twice
        let count = u16::try_from(nodes.len()).unwrap_or(u16::MAX);
        let listeners: Vec<TcpListener> = (0..count.saturating_mul(per_node))
            .map(|index| {
                let port = first_port.map_or(0, |first| first.saturating_add(index));
                TcpListener::bind((Ipv4Addr::LOCALHOST, port))
                    .map_err(|source| LocalError::Port { port, source })
            })
            .collect::<Result<_, _>>()?;
        let ports: Vec<u16> = listeners
            .iter()
            .map(|listener| Ok(listener.local_addr()?.port()))
            .collect::<io::Result<_>>()
            .map_err(|source| LocalError::Port { port: first_port.unwrap_or(0), source })?;
        let nodes = nodes.iter().zip(ports.chunks(per_node.into())).map(|(node, ports)| {
            let shared = latency.map(|_| ports[0]);
            (*node, ports[0], ports.get(1).copied().or(shared))
        });
        let nodes = nodes.collect();
        Ok(Self {
            throughput,
            latency,
            nodes,
            throughput_servers: Mutex::default(),
            latency_servers: Mutex::default(),
        })
    }

    /// A process in its own process group: an interrupt from the terminal must reach only this program, which
    /// then stops its children in order. On Windows, Ctrl-C is ignored in such a group.
    fn process(command: &[String]) -> Command {
        let mut process = Command::new(&command[0]);
        process.args(&command[1..]).stdin(Stdio::null()).kill_on_drop(true);
        #[cfg(unix)]
        process.process_group(0);
        #[cfg(windows)]
        process.creation_flags(CREATE_NEW_PROCESS_GROUP);
        process
    }

    /// Starts a server, and waits until it listens.
    async fn start_server(engine: &'static dyn Engine, port: u16) -> Result<Listening, LocalError> {
        let server = ServerSpec { port, bind: Some(Ipv4Addr::LOCALHOST.into()), ipv6: false };
        let mut process = Self::process(&engine.server_command(&server));
        process.stdout(Stdio::piped()).stderr(Stdio::piped());
        let program = engine.program();
        let process = process.spawn().map_err(|source| LocalError::Program { program, source })?;
        let listening =
            tokio::time::timeout(START_TIMEOUT, wait_until_listening(process, engine, port)).await;
        listening
            .unwrap_or_else(|_| Err(io::Error::other(not_listening())))
            .map_err(|source| LocalError::Port { port, source })
    }

    async fn start_throughput_server(
        &self,
        port: u16,
        latency_port: Option<u16>,
        is_second: bool,
    ) -> Result<ThroughputServer, LocalError> {
        let Listening { process, version, log } = Self::start_server(self.throughput, port).await?;
        let server = Server { host: Ipv4Addr::LOCALHOST.to_string(), port, latency_port, version };
        Ok(ThroughputServer { process, server, log, is_second })
    }
}

fn not_listening() -> String {
    format!("the server is not listening after {} seconds", START_TIMEOUT.as_secs())
}

/// Reads a server's output until it is listening. Tasks then read the rest, so that the server never blocks on a full
/// pipe.
async fn wait_until_listening(mut process: Child, engine: &dyn Engine, port: u16) -> io::Result<Listening> {
    let (Some(stdout), Some(mut stderr)) = (process.stdout.take(), process.stderr.take()) else {
        return Err(io::Error::other("cannot read the output of the server"));
    };
    let mut lines = BufReader::new(stdout).lines();
    let mut reader = engine.server_log();
    let version = loop {
        let line = tokio::select! {
            line = lines.next_line() => line?,
            () = wait_for_port(port) => break version_of(engine).await,
        };
        let Some(line) = line else {
            let mut message = String::new();
            stderr.read_to_string(&mut message).await?;
            return Err(io::Error::other(message.trim().to_owned()));
        };
        reader.line(&line);
        if reader.is_listening() {
            break reader.version().map(str::to_owned);
        }
    };
    let (sender, log) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            // read on even if the receiver is dropped
            let _ = sender.send(line);
        }
    });
    tokio::spawn(async move { tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await });
    Ok(Listening { process, version, log })
}

/// Waits until a process listens on a port, after a while. A connection would disturb the server.
async fn wait_for_port(port: u16) {
    tokio::time::sleep(SILENCE_LIMIT).await;
    while TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
        tokio::time::sleep(PORT_POLL).await;
    }
}

/// The version that the program of an engine reports when it is asked for it.
async fn version_of(engine: &dyn Engine) -> Option<String> {
    let output = LocalTestbed::process(&engine.version_command()).output().await.ok()?;
    let mut reader = engine.server_log();
    String::from_utf8_lossy(&output.stdout).lines().for_each(|line| reader.line(line));
    reader.version().map(str::to_owned)
}

#[async_trait]
impl Testbed for LocalTestbed {
    async fn start(&self, progress: StartProgress<'_>) -> Result<HashMap<NodeId, NodeServers>, TestbedError> {
        let own_latency = self.latency.filter(|latency| latency.program() != self.throughput.program());
        let mut servers = HashMap::new();
        for &(node, port, latency_port) in &self.nodes {
            let started = self.start_throughput_server(port, latency_port, false).await?;
            servers.insert(node, node_servers(started.server.clone()));
            self.throughput_servers.lock().await.insert(node, started);
            if let Some((engine, port)) = own_latency.zip(latency_port) {
                let started = Self::start_server(engine, port).await?;
                self.latency_servers.lock().await.push(started.process);
            }
            progress(node, ServerState::Listening);
        }
        Ok(servers)
    }

    async fn run_client(
        &self,
        _client: NodeId,
        _route: Route,
        command: &[String],
        started: ClientStarted<'_>,
        output: Output<'_>,
    ) -> Result<ClientExit, Failure> {
        let lost = |error: io::Error| Failure::new(FailureKind::ClientLost, error.to_string());
        let mut process = Self::process(command);
        let mut child = process.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(lost)?;
        started();
        let (Some(mut stdout), Some(mut stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(Failure::new(FailureKind::ClientLost, "cannot read the output of the client"));
        };
        let mut splitter = LineSplitter::default();
        let read_output = async {
            let mut buffer = vec![0; 16 * 1024];
            loop {
                let count = stdout.read(&mut buffer).await?;
                let is_enough = splitter.push(&buffer[..count]).iter().any(|line| output(line).is_break());
                if count == 0 || is_enough {
                    return io::Result::Ok(());
                }
            }
        };
        let mut message = String::new();
        let (read, _) = tokio::join!(read_output, stderr.read_to_string(&mut message));
        read.map_err(lost)?;
        let status = child.wait().await.map_err(lost)?;
        Ok(ClientExit { code: status.code(), stderr: message, unfinished_line: splitter.finish() })
    }

    async fn read_server(
        &self,
        server: NodeId,
        _route: Route,
        lines: ServerLines<'_>,
    ) -> Result<(), Failure> {
        if let Some(server) = self.throughput_servers.lock().await.get_mut(&server) {
            while let Ok(line) = server.log.try_recv() {
                if lines(&line).is_break() {
                    break;
                }
            }
        }
        Ok(())
    }

    async fn restore(&self, node: NodeId, reason: RestoreReason) -> RestoreOutcome {
        let mut servers = self.throughput_servers.lock().await;
        let Some(current) = servers.get_mut(&node) else { return RestoreOutcome::Intact };
        let lost = match current.process.try_wait() {
            Ok(None) if reason == RestoreReason::Unresponsive && current.is_second => None,
            Ok(None) => reason.loss(),
            Ok(Some(status)) => Some(Unusable::because(format!("the server ended: {status}"))),
            Err(_) => None,
        };
        let Some(lost) = lost else { return RestoreOutcome::Intact };
        // fails if the server has already exited
        let _ = current.process.kill().await;
        let counts = reason != RestoreReason::Stuck;
        let started = if counts && current.is_second {
            Err(lost.clone().reworded(|lost| format!("{lost}, after it was restored once")))
        } else {
            let Server { port, latency_port, .. } = current.server;
            let started = self.start_throughput_server(port, latency_port, counts || current.is_second).await;
            started.map_err(|error| Unusable::because(error.explain().in_one_line()))
        };
        match started {
            Ok(started) => {
                let server = started.server.clone();
                *current = started;
                RestoreOutcome::Recreated { lost, servers: node_servers(server) }
            }
            Err(unusable) => RestoreOutcome::Unrecoverable {
                servers: NodeServers::from([(Path::Loopback.into(), Err(unusable))]),
            },
        }
    }

    async fn stop(&self) -> Result<(), TestbedError> {
        let throughput = std::mem::take(&mut *self.throughput_servers.lock().await);
        let latency = std::mem::take(&mut *self.latency_servers.lock().await);
        for mut process in throughput.into_values().map(|server| server.process).chain(latency) {
            // fails if the server has already exited
            let _ = process.kill().await;
        }
        Ok(())
    }
}

fn node_servers(server: Server) -> NodeServers {
    NodeServers::from([(Path::Loopback.into(), Ok(server))])
}
