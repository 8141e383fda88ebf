//! Clients in the server pods, by exec: without starting a pod for each test.

use std::ops::ControlFlow;
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;

use super::{Client, START_REQUEST_LIMIT};
use crate::cluster::exec::{Command, Disconnected, Exec, ExecEnd};
use crate::cluster::retry_transient;
use crate::document::{Failure, FailureKind};
use crate::engine::{ClientExit, LineSplitter};
use crate::testbed::Output;
use crate::testbed::kubernetes::Settings;

/// Prints its process id, waits for a line, and then becomes the program of its arguments, if there are any; does
/// not run it if its input ends before.
///
/// A request to start a client may stay in flight long after it was given up, if the node cannot be reached
/// for a while. Such a client would run concurrently with another test and take bandwidth from it. The
/// first line comes from the node itself: some API servers accept the connection, and data for it, before
/// they have reached the node.
pub(super) const WAIT_FOR_GO: [&str; 4] = ["sh", "-c", r#"echo $$ && read -r word && exec "$@""#, "sh"];

/// How long output may arrive after the end of the client.
const DRAIN_LIMIT: Duration = Duration::from_secs(1);

/// How long to wait for the end of a client that was given up.
const END_LIMIT: Duration = Duration::from_secs(5);

/// Why a client by exec has no result.
pub(super) enum ExecFailure {
    /// It was not started, or failed to start.
    NotStarted(Failure),
    /// The connection broke while it was running.
    Cut {
        failure: Failure,
        /// Its process id in the container.
        process: String,
    },
}

impl From<Failure> for ExecFailure {
    fn from(failure: Failure) -> Self {
        Self::NotStarted(failure)
    }
}

/// Ends a client when dropped: one that was given up would disturb the next test.
struct ExecGuard<'a> {
    client: Client<'a>,
    /// Its process id in the container; none if it does not need to be ended.
    process: Option<String>,
}

impl Drop for ExecGuard<'_> {
    fn drop(&mut self) {
        if let Some(process) = self.process.take() {
            self.client.context.requests.spawn(end(self.client, &process));
        }
    }
}

/// Runs a client in the server pod of its node.
pub(super) async fn run_by_exec(client: Client<'_>, output: Output<'_>) -> Result<ClientExit, ExecFailure> {
    let lost = |reason: String| Failure::new(FailureKind::ClientLost, reason);
    let seconds = START_REQUEST_LIMIT.as_secs();
    let (context, api) = (client.context, client.context.api());
    let pod = context.settings.server_name(client.node, client.network);
    let argv: Vec<&str> = WAIT_FOR_GO.into_iter().chain(client.command.iter().map(String::as_str)).collect();
    let command = command(&context.settings, &pod, &argv);
    let doing = format!("start the client in the pod {pod}");
    let start = || Exec::start(&context.cluster, &api, command, &doing);
    // an API server that has lost its etcd accepts requests and does not answer
    let started =
        tokio::time::timeout(START_REQUEST_LIMIT, retry_transient(START_REQUEST_LIMIT, start)).await;
    let started = started.map_err(|_| {
        lost(format!("cannot {doing}: the API server did not respond within {seconds} seconds"))
    });
    let mut exec = started?.map_err(|error| error.client_failure())?;
    let disconnected = |_: Disconnected| lost(format!("lost the connection to the client in the pod {pod}"));
    let ready = tokio::time::timeout(START_REQUEST_LIMIT, exec.first_line()).await;
    let ready = ready.map_err(|_| {
        lost(format!("the node did not start the client in the pod {pod} within {seconds} seconds"))
    });
    let process = ready?.map_err(disconnected)?;
    let mut splitter = LineSplitter::default();
    let mut take = |bytes: &[u8]| splitter.push(bytes).iter().try_for_each(|line| output(line));
    let mut guard = ExecGuard { client, process: Some(process.clone()) };
    (client.started)();
    let finished = exec.finish(b"\n", DRAIN_LIMIT, &mut take).await;
    guard.process = None;
    match finished {
        Ok(Some(end)) => Ok(ClientExit { unfinished_line: splitter.finish(), ..exit(end)? }),
        Ok(None) => Ok(ClientExit::default()),
        Err(error) => Err(ExecFailure::Cut { failure: disconnected(error), process }),
    }
}

/// Ends a client that was given up or whose connection was cut: it would disturb the next test. Returns whether exec
/// works.
pub(super) fn end(client: Client<'_>, process: &str) -> impl Future<Output = bool> + use<> {
    let (cluster, api, process) = (client.context.cluster.clone(), client.context.api(), process.to_owned());
    let pod = client.context.settings.server_name(client.node, client.network);
    let container = container(&client.context.settings);
    async move {
        if process.is_empty() {
            return false;
        }
        let command =
            Command { pod: &pod, container: Some(container), argv: &["kill", &process], has_input: false };
        let kill = async {
            let exec = Exec::start(&cluster, &api, command, "end the client").await.ok()?;
            let end = exec.finish(b"", Duration::ZERO, &mut |_| ControlFlow::Continue(())).await.ok()??;
            exit(end).ok()
        };
        // if it cannot be ended, it ends with its test
        tokio::time::timeout(END_LIMIT, kill).await.is_ok_and(|ended| ended.is_some())
    }
}

