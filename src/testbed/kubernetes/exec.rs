//! Clients inside the pods that run already: `kubectl exec`, without a pod start per test.

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use kube::Api;
use kube::api::AttachParams;
use tokio::io::AsyncReadExt;

use super::{KubernetesTestbed, objects};
use crate::document::{Failure, FailureKind};
use crate::engine::iperf3::ClientExit;
use crate::testbed::{Enough, Output};

/// What is kept of a client's standard error.
const KEPT_STDERR: usize = 4096;

impl KubernetesTestbed {
    pub(super) async fn run_by_exec(
        &self,
        client: usize,
        command: &[String],
        output: Output<'_>,
    ) -> Result<ClientExit, Failure> {
        let lost = |reason: String| Failure::new(FailureKind::ClientLost, reason);
        let api: Api<Pod> = Api::namespaced(self.cluster.client.clone(), &self.scope.namespace());
        let pod = objects::server_name(&self.settings.run, client);
        let parameters = AttachParams::default().container(objects::CONTAINER).stdout(true).stderr(true);
        let doing = format!("start the client in the pod {pod}");
        let started = self.cluster.call(doing, api.exec(&pod, command, &parameters)).await;
        let mut process = started.map_err(|error| lost(format!("{error}: {}", error.why())))?;
        let status = process.take_status();
        let (Some(mut stdout), Some(mut stderr)) = (process.stdout(), process.stderr()) else {
            return Err(lost("the client's output is not connected".to_owned()));
        };

        let mut message = Vec::new();
        let (mut out_open, mut err_open) = (true, true);
        let (mut out_bytes, mut err_bytes) = (vec![0; 16 * 1024], vec![0; 1024]);
        while out_open || err_open {
            tokio::select! {
                count = stdout.read(&mut out_bytes), if out_open => {
                    let count = count.map_err(|error| lost(error.to_string()))?;
                    out_open = count > 0;
                    if output(&out_bytes[..count]) == Enough::Yes {
                        return Ok(ClientExit::default());
                    }
                }
                count = stderr.read(&mut err_bytes), if err_open => {
                    let count = count.map_err(|error| lost(error.to_string()))?;
                    err_open = count > 0;
                    let room = KEPT_STDERR.saturating_sub(message.len());
                    message.extend_from_slice(&err_bytes[..count.min(room)]);
                }
            }
        }
        let status = match status {
            Some(status) => status.await,
            None => None,
        };
        let stderr = String::from_utf8_lossy(&message).into_owned();
        exit(status, stderr)
            .ok_or_else(|| lost(format!("the connection to the client in the pod {pod} broke")))
    }
}

/// Reads the status that ends an exec; none if there was no status, and so no end.
fn exit(status: Option<Status>, stderr: String) -> Option<ClientExit> {
    let status = status?;
    if status.reason.as_deref() == Some("NonZeroExitCode") {
        let causes = status.details.and_then(|details| details.causes).unwrap_or_default();
        let cause = causes.into_iter().find(|cause| cause.reason.as_deref() == Some("ExitCode"));
        let code = cause.and_then(|cause| cause.message?.parse().ok());
        return Some(ClientExit { code, stderr });
    }
    Some(match status.message.filter(|message| !message.is_empty()) {
        // the runtime could not start it: its words stand in for the program's
        Some(message) => ClientExit { code: None, stderr: message },
        None => ClientExit { code: Some(0), stderr },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "the parameter of the function under test")]
    fn status(json: &str) -> Option<Status> {
        Some(serde_json::from_str(json).unwrap())
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
    fn a_program_that_is_not_in_the_image_is_told_by_the_runtime() {
        let missing = exit(
            status(
                r#"{"metadata":{},"status":"Failure","message":"Internal error occurred: OCI runtime exec failed: \"iperf3\": executable file not found in $PATH",
                "reason":"InternalError","code":500}"#,
            ),
            String::new(),
        );
        assert!(missing.unwrap().stderr.contains("executable file not found"));
    }

    #[test]
    fn a_connection_that_broke_is_no_end() {
        assert_eq!(exit(None, String::new()), None);
    }
}
