//! Clients as Jobs, one per test: they need no permission to exec, and the cluster keeps their events.

use std::borrow::Cow;
use std::time::Duration;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::{DeleteParams, PostParams};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::{Client, START_REQUEST_LIMIT};
use crate::cluster::{ok_if_exists, retry_transient};
use crate::document::{Failure, FailureKind};
use crate::engine::ClientExit;
use crate::testbed::Output;
use crate::testbed::kubernetes::context::Context;
use crate::testbed::kubernetes::logs::{LogPosition, LogSource, REOPEN_PAUSE, read_log};
use crate::testbed::kubernetes::objects::{TEST_LABEL, client_job, pod_of_job};
use crate::testbed::kubernetes::pods::events::{wait_for_warning, with_warning};
use crate::testbed::kubernetes::pods::state::PodState;
use crate::testbed::kubernetes::pods::{FailureCause, StartLimits, StartOutcome};
use std::ops::ControlFlow;

/// How often to read the events of a Job that has no running pod.
const EVENTS_PERIOD: Duration = Duration::from_secs(3);

/// How long a log may be unreadable before its client is given up: as long as an API server may be
/// unavailable. Less than the time that the runner grants a client beyond its test.
const UNREADABLE_LIMIT: Duration = Duration::from_secs(40);

/// How long a refusal to read a log may be transient: a container that is starting has none.
const REFUSED_LIMIT: Duration = Duration::from_secs(3);

/// How long the pod of a lost client may take to end.
const END_LIMIT: Duration = Duration::from_secs(20);

/// How often to read the empty log of a client that has succeeded.
const MAX_READS_AFTER_END: u32 = 10;

/// How long the status of a pod may lag behind the end of its log.
const STATUS_LIMIT: Duration = Duration::from_secs(5);

/// Deletes a Job when dropped, so that a client that was given up does not disturb the next test, and the
/// finished Jobs of a large matrix do not accumulate.
struct JobGuard<'a> {
    context: &'a Context,
    name: String,
    /// Resolves when the creation has ended: the deletion must not overtake it.
    created: Option<oneshot::Receiver<()>>,
}

impl Drop for JobGuard<'_> {
    fn drop(&mut self) {
        let (cluster, jobs) = (self.context.cluster.clone(), self.context.api::<Job>());
        let (name, created) = (std::mem::take(&mut self.name), self.created.take());
        self.context.requests.spawn(async move {
            if let Some(created) = created {
                // nothing is sent: the sender is dropped when the creation has ended
                let _ = created.await;
            }
            let parameters = DeleteParams::background();
            let delete = || cluster.call("delete the client Job", jobs.delete(&name, &parameters));
            // a Job that is left is deleted with the run or, with kept servers, by its own time limits
            let _ = retry_transient(START_REQUEST_LIMIT, delete).await;
        });
    }
}

/// Runs a client as the Job with this number, which is unique within the run.
pub(super) async fn run_by_job(
    client: Client<'_>,
    number: usize,
    output: Output<'_>,
) -> Result<ClientExit, Failure> {
    let Client { context, active, node, network, command, .. } = client;
    let mut job =
        client_job(&context.settings, number, network, node, command.to_vec(), active.owner.clone());
    if let Some(spec) = job.spec.as_mut().and_then(|spec| spec.template.spec.as_mut()) {
        *spec = context.relaxation().apply(std::mem::take(spec));
    }
    let sent = pod_of_job(job.clone());
    let (creating, created) = oneshot::channel::<()>();
    let guard = JobGuard { context, name: job.name_any(), created: Some(created) };
    let (cluster, jobs) = (context.cluster.clone(), context.api::<Job>());
    let create = async move {
        let _until_ended = creating;
        let parameters = PostParams::default();
        let create = || cluster.call("create the client Job", jobs.create(&parameters, &job));
        ok_if_exists(retry_transient(START_REQUEST_LIMIT, create).await).map(drop)
    };
    context.tracked(create).await.map_err(|error| error.client_failure())?;
    let measured = async {
        let pod = wait_for_pod(client, &guard.name, number).await?;
        if let Some(stored) = active.pods.pod(&pod) {
            client.notes.add_changes(node.node.name, &sent, &stored);
        }
        let container = command.first().map_or("", String::as_str);
        (client.started)();
        follow(client, LogSource { pod: &pod, container, follow: true }, output).await
    };
    let measured = measured.await;
    if matches!(&measured, Err(failure) if failure.kind == FailureKind::ClientLost) {
        drop(guard);
        let _ = tokio::time::timeout(END_LIMIT, end(client, number)).await;
    }
    measured
}

/// Ends the pod of a lost client: it must not send while the test is repeated, and a cluster that lost it
/// may be slow to end it.
async fn end(Client { context, active, .. }: Client<'_>, number: usize) {
    let test = context.settings.test_label(number);
    let api = context.api::<Pod>();
    while let Some(pod) = active.pods.alive(|pod| pod.labels().get(TEST_LABEL) == Some(&test)) {
        let parameters = DeleteParams::default().grace_period(1);
        // a deletion that fails is repeated
        let _ = context.cluster.call("delete the client pod", api.delete(&pod, &parameters)).await;
        tokio::time::sleep(REOPEN_PAUSE).await;
    }
}