/// A command in the container of the throughput server.
pub(super) fn command<'a>(settings: &Settings, pod: &'a str, argv: &'a [&'a str]) -> Command<'a> {
    Command { pod, container: Some(container(settings)), argv, has_input: true }
}

/// The container of the throughput server.
fn container(settings: &Settings) -> &'static str {
    settings.processes.throughput.engine.program()
}

/// The exit code of a client, from the status that ends an exec.
///
/// # Errors
/// The client did not run to its end; the reason is the message of the runtime.
pub(super) fn exit(ExecEnd { status, stderr }: ExecEnd) -> Result<ClientExit, Failure> {
    let Status { reason, message, details, .. } = status;
    let code = if reason.as_deref() == Some("NonZeroExitCode") {
        let causes = details.and_then(|details| details.causes).unwrap_or_default();
        let cause = causes.into_iter().find(|cause| cause.reason.as_deref() == Some("ExitCode"));
        cause.and_then(|cause| cause.message?.parse().ok())
    } else if let Some(message) = message.filter(|message| !message.is_empty()) {
        return Err(no_shell(&message).unwrap_or(Failure::new(FailureKind::ClientLost, message)));
    } else {
        Some(0)
    };
    match no_shell(&stderr).filter(|_| code != Some(0)) {
        Some(failure) => Err(failure),
        None => Ok(ClientExit { code, stderr, unfinished_line: None }),
    }
}

/// The failure of an image without a shell, by the messages of runc and crun. Some runtimes report it as
/// the output of the client.
fn no_shell(message: &str) -> Option<Failure> {
    let is_it = (message.contains(r#""sh""#) || message.contains("`sh`")) && message.contains("not found");
    let remedy = "use an image that has sh, or start clients as Jobs with --via job";
    is_it.then(|| Failure::new(FailureKind::Engine, message.trim()).with_remedy(Some(remedy.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(status: &str, stderr: &str) -> ExecEnd {
        ExecEnd { status: serde_json::from_str(status).unwrap(), stderr: stderr.to_owned() }
    }

    #[test]
    #[cfg(unix)] // with the shell of a pod
    fn client_runs_only_after_the_go() {
        use std::process::{Command, Stdio};
        let run = |input: &[u8]| {
            let mut shell = Command::new(WAIT_FOR_GO[0]);
            shell.args(&WAIT_FOR_GO[1..]).args(["echo", "a b", "c"]);
            let mut shell = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            std::io::Write::write_all(&mut shell.stdin.take().unwrap(), input).unwrap();
            String::from_utf8(shell.wait_with_output().unwrap().stdout).unwrap()
        };
        let without_process = |output: String| output.split_once('\n').unwrap().1.to_owned();
        assert_eq!(without_process(run(b"\n")), "a b c\n");
        assert_eq!(without_process(run(b"")), "");
    }

    #[test]
    fn exec_status_has_the_exit_code() {
        let success = exit(end(r#"{"metadata":{},"status":"Success"}"#, ""));
        assert_eq!(success.unwrap().code, Some(0));

        let failed = exit(end(
            r#"{"metadata":{},"status":"Failure","message":"command terminated with non-zero exit code: exit status 1",
                "reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"1"}]}}"#,
            "iperf3: error",
        ));
        assert_eq!(
            failed.unwrap(),
            ClientExit { code: Some(1), stderr: "iperf3: error".to_owned(), unfinished_line: None }
        );
    }

    #[test]
    fn client_that_the_runtime_did_not_run_is_lost() {
        let missing = exit(end(
            r#"{"metadata":{},"status":"Failure","message":"Internal error occurred: OCI runtime exec failed: \"iperf3\": executable file not found in $PATH",
                "reason":"InternalError","code":500}"#,
            "",
        ));
        let failure = missing.unwrap_err();
        assert_eq!((failure.kind, failure.remedy), (FailureKind::ClientLost, None));
        assert!(failure.reason.contains("executable file not found"));
    }

    #[test]
    fn image_without_a_shell_suggests_jobs() {
        let by_runtime = exit(end(
            r#"{"metadata":{},"status":"Failure","message":"exec failed: unable to start container process: exec: \"sh\": executable file not found in $PATH: unknown",
                "reason":"InternalError","code":500}"#,
            "",
        ));
        let by_client = exit(end(
            r#"{"metadata":{},"status":"Failure","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"255"}]}}"#,
            "executable file `sh` not found in $PATH: No such file or directory\n",
        ));
        for exit in [by_runtime, by_client] {
            let failure = exit.unwrap_err();
            assert_eq!(failure.kind, FailureKind::Engine);
            assert!(failure.remedy.is_some_and(|remedy| remedy.contains("--via job")));
        }
    }
}
