//! A short command inside a pod, with what it reads and writes.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use kube::Api;
use kube::api::AttachParams;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

use crate::cluster::{Cluster, RequestError};
use crate::sanitize::reason;

/// How long a command may take.
const LIMIT: Duration = Duration::from_secs(120);

/// The most that is read of a command: no document is larger.
const MOST_BYTES: u64 = 512 * 1024 * 1024;

/// How long output may still come after a command's end.
const DRAIN_LIMIT: Duration = Duration::from_secs(5);

/// How a command ended.
pub(super) enum Ended {
    /// It has done what it should, and written this.
    Well(Vec<u8>),
    /// It has not, for this reason.
    Badly(String),
}

/// Runs a command in a pod of one container, with `input` if it reads. It must know how much that is: older
/// API servers cannot tell it where its input ends.
pub(super) async fn run(
    cluster: &Cluster,
    pods: &Api<Pod>,
    pod: &str,
    command: &[&str],
    input: Option<&[u8]>,
) -> Result<Ended, RequestError> {
    let parameters = AttachParams::default().stdin(input.is_some()).stdout(true).stderr(true);
    let exec = pods.exec(pod, command.iter().copied(), &parameters);
    let mut process = cluster.call(format!("run a command in the pod {pod}"), exec).await?;
    let mut stdin = process.stdin();
    let (Some(stdout), Some(stderr), Some(status)) =
        (process.stdout(), process.stderr(), process.take_status())
    else {
        return Ok(Ended::Badly("its streams are not connected".to_owned()));
    };
    let (mut output, mut message) = (Vec::new(), Vec::new());
    let streams = async {
        let write = async {
            if let (Some(stdin), Some(input)) = (&mut stdin, input) {
                // what is wrong is told by the command
                let _ = stdin.write_all(input).await;
                let _ = stdin.flush().await;
            }
        };
        let _ = tokio::join!(write, read(stdout, &mut output), read(stderr, &mut message));
    };
    let ended = tokio::time::timeout(LIMIT, async {
        let (mut streams, mut status) = (std::pin::pin!(streams), std::pin::pin!(status));
        tokio::select! {
            // a connection that breaks leaves its streams open: only this tells
            status = &mut status => {
                let _ = tokio::time::timeout(DRAIN_LIMIT, streams).await;
                status
            }
            () = &mut streams => status.await,
        }
    });
    Ok(match ended.await {
        Err(_) => Ended::Badly(format!("it did not end within {} seconds", LIMIT.as_secs())),
        Ok(None) => Ended::Badly("the connection to the pod broke".to_owned()),
        Ok(Some(status)) if is_success(&status) => Ended::Well(output),
        Ok(Some(status)) => {
            let said = String::from_utf8_lossy(&message);
            let said =
                if said.trim().is_empty() { status.message.unwrap_or_default() } else { said.into_owned() };
            Ended::Badly(reason(&said))
        }
    })
}

/// Reads what a command writes, as far as it can be a document.
async fn read(stream: impl AsyncRead + Unpin, into: &mut Vec<u8>) {
    // a connection that breaks is told by the command's status
    let _ = stream.take(MOST_BYTES).read_to_end(into).await;
}

fn is_success(status: &Status) -> bool {
    status.status.as_deref() == Some("Success")
}
