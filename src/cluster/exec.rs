//! Commands in containers, as `kubectl exec` runs them.

use std::ops::ControlFlow;
use std::pin::{Pin, pin};
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use kube::Api;
use kube::api::{AttachParams, AttachedProcess};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, SimplexStream, WriteHalf};
use tokio::time::Instant;

use super::request::{Cluster, RequestError};

/// How often something is written to a command that reads no more input. Load balancers cut connections that are
/// silent for 20 to 60 seconds, and a client may print nothing until its test ends.
const KEEPALIVE_PERIOD: Duration = Duration::from_secs(10);

/// The longest first line of a command.
const LINE_LIMIT: usize = 64;

/// The most bytes of a command's standard error that are kept.
const STDERR_LIMIT: usize = 4096;

/// A command to run in a container.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Command<'a> {
    pub pod: &'a str,
    /// None for the only container of the pod.
    pub container: Option<&'a str>,
    /// The program and its arguments.
    pub argv: &'a [&'a str],
    /// Whether the command reads its standard input.
    pub has_input: bool,
}

/// A command that was started in a container. Dropping this closes the connection to it.
pub(crate) struct Exec {
    _connection: Option<AttachedProcess>,
    stdin: Option<WriteHalf<SimplexStream>>,
    stdout: ReadHalf<SimplexStream>,
    stderr: ReadHalf<SimplexStream>,
    status: Pin<Box<dyn Future<Output = Option<Status>> + Send>>,
    /// The status of a command that has ended.
    ended: Option<Status>,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct ExecEnd {
    pub status: Status,
    pub stderr: String,
}

/// The connection to a command broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Disconnected;

impl Exec {
    /// Asks the API server once to start a command; `doing` names the purpose in errors.
    ///
    /// # Errors
    /// The request failed.
    pub async fn start(
        cluster: &Cluster,
        pods: &Api<Pod>,
        command: Command<'_>,
        doing: impl Into<String>,
    ) -> Result<Self, RequestError> {
        let parameters = AttachParams {
            container: command.container.map(str::to_owned),
            ..AttachParams::default().stdin(command.has_input).stdout(true).stderr(true)
        };
        let start = async {
            let process = pods.exec(command.pod, command.argv.iter().copied(), &parameters).await?;
            Self::attached(process)
                .ok_or_else(|| kube::Error::Service("the exec session has no streams".into()))
        };
        cluster.call(doing, start).await
    }

    fn attached(mut process: AttachedProcess) -> Option<Self> {
        Some(Self {
            stdin: process.stdin(),
            stdout: process.stdout()?,
            stderr: process.stderr()?,
            status: Box::pin(process.take_status()?),
            ended: None,
            _connection: Some(process),
        })
    }

    /// Waits until the command has written a line to its standard output, or has ended. Returns the line, which is
    /// not part of the output; incomplete if the command has ended or the line is too long.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn first_line(&mut self) -> Result<String, Disconnected> {
        let mut line = Vec::new();
        while line.len() < LINE_LIMIT {
            tokio::select! {
                // at the end of the output this is an error, and so is the next read
                byte = self.stdout.read_u8() => match byte {
                    Ok(b'\n') | Err(_) => break,
                    Ok(byte) => line.push(byte),
                },
                status = &mut self.status => {
                    self.ended = Some(status.ok_or(Disconnected)?);
                    break;
                }
            }
        }
        Ok(String::from_utf8_lossy(&line).into_owned())
    }

