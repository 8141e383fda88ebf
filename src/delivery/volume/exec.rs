//! Short commands in the pod of a volume.

use std::ops::ControlFlow;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::Api;

use crate::cluster::exec::{Command, Disconnected, Exec};
use crate::cluster::{Cluster, RequestError};
use crate::sanitize::reason;

/// How long a command may take.
const LIMIT: Duration = Duration::from_secs(120);

/// The most bytes that are read from a command: no document is larger.
const MAX_OUTPUT: usize = 512 * 1024 * 1024;

/// How long output may arrive after the end of a command.
const DRAIN_LIMIT: Duration = Duration::from_secs(5);

/// How a command ended.
pub(super) enum Ended {
    /// It succeeded, with this output.
    Well(Vec<u8>),
    /// It failed, for this reason.
    Badly(String),
}

/// Runs a command in a pod of one container, with `input` if it reads. The command must know how much to
/// read: its input stays open.
pub(super) async fn run(
    cluster: &Cluster,
    pods: &Api<Pod>,
    pod: &str,
    command: &[&str],
    input: Option<&[u8]>,
) -> Result<Ended, RequestError> {
    let command = Command { pod, container: None, argv: command, has_input: input.is_some() };
    let exec = Exec::start(cluster, pods, command, format!("run a command in the pod {pod}")).await?;
    let mut output = Vec::new();
    let mut take = |bytes: &[u8]| {
        output.extend_from_slice(bytes);
        if output.len() <= MAX_OUTPUT { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let finish = exec.finish(input.unwrap_or_default(), DRAIN_LIMIT, &mut take);
    Ok(match tokio::time::timeout(LIMIT, finish).await {
        Err(_) => Ended::Badly(format!("the command did not end within {} seconds", LIMIT.as_secs())),
        Ok(Err(Disconnected)) => Ended::Badly("lost the connection to the pod".to_owned()),
        Ok(Ok(None)) => Ended::Badly(format!("the output is larger than {} MiB", MAX_OUTPUT >> 20)),
        Ok(Ok(Some(end))) if end.status.status.as_deref() == Some("Success") => Ended::Well(output),
        Ok(Ok(Some(end))) => {
            let message = Some(end.stderr).filter(|stderr| !stderr.trim().is_empty());
            Ended::Badly(reason(&message.or(end.status.message).unwrap_or_default()))
        }
    })
}
