//! Runs a short command in a pod.

use std::ops::ControlFlow;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::Api;

use crate::cluster::exec::{Command, Disconnected, Exec};
use crate::cluster::{Cluster, RequestError};
use crate::sanitize::reason;

/// Maximum time for a command.
const LIMIT: Duration = Duration::from_secs(120);

/// Maximum size of the output that is read, in bytes: larger than any run document.
const MAX_OUTPUT: usize = 512 * 1024 * 1024;

/// Maximum time for output that arrives after the end of the command.
const DRAIN_LIMIT: Duration = Duration::from_secs(5);

/// Runs a command in a pod with one container. Returns its standard output, or why it failed.
///
/// The command must know the length of `input`: its standard input stays open.
///
/// # Errors
/// The API server rejects the request, or does not respond.
pub(super) async fn run(
    cluster: &Cluster,
    pods: &Api<Pod>,
    pod: &str,
    command: &[&str],
    input: Option<&[u8]>,
) -> Result<Result<Vec<u8>, String>, RequestError> {
    let command = Command { pod, container: None, argv: command, has_input: input.is_some() };
    let exec = Exec::start(cluster, pods, command, format!("run a command in the pod {pod}")).await?;
    let mut output = Vec::new();
    let mut take = |bytes: &[u8]| {
        output.extend_from_slice(bytes);
        if output.len() <= MAX_OUTPUT { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let finish = exec.finish(input.unwrap_or_default(), DRAIN_LIMIT, &mut take);
    Ok(match tokio::time::timeout(LIMIT, finish).await {
        Err(_) => Err(format!("the command did not end within {} seconds", LIMIT.as_secs())),
        Ok(Err(Disconnected)) => Err("lost the connection to the pod".to_owned()),
        Ok(Ok(None)) => Err(format!("the output is larger than {} MiB", MAX_OUTPUT >> 20)),
        Ok(Ok(Some(end))) if end.status.status.as_deref() == Some("Success") => Ok(output),
        Ok(Ok(Some(end))) => {
            let message = Some(end.stderr).filter(|stderr| !stderr.trim().is_empty());
            Err(reason(&message.or(end.status.message).unwrap_or_default()))
        }
    })
}
