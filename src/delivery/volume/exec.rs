//! Runs a short command in a pod.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use kube::Api;
use kube::api::AttachParams;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

use crate::cluster::{Cluster, RequestError};
use crate::sanitize::reason;

/// Maximum time for a command.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Maximum size of the output that is read, in bytes: larger than any run document.
const MAX_OUTPUT_BYTES: u64 = 512 * 1024 * 1024;

/// Maximum time for the output that arrives after the status of the command.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// Runs a command in a pod with one container. Returns its standard output, or why it failed.
///
/// The command must know the length of `input`: older API servers do not signal its end.
///
/// # Errors
/// The API server rejects the request, or does not answer.
pub(super) async fn run(
    cluster: &Cluster,
    pods: &Api<Pod>,
    pod: &str,
    command: &[&str],
    input: Option<&[u8]>,
) -> Result<Result<Vec<u8>, String>, RequestError> {
    let parameters = AttachParams::default().stdin(input.is_some()).stdout(true).stderr(true);
    let exec = pods.exec(pod, command.iter().copied(), &parameters);
    let mut process = cluster.call(format!("run a command in pod {pod}"), exec).await?;
    let mut stdin = process.stdin();
    let (Some(stdout), Some(stderr), Some(status)) =
        (process.stdout(), process.stderr(), process.take_status())
    else {
        return Ok(Err("its streams are not connected".to_owned()));
    };
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let streams = async {
        let write = async {
            if let (Some(stdin), Some(input)) = (&mut stdin, input) {
                // if this fails, the command reports the error
                let _ = stdin.write_all(input).await;
                let _ = stdin.flush().await;
            }
        };
        let _ = tokio::join!(write, read(stdout, &mut output), read(stderr, &mut errors));
    };
    let ended = tokio::time::timeout(TIMEOUT, async {
        let (mut streams, mut status) = (std::pin::pin!(streams), std::pin::pin!(status));
        tokio::select! {
            // after a broken connection, the streams stay open
            status = &mut status => {
                let _ = tokio::time::timeout(DRAIN_TIMEOUT, streams).await;
                status
            }
            () = &mut streams => status.await,
        }
    });
    Ok(match ended.await {
        Err(_) => Err(format!("timed out after {} seconds", TIMEOUT.as_secs())),
        Ok(None) => Err("the connection to the pod broke".to_owned()),
        Ok(Some(status)) if is_success(&status) => Ok(output),
        Ok(Some(status)) => {
            let errors = String::from_utf8_lossy(&errors).into_owned();
            let message = status.message.unwrap_or_default();
            Err(reason(if errors.trim().is_empty() { &message } else { &errors }))
        }
    })
}

/// Reads a stream to its end, or up to the maximum size.
async fn read(stream: impl AsyncRead + Unpin, into: &mut Vec<u8>) {
    // the status of the command reports a broken connection
    let _ = stream.take(MAX_OUTPUT_BYTES).read_to_end(into).await;
}

fn is_success(status: &Status) -> bool {
    status.status.as_deref() == Some("Success")
}
