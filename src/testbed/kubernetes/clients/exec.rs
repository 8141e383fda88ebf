//! Clients inside the pods that run already: `kubectl exec`, without a pod start per test.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use kube::Api;
use kube::api::AttachParams;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::cluster::patiently;
use crate::document::{Failure, FailureKind};
use crate::engine::ClientExit;
use crate::testbed::Output;
use crate::testbed::kubernetes::objects::Network;
use crate::testbed::kubernetes::{CLIENT_START_LIMIT, KubernetesTestbed};

/// What is kept of a client's standard error.
const KEPT_STDERR: usize = 4096;

/// Writes a line, reads one, and then runs its arguments; not at all if its input ends before.
///
/// A request to start a client may be underway for long after it was given up, to a node that cannot be
/// reached for a while. Its client would then run beside another test, and take bandwidth from it. The
/// first line comes from the node itself: some API servers take the connection, and what is sent over
/// it, before they have reached the node.
const WAIT_FOR_GO: [&str; 4] = ["sh", "-c", r#"echo && read -r word && exec "$@""#, "sh"];

/// How long output may still come after the client's end.
const DRAIN_LIMIT: Duration = Duration::from_secs(1);

impl KubernetesTestbed {
    pub(in crate::testbed::kubernetes) async fn run_by_exec(
        &self,
        client: usize,
        network: Network,
        command: &[String],
        output: Output<'_>,
    ) -> Result<ClientExit, Failure> {
        let lost = |reason: String| Failure::new(FailureKind::ClientLost, reason);
        let api: Api<Pod> = Api::namespaced(self.cluster.client.clone(), &self.scope.namespace());
        let pod = self.server_name(client, network);
        let container = self.settings.processes.throughput.engine.program();
        let parameters = AttachParams::default().container(container).stdin(true).stdout(true).stderr(true);
        let command: Vec<&str> = WAIT_FOR_GO.into_iter().chain(command.iter().map(String::as_str)).collect();
        let doing = format!("start the client in the pod {pod}");
        let exec = || self.cluster.call(&doing, api.exec(&pod, command.iter().copied(), &parameters));
        // an API server that has lost its etcd takes requests and does not answer
        let started = tokio::time::timeout(CLIENT_START_LIMIT, patiently(CLIENT_START_LIMIT, exec)).await;
        let unanswered = |_| {
            let seconds = CLIENT_START_LIMIT.as_secs();
            lost(format!("cannot {doing}: the API server did not answer within {seconds} seconds"))
        };
        let started = started.map_err(unanswered)?;
        let mut process = started.map_err(|error| error.failure_of_client())?;
        let (Some(status), Some(mut stdin), Some(mut stdout), Some(mut stderr)) =
            (process.take_status(), process.stdin(), process.stdout(), process.stderr())
        else {
            return Err(lost("the client's streams are not connected".to_owned()));
        };
        let broken = || lost(format!("the connection to the client in the pod {pod} broke"));
        let mut message = Vec::new();
        let (mut out_open, mut err_open) = (true, true);
        let (mut out_bytes, mut err_bytes) = (vec![0; 16 * 1024], vec![0; 1024]);
        let mut status = std::pin::pin!(status);
        let mut ended = None;
        let mut drained_until = tokio::time::Instant::now();
        let ready = tokio::time::timeout(CLIENT_START_LIMIT, async {
            tokio::select! {
                first = stdout.read_u8() => out_open = first.is_ok(),
                answer = &mut status => ended = Some(answer.ok_or_else(broken)?),
            }
            Ok(())
        });
        let unheard = |_| {
            let seconds = CLIENT_START_LIMIT.as_secs();
            lost(format!("the node did not start the client in the pod {pod} within {seconds} seconds"))
        };
        ready.await.map_err(unheard)??;
        if ended.is_some() {
            drained_until += DRAIN_LIMIT;
        }
        // what is wrong is told below; left open, since some runtimes end a client together with its input
        let _ = stdin.write_all(b"\n").await;
        while out_open || err_open {
            tokio::select! {
                count = stdout.read(&mut out_bytes), if out_open => {
                    let count = count.map_err(|error| lost(error.to_string()))?;
                    out_open = count > 0;
                    if output(&out_bytes[..count]).is_break() {
                        return Ok(ClientExit::default());
                    }
                }
                count = stderr.read(&mut err_bytes), if err_open => {
                    let count = count.map_err(|error| lost(error.to_string()))?;
                    err_open = count > 0;
                    let room = KEPT_STDERR.saturating_sub(message.len());
                    message.extend_from_slice(&err_bytes[..count.min(room)]);
                }
                // a connection that breaks leaves its streams open: only this tells
                answer = &mut status, if ended.is_none() => {
                    ended = Some(answer.ok_or_else(broken)?);
                    drained_until = tokio::time::Instant::now() + DRAIN_LIMIT;
                }
                () = tokio::time::sleep_until(drained_until), if ended.is_some() => break,
            }
        }
        let ended = match ended {
            Some(status) => status,
            None => status.await.ok_or_else(broken)?,
        };
        let stderr = String::from_utf8_lossy(&message).into_owned();
        exit(ended, stderr)
    }
}

/// Reads the status that ends an exec.
///
/// # Errors
/// The client was not run to its end; the runtime's words.
fn exit(status: Status, stderr: String) -> Result<ClientExit, Failure> {
    let code = if status.reason.as_deref() == Some("NonZeroExitCode") {
        let causes = status.details.and_then(|details| details.causes).unwrap_or_default();
        let cause = causes.into_iter().find(|cause| cause.reason.as_deref() == Some("ExitCode"));
        cause.and_then(|cause| cause.message?.parse().ok())
    } else if let Some(message) = status.message.filter(|message| !message.is_empty()) {
        return Err(without_shell(&message).unwrap_or(Failure::new(FailureKind::ClientLost, message)));
    } else {
        Some(0)
    };
    match without_shell(&stderr).filter(|_| code != Some(0)) {
        Some(failure) => Err(failure),
        None => Ok(ClientExit { code, stderr }),
    }
}

/// The failure of an image that has no shell, in the words of runc and of crun. Some runtimes say it as
/// if the client did.
fn without_shell(words: &str) -> Option<Failure> {
    let is_it = (words.contains(r#""sh""#) || words.contains("`sh`")) && words.contains("not found");
    let remedy = "take an image that has sh, or start clients as Jobs: --via job";
    is_it.then(|| Failure::new(FailureKind::Engine, words.trim()).with_remedy(Some(remedy.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(json: &str) -> Status {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_client_waits_for_its_word() {
        use std::process::{Command, Stdio};
        let run = |word: &[u8]| {
            let mut shell = Command::new(WAIT_FOR_GO[0]);
            shell.args(&WAIT_FOR_GO[1..]).args(["echo", "a b", "c"]);
            let mut shell = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            std::io::Write::write_all(&mut shell.stdin.take().unwrap(), word).unwrap();
            String::from_utf8(shell.wait_with_output().unwrap().stdout).unwrap()
        };
        assert_eq!(run(b"\n"), "\na b c\n");
        assert_eq!(run(b""), "\n");
    }

    #[test]
    fn exec_ends_with_a_status() {
        let success = exit(status(r#"{"metadata":{},"status":"Success"}"#), String::new());
        assert_eq!(success.unwrap().code, Some(0));

        let failed = exit(
            status(
                r#"{"metadata":{},"status":"Failure","message":"command terminated with non-zero exit code: exit status 1",
                "reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"1"}]}}"#,
            ),
            "iperf3: error".to_owned(),
        );
        assert_eq!(failed.unwrap(), ClientExit { code: Some(1), stderr: "iperf3: error".to_owned() });
    }

    #[test]
    fn a_client_that_the_runtime_did_not_run_is_lost() {
        let missing = exit(
            status(
                r#"{"metadata":{},"status":"Failure","message":"Internal error occurred: OCI runtime exec failed: \"iperf3\": executable file not found in $PATH",
                "reason":"InternalError","code":500}"#,
            ),
            String::new(),
        );
        let failure = missing.unwrap_err();
        assert_eq!((failure.kind, failure.remedy), (FailureKind::ClientLost, None));
        assert!(failure.reason.contains("executable file not found"));
    }

    #[test]
    fn an_image_without_a_shell_is_told_what_to_do() {
        let by_runtime = exit(
            status(
                r#"{"metadata":{},"status":"Failure","message":"exec failed: unable to start container process: exec: \"sh\": executable file not found in $PATH: unknown",
                "reason":"InternalError","code":500}"#,
            ),
            String::new(),
        );
        let by_client = exit(
            status(
                r#"{"metadata":{},"status":"Failure","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"255"}]}}"#,
            ),
            "executable file `sh` not found in $PATH: No such file or directory\n".to_owned(),
        );
        for exit in [by_runtime, by_client] {
            let failure = exit.unwrap_err();
            assert_eq!(failure.kind, FailureKind::Engine);
            assert!(failure.remedy.is_some_and(|remedy| remedy.contains("--via job")));
        }
    }
}
