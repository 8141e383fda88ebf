//! A testbed without a cluster: iperf3 servers on loopback ports of this machine.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::Mutex;

use super::{Enough, Output, Server, StartProgress, Starting, Testbed, TestbedError, Unusable};
use crate::document::{Failure, FailureKind};
use crate::engine::iperf3::{ClientExit, PROGRAM, ServerLog, server_command};
use crate::explanation::Explanation;

/// How long a server may take until it listens.
const START_TIMEOUT: Duration = Duration::from_secs(5);

/// Why no servers run on this machine.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// iperf3 cannot be run.
    #[error("cannot run {PROGRAM} on this machine")]
    Program(#[source] io::Error),
    /// A port is taken.
    #[error("cannot listen on port {port} of this machine")]
    Port {
        /// The port.
        port: u16,
        /// The system's word for it.
        source: io::Error,
    },
}

impl LocalError {
    /// The error in the three parts that are shown.
    pub fn explain(&self) -> Explanation {
        let what = Explanation::new(self.to_string());
        match self {
            Self::Program(error) if error.kind() == io::ErrorKind::NotFound => {
                what.because(format!("there is no {PROGRAM} on PATH")).remedy(
                    "install it: apt install iperf3, dnf install iperf3, apk add iperf3, brew install iperf3",
                )
            }
            Self::Program(error) => what.because(error.to_string()),
            Self::Port { source, .. } => what
                .because(source.to_string())
                .remedy("choose another first port with --port, or leave --port out to get free ones"),
        }
    }
}

/// Servers on this machine, each on a port of its own.
#[derive(Debug)]
pub struct LocalTestbed {
    ports: Vec<u16>,
    servers: Mutex<Vec<Child>>,
}

impl LocalTestbed {
    /// A testbed of so many nodes: on free ports, or on those that follow `first_port`.
    ///
    /// # Errors
    /// A port is taken.
    pub fn new(nodes: u16, first_port: Option<u16>) -> Result<Self, LocalError> {
        // all are held until all are found, so that no port is found twice
        let listeners: Vec<TcpListener> = (0..nodes)
            .map(|index| {
                let port = first_port.map_or(0, |first| first.saturating_add(index));
                TcpListener::bind((Ipv4Addr::LOCALHOST, port))
                    .map_err(|source| LocalError::Port { port, source })
            })
            .collect::<Result<_, _>>()?;
        let ports = listeners
            .iter()
            .map(|listener| Ok(listener.local_addr()?.port()))
            .collect::<io::Result<_>>()
            .map_err(|source| LocalError::Port { port: first_port.unwrap_or(0), source })?;
        Ok(Self { ports, servers: Mutex::default() })
    }

    /// A process in a group of its own: an interrupt from the terminal is for this program, which
    /// ends its children in order.
    fn process(command: &[String]) -> Command {
        let mut process = Command::new(&command[0]);
        process.args(&command[1..]).stdin(Stdio::null()).kill_on_drop(true);
        #[cfg(unix)]
        process.process_group(0);
        process
    }

    async fn start_server(&self, port: u16) -> Result<Server, LocalError> {
        let mut process = Self::process(&server_command(port));
        process.args(["-B", &Ipv4Addr::LOCALHOST.to_string()]);
        process.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = process.spawn().map_err(LocalError::Program)?;
        let log = tokio::time::timeout(START_TIMEOUT, read_until_listening(&mut child)).await;
        self.servers.lock().await.push(child);
        let log = log
            .unwrap_or_else(|_| Err(io::Error::other("the server did not listen in time")))
            .map_err(|source| LocalError::Port { port, source })?;
        Ok(Server { host: Ipv4Addr::LOCALHOST.to_string(), port, version: log.into_version() })
    }
}

/// Reads a server's output until it listens, and goes on reading it, so that the server never has
/// to wait for a reader.
async fn read_until_listening(child: &mut Child) -> io::Result<ServerLog> {
    let (Some(stdout), Some(mut stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(io::Error::other("the server's output is not connected"));
    };
    let mut lines = BufReader::new(stdout).lines();
    let mut log = ServerLog::default();
    while let Some(line) = lines.next_line().await? {
        log.line(&line);
        if log.is_listening() {
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            tokio::spawn(async move { tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await });
            return Ok(log);
        }
    }
    let mut message = String::new();
    stderr.read_to_string(&mut message).await?;
    Err(io::Error::other(message.trim().to_owned()))
}

impl Testbed for LocalTestbed {
    async fn start(
        &self,
        progress: StartProgress<'_>,
    ) -> Result<Vec<Result<Server, Unusable>>, TestbedError> {
        let mut servers = Vec::new();
        for (index, &port) in self.ports.iter().enumerate() {
            servers.push(Ok(self.start_server(port).await?));
            progress(index, Starting::Listens);
        }
        Ok(servers)
    }

    async fn run_client(
        &self,
        _client: usize,
        command: &[String],
        output: Output<'_>,
    ) -> Result<ClientExit, Failure> {
        let lost = |error: io::Error| Failure::new(FailureKind::ClientLost, error.to_string());
        let mut process = Self::process(command);
        let mut child = process.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(lost)?;
        let (Some(mut stdout), Some(mut stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(Failure::new(FailureKind::ClientLost, "the client's output is not connected"));
        };
        let read_output = async {
            let mut buffer = vec![0; 16 * 1024];
            loop {
                let count = stdout.read(&mut buffer).await?;
                if count == 0 || output(&buffer[..count]) == Enough::Yes {
                    return io::Result::Ok(());
                }
            }
        };
        let mut message = String::new();
        let (read, _) = tokio::join!(read_output, stderr.read_to_string(&mut message));
        read.map_err(lost)?;
        let status = child.wait().await.map_err(lost)?;
        Ok(ClientExit { code: status.code(), stderr: message })
    }

    async fn stop(&self) -> Result<(), TestbedError> {
        for mut server in self.servers.lock().await.drain(..) {
            // one that has ended by itself needs no ending
            let _ = server.kill().await;
        }
        Ok(())
    }
}
