//! Whether exec works in the pods of a run: a gateway, a proxy or a policy may block exec while all
//! other requests work.

use std::ops::ControlFlow;
use std::time::Duration;

use tokio::time::Instant;

use super::exec::{WAIT_FOR_GO, command, exit};
use crate::cluster::exec::{Command, Exec};
use crate::cluster::{API_SERVER_OUTAGE, Cluster, RequestError};
use crate::document::{Failure, FailureKind};
use crate::testbed::kubernetes::servers::kept::has_kept;
use crate::testbed::kubernetes::{Chosen, Needs, Scope, Settings};

/// How long an exec may take.
const LIMIT: Duration = Duration::from_secs(5);

/// The pause before the next attempt while the API server is unavailable.
const PAUSE: Duration = Duration::from_millis(500);

/// In how many pods exec must fail: the kubelet of one may be unreachable.
const MAX_PODS: usize = 2;

/// Whether exec works in the servers that an earlier run has kept; none if there are none.
pub async fn exec_in_kept(cluster: &Cluster, needs: &Needs, nodes: &[Chosen]) -> Option<Result<(), Failure>> {
    let scope = Scope::kept(needs.given.clone());
    if !has_kept(cluster, &scope, &needs.settings, nodes).await {
        return None;
    }
    let settings = Settings { keep: true, ..needs.settings.clone() };
    let network = *settings.networks().first()?;
    let pods: Vec<String> = nodes.iter().map(|node| settings.server_name(node, network)).collect();
    Some(probe(cluster, &scope.namespace(), &settings, &pods).await)
}

/// Runs a shell that does nothing, as a client is run, in one of `pods`.
///
/// # Errors
/// It failed in two of them, or twice in the only one: the reason of the last one.
pub(super) async fn probe(
    cluster: &Cluster,
    namespace: &str,
    settings: &Settings,
    pods: &[String],
) -> Result<(), Failure> {
    let give_up = Instant::now() + API_SERVER_OUTAGE;
    let mut result = Ok(());
    for pod in pods.iter().cycle().take(MAX_PODS) {
        loop {
            let tried = tokio::time::timeout(
                LIMIT,
                run_nothing(cluster, namespace, command(settings, pod, &WAIT_FOR_GO)),
            )
            .await;
            let seconds = LIMIT.as_secs();
            let silent = || {
                Failure::new(
                    FailureKind::ClientLost,
                    format!("exec did not respond within {seconds} seconds"),
                )
            };
            result = tried.unwrap_or_else(|_| Err(silent()));
            match &result {
                Ok(()) => return Ok(()),
                // the first test reports it
                Err(failure) if failure.kind == FailureKind::Unauthenticated => return Ok(()),
                Err(_) => {}
            }
            let other = tokio::time::timeout(LIMIT, cluster.version()).await;
            let is_away =
                other.is_err() || other.is_ok_and(|other| other.is_err_and(|error| error.is_transient()));
            if !is_away || Instant::now() >= give_up {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
    result
}

async fn run_nothing(cluster: &Cluster, namespace: &str, command: Command<'_>) -> Result<(), Failure> {
    let failed = |error: RequestError| Failure { reason: error.why(), ..error.client_failure() };
    let lost = |_| Failure::new(FailureKind::ClientLost, "the connection was closed");
    let mut exec =
        Exec::start(cluster, &cluster.namespaced(namespace), command, "exec").await.map_err(failed)?;
    exec.first_line().await.map_err(lost)?;
    let end = exec.finish(b"\n", Duration::ZERO, &mut |_| ControlFlow::Continue(())).await.map_err(lost)?;
    let exit = end.map(exit).transpose()?.unwrap_or_default();
    if exit.code == Some(0) {
        return Ok(());
    }
    Err(Failure::new(
        FailureKind::ClientLost,
        format!("a shell that does nothing failed: {}", exit.stderr.trim()),
    ))
}