    /// Writes `input`, hands standard output to `output`, and returns how the command ended; none if
    /// `output` has broken off before. Output that arrives later than `drain_limit` after the end is lost.
    ///
    /// After `input`, a line feed is written every 10 seconds, so that the connection is never silent for long.
    /// Standard input stays open: some runtimes end a command together with its input, and older API servers
    /// cannot close it. A command must know how much to read.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn finish(
        self,
        input: &[u8],
        drain_limit: Duration,
        output: &mut (dyn FnMut(&[u8]) -> ControlFlow<()> + Send),
    ) -> Result<Option<ExecEnd>, Disconnected> {
        let Self { _connection, mut stdin, mut stdout, mut stderr, mut status, mut ended } = self;
        let mut write = pin!(async {
            let Some(stdin) = &mut stdin else { return };
            let mut next = input;
            // a command that does not read its input reports why by its status
            while stdin.write_all(next).await.is_ok() && stdin.flush().await.is_ok() {
                tokio::time::sleep(KEEPALIVE_PERIOD).await;
                next = b"\n";
            }
        });
        let (mut is_written, mut stdout_is_open, mut stderr_is_open) = (false, true, true);
        let (mut stdout_bytes, mut stderr_bytes) = (vec![0; 16 * 1024], vec![0; 1024]);
        let mut message = Vec::new();
        let mut drained_at = Instant::now() + drain_limit;
        while stdout_is_open || stderr_is_open {
            tokio::select! {
                () = &mut write, if !is_written => is_written = true,
                count = stdout.read(&mut stdout_bytes), if stdout_is_open => {
                    let count = count.map_err(|_| Disconnected)?;
                    stdout_is_open = count > 0;
                    if output(&stdout_bytes[..count]).is_break() {
                        return Ok(None);
                    }
                }
                count = stderr.read(&mut stderr_bytes), if stderr_is_open => {
                    let count = count.map_err(|_| Disconnected)?;
                    stderr_is_open = count > 0;
                    let room = STDERR_LIMIT.saturating_sub(message.len());
                    message.extend_from_slice(&stderr_bytes[..count.min(room)]);
                }
                // a connection that breaks leaves its streams open: only the missing status shows it
                answer = &mut status, if ended.is_none() => {
                    ended = Some(answer.ok_or(Disconnected)?);
                    drained_at = Instant::now() + drain_limit;
                }
                () = tokio::time::sleep_until(drained_at), if ended.is_some() => break,
            }
        }
        let status = match ended {
            Some(status) => status,
            None => status.await.ok_or(Disconnected)?,
        };
        Ok(Some(ExecEnd { status, stderr: String::from_utf8_lossy(&message).into_owned() }))
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    const DRAIN_LIMIT: Duration = Duration::from_secs(1);

    /// The other end of an [`Exec`].
    struct Container {
        stdin: ReadHalf<SimplexStream>,
        stdout: WriteHalf<SimplexStream>,
        stderr: WriteHalf<SimplexStream>,
        status: oneshot::Sender<Status>,
    }

    fn exec() -> (Exec, Container) {
        let (stdin_reader, stdin) = tokio::io::simplex(64);
        let (stdout, stdout_writer) = tokio::io::simplex(64);
        let (stderr, stderr_writer) = tokio::io::simplex(64);
        let (sender, status) = oneshot::channel();
        let status = Box::pin(async { status.await.ok() });
        let exec = Exec { _connection: None, stdin: Some(stdin), stdout, stderr, status, ended: None };
        (
            exec,
            Container { stdin: stdin_reader, stdout: stdout_writer, stderr: stderr_writer, status: sender },
        )
    }

    async fn finish(
        exec: Exec,
        input: &[u8],
        most: usize,
    ) -> (Result<Option<ExecEnd>, Disconnected>, String) {
        let mut read = Vec::new();
        let mut output = |bytes: &[u8]| {
            read.extend_from_slice(bytes);
            if read.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        let end = exec.finish(input, DRAIN_LIMIT, &mut output).await;
        (end, String::from_utf8(read).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn input_larger_than_the_buffer_is_written_while_output_is_read() {
        let (exec, mut container) = exec();
        let input = vec![b'x'; 1000];
        let echo = async {
            let mut bytes = vec![0; 1000];
            container.stdin.read_exact(&mut bytes).await.unwrap();
            container.stdout.write_all(&bytes).await.unwrap();
            container.stderr.write_all(b"done").await.unwrap();
            container.status.send(Status::default()).unwrap();
        };
        let ((end, read), ()) = tokio::join!(finish(exec, &input, usize::MAX), echo);
        assert_eq!(read.as_bytes(), input);
        assert_eq!(end.unwrap().unwrap().stderr, "done");
    }

    #[tokio::test(start_paused = true)]
    async fn connection_is_never_silent_for_long() {
        let (exec, mut container) = exec();
        let silent_for = async {
            let mut longest = Duration::ZERO;
            for _ in 0..7 {
                let began = Instant::now();
                container.stdin.read_u8().await.unwrap();
                longest = longest.max(began.elapsed());
            }
            container.status.send(Status::default()).unwrap();
            longest
        };
        let ((end, _), longest) = tokio::join!(finish(exec, b"\n", usize::MAX), silent_for);
        assert!(end.unwrap().is_some());
        assert!(longest > Duration::ZERO && longest < Duration::from_secs(20), "{longest:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn first_line_is_not_part_of_the_output() {
        let (mut exec, mut container) = exec();
        container.stdout.write_all(b"17\nresult").await.unwrap();
        assert_eq!(exec.first_line().await.unwrap(), "17");
        container.stdout.shutdown().await.unwrap();
        container.stderr.shutdown().await.unwrap();
        container.status.send(Status::default()).unwrap();
        let (end, read) = finish(exec, b"", usize::MAX).await;
        assert!(end.unwrap().is_some());
        assert_eq!(read, "result");
    }

    #[tokio::test(start_paused = true)]
    async fn output_that_is_complete_does_not_wait_for_the_end() {
        let (exec, mut container) = exec();
        container.stdout.write_all(b"report").await.unwrap();
        let (end, read) = finish(exec, b"", 6).await;
        assert!(end.unwrap().is_none());
        assert_eq!(read, "report");
    }

    #[tokio::test(start_paused = true)]
    async fn output_after_the_end_is_read_for_a_while() {
        let (exec, mut container) = exec();
        container.status.send(Status::default()).unwrap();
        let began = Instant::now();
        let late = async {
            tokio::time::sleep(DRAIN_LIMIT / 2).await;
            container.stdout.write_all(b"late").await.unwrap();
            // the streams stay open
            std::future::pending::<()>().await;
        };
        let (end, read) = tokio::select! {
            finished = finish(exec, b"", usize::MAX) => finished,
            () = late => unreachable!(),
        };
        assert!(end.unwrap().is_some());
        assert_eq!((read.as_str(), began.elapsed()), ("late", DRAIN_LIMIT));
    }

    #[tokio::test(start_paused = true)]
    async fn connection_without_a_status_is_an_error() {
        let (exec, container) = exec();
        drop(container.status);
        assert_eq!(finish(exec, b"", usize::MAX).await.0.unwrap_err(), Disconnected);
    }
}