/// Waits until the client's pod runs, or has run. Returns its name.
async fn wait_for_pod(
    Client { context, active, .. }: Client<'_>,
    job: &str,
    number: usize,
) -> Result<String, Failure> {
    let test = context.settings.test_label(number);
    let is_it = |pod: &Pod| pod.labels().get(TEST_LABEL) == Some(&test);
    let limits = StartLimits::with(context.settings.options.start_timeout());
    // the image is on the node already, and its kubelet has started a pod before
    let limits = StartLimits { pull: limits.start, silence: limits.start, ..limits };
    let started = tokio::select! {
        started = active.pods.wait_for_start(is_it, limits, |_| {}) => started,
        warning = wait_for_warning(context, job, EVENTS_PERIOD) => {
            // a controller that cannot reach the API server either will recover together with it
            let transient = ["dial tcp", "connection refused", "i/o timeout"];
            let is_transient = transient.iter().any(|sign| warning.contains(sign));
            let kind = if is_transient { FailureKind::ClientLost } else { FailureKind::NodeUnusable };
            return Err(Failure::new(kind, format!("client Job: {warning}")));
        }
    };
    match started {
        // a client that ended before it was seen running has a log all the same
        StartOutcome::Running { name, .. }
        | StartOutcome::Failed { name: Some(name), cause: FailureCause::Exited { .. }, .. } => Ok(name),
        StartOutcome::Failed { name, unusable, cause } => {
            let object = name.as_deref().unwrap_or(job);
            let unusable = with_warning(context, object, unusable, cause).await;
            let reason = format!("client pod: {}", unusable.reason());
            // a recovering cluster may take longer: the test is worth another attempt
            let kind = match cause {
                FailureCause::TimedOut => FailureKind::ClientLost,
                FailureCause::Exited { .. } | FailureCause::Stuck => FailureKind::NodeUnusable,
            };
            Err(Failure::new(kind, reason).with_remedy(unusable.remedy().map(Cow::into_owned)))
        }
    }
}

/// Reads the log of a client to its end, and returns how the client ended.
async fn follow(
    Client { context, active, .. }: Client<'_>,
    log: LogSource<'_>,
    output: Output<'_>,
) -> Result<ClientExit, Failure> {
    let (api, pod) = (context.api(), log.pod);
    let mut position = LogPosition::default();
    let (mut unreadable_since, mut reads_after_end) = (None, 0);
    loop {
        // only a log that is opened after the end of its process is sure to be complete
        if let Some(PodState::Ended { exit, .. }) = active.pods.state(pod) {
            // a client that succeeded has written a report: a kubelet that does not find it is asked again
            let is_missing = exit.code == Some(0) && position.is_at_start();
            reads_after_end += if is_missing { 1 } else { MAX_READS_AFTER_END };
        }
        let error = match read_log(&context.cluster, &api, log, &mut position, output).await {
            Ok(ControlFlow::Break(())) => return Ok(ClientExit::default()),
            Ok(ControlFlow::Continue(())) => None,
            Err(error) => Some(error),
        };
        // the status of the pod shows whether more output can come
        let ended = tokio::time::timeout(STATUS_LIMIT, active.pods.wait_for_end(pod));
        let state = if error.is_none() {
            ended.await.unwrap_or_else(|_| active.pods.state(pod))
        } else {
            active.pods.state(pod)
        };
        match (state, error) {
            (Some(PodState::Ended { exit, .. }), None)
                if reads_after_end >= MAX_READS_AFTER_END
                    && exit.code == Some(0)
                    && position.is_at_start() =>
            {
                let reason = "the client succeeded, but the node lost its log";
                return Err(Failure::new(FailureKind::ClientLost, reason));
            }
            (Some(PodState::Ended { exit, unusable }), None) if reads_after_end >= MAX_READS_AFTER_END => {
                return if exit.code == Some(0) || exit.code.is_some() && !exit.stderr.is_empty() {
                    Ok(exit)
                } else {
                    // the report may be complete even so; if not, this is the reason
                    Ok(ClientExit { stderr: unusable.reason().to_owned(), ..exit })
                };
            }
            (None, _) => {
                return Err(Failure::new(FailureKind::ClientLost, "the client pod was deleted"));
            }
            (_, Some(error)) => {
                let since = *unreadable_since.get_or_insert_with(Instant::now);
                let limit = if error.is_transient() { UNREADABLE_LIMIT } else { REFUSED_LIMIT };
                if since.elapsed() >= limit {
                    return Err(error.client_failure());
                }
            }
            (_, None) => unreadable_since = None,
        }
        tokio::time::sleep(REOPEN_PAUSE).await;
    }
}
