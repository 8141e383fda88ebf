//! Clients as Jobs: one per test, which needs no right to exec and leaves a trail.

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::time::Duration;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{DeleteParams, PostParams};
use kube::{Api, ResourceExt};

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::cluster::patiently;
use crate::document::{Failure, FailureKind};
use crate::engine::ClientExit;
use crate::testbed::Output;
use crate::testbed::kubernetes::objects::{Network, TEST_LABEL};
use crate::testbed::kubernetes::pods::log::{LogOf, LogPosition, REOPEN_PAUSE};
use crate::testbed::kubernetes::pods::{Cause, Started};
use crate::testbed::kubernetes::{CLIENT_START_LIMIT, KubernetesTestbed, Made, PodState, objects};

/// How long the pod of a Job may take to run. Its image is on the node already.
const START_LIMIT: Duration = Duration::from_secs(30);

/// How often the events of a Job are read while it has no pod that runs.
const EVENTS_PERIOD: Duration = Duration::from_secs(3);

/// How long a log may be unreadable before its client is given up: as long as an API server may be
/// away. Less than the time that a runner grants the client of a Job beyond its own.
const UNREADABLE_LIMIT: Duration = Duration::from_secs(40);

/// How long a refusal to read a log counts as one that may pass: a container that only begins has none.
const UNREADABLE_AT_FIRST: Duration = Duration::from_secs(3);

/// How long the pod of a client that was lost may take to end.
const END_LIMIT: Duration = Duration::from_secs(20);

/// How often the log of a client that has ended is read before it is believed to be empty.
const MOST_READ_AFTER_END: u32 = 10;

/// How long a pod whose log has ended may take until its status says so.
const STATUS_LIMIT: Duration = Duration::from_secs(5);

/// Deletes a Job when it is dropped, so that a client that was given up does not disturb the next
/// test, and a large matrix does not leave thousands of finished ones until its end.
struct DeletedOnDrop<'a> {
    testbed: &'a KubernetesTestbed,
    name: String,
    /// Ends when the creation has ended: a deletion must not overtake it.
    created: Option<oneshot::Receiver<()>>,
}

impl Drop for DeletedOnDrop<'_> {
    fn drop(&mut self) {
        let cluster = self.testbed.cluster.clone();
        let jobs: Api<Job> = Api::namespaced(cluster.client.clone(), &self.testbed.scope.namespace());
        let (name, created) = (std::mem::take(&mut self.name), self.created.take());
        self.testbed.requests.spawn(async move {
            if let Some(created) = created {
                // nothing is ever sent: that the other end is dropped is the message
                let _ = created.await;
            }
            let parameters = DeleteParams::background();
            let delete = || cluster.call("delete a Job", jobs.delete(&name, &parameters));
            // what this leaves is removed with the run or, where servers stay, by the cluster's own limits
            let _ = patiently(CLIENT_START_LIMIT, delete).await;
        });
    }
}

impl KubernetesTestbed {
    pub(in crate::testbed::kubernetes) async fn run_by_job(
        &self,
        made: &Made,
        client: usize,
        network: Network,
        command: &[String],
        output: Output<'_>,
    ) -> Result<ClientExit, Failure> {
        let number = self.jobs.fetch_add(1, Ordering::Relaxed) + 1;
        let job = objects::client_job(
            &self.settings,
            number,
            network,
            &self.nodes[client],
            command.to_vec(),
            made.owner.clone(),
        );
        let (creating, created) = oneshot::channel::<()>();
        let deleted = DeletedOnDrop { testbed: self, name: job.name_any(), created: Some(created) };
        let cluster = self.cluster.clone();
        let jobs: Api<Job> = Api::namespaced(cluster.client.clone(), &self.scope.namespace());
        let create = async move {
            let _until_it_has_ended = creating;
            let parameters = PostParams::default();
            let create = || cluster.call("create the client's Job", jobs.create(&parameters, &job));
            match patiently(CLIENT_START_LIMIT, create).await {
                // a repeated request finds what the first one made: names carry the run's id
                Err(error) if error.is_conflict() => Ok(()),
                other => other.map(drop),
            }
        };
        self.tracked(create).await.map_err(|error| error.failure_of_client())?;
        let measured = async {
            let pod = self.started_client(made, &deleted.name, number).await?;
            let container = command.first().map_or("", String::as_str);
            self.follow(made, LogOf { pod: &pod, container, follow: true }, output).await
        };
        let measured = measured.await;
        if matches!(&measured, Err(failure) if failure.kind == FailureKind::ClientLost) {
            drop(deleted);
            let _ = tokio::time::timeout(END_LIMIT, self.end_client(made, number)).await;
        }
        measured
    }

    /// Ends the pod of a client that was lost: it must not send while the test is repeated, and the
    /// cluster that lost it may be slow to end it.
    async fn end_client(&self, made: &Made, number: usize) {
        let test = self.settings.test_label(number);
        let api: Api<Pod> = Api::namespaced(self.cluster.client.clone(), &self.scope.namespace());
        loop {
            let Some(pod) = made.pods.alive(|pod| pod.labels().get(TEST_LABEL) == Some(&test)) else {
                return;
            };
            let parameters = DeleteParams::default().grace_period(1);
            // one that cannot be deleted now can be in a moment
            let _ = self.cluster.call("delete the client's pod", api.delete(&pod, &parameters)).await;
            tokio::time::sleep(REOPEN_PAUSE).await;
        }
    }

    /// Waits until the client's pod runs, or has run. Returns its name.
    async fn started_client(&self, made: &Made, job: &str, number: usize) -> Result<String, Failure> {
        let test = self.settings.test_label(number);
        let is_it = |pod: &Pod| pod.labels().get(TEST_LABEL) == Some(&test);
        let started = tokio::select! {
            started = made.pods.started(is_it, START_LIMIT, |_| {}) => started,
            warning = self.first_warning(job, EVENTS_PERIOD) => {
                // a controller that does not reach the API server either: both come back
                let may_pass = ["dial tcp", "connection refused", "i/o timeout"];
                let may_pass = may_pass.iter().any(|sign| warning.contains(sign));
                let kind = if may_pass { FailureKind::ClientLost } else { FailureKind::NodeUnusable };
                return Err(Failure::new(kind, format!("the client's Job: {warning}")));
            }
        };
        match started {
            // one that was over before it was seen to run has its log all the same
            Started::Running { name, .. }
            | Started::Not { name: Some(name), cause: Cause::Exited { .. }, .. } => Ok(name),
            Started::Not { name, unusable, cause } => {
                let object = name.as_deref().unwrap_or(job);
                let unusable = self.with_warning(object, unusable, cause).await;
                let reason = format!("the client's pod: {}", unusable.reason());
                // a cluster that recovers from something may take longer than that: it is worth another try
                let kind = match cause {
                    Cause::TimedOut => FailureKind::ClientLost,
                    Cause::Exited { .. } | Cause::Stuck => FailureKind::NodeUnusable,
                };
                Err(Failure::new(kind, reason).with_remedy(unusable.remedy().map(str::to_owned)))
            }
        }
    }

    async fn follow(&self, made: &Made, log: LogOf<'_>, output: Output<'_>) -> Result<ClientExit, Failure> {
        let pod = log.pod;
        let mut position = LogPosition::default();
        let (mut unreadable_since, mut read_after_end) = (None, 0);
        loop {
            // only a log that is opened after its process has ended is sure to be read to its end
            if let Some(PodState::Ended { exit, .. }) = made.pods.state(pod) {
                // a client that succeeded has written its report: a kubelet that does not find it
                // at once is asked again
                let is_lost = exit.code == Some(0) && position.is_at_start();
                read_after_end += if is_lost { 1 } else { MOST_READ_AFTER_END };
            }
            let mut take = |line: &str| {
                output(line.as_bytes())?;
                output(b"\n")
            };
            let read = self.read_log(log, &mut position, &mut take).await;
            let error = match read {
                Ok(ControlFlow::Break(())) => return Ok(ClientExit::default()),
                Ok(ControlFlow::Continue(())) => None,
                Err(error) => Some(error),
            };
            // the pod's status tells whether more can come
            let ended = tokio::time::timeout(STATUS_LIMIT, made.pods.ended(pod));
            let state = if error.is_none() {
                ended.await.unwrap_or_else(|_| made.pods.state(pod))
            } else {
                made.pods.state(pod)
            };
            match (state, error) {
                (Some(PodState::Ended { exit, .. }), None)
                    if read_after_end >= MOST_READ_AFTER_END
                        && exit.code == Some(0)
                        && position.is_at_start() =>
                {
                    let reason = "the client succeeded, but the node has lost its log";
                    return Err(Failure::new(FailureKind::ClientLost, reason));
                }
                (Some(PodState::Ended { exit, unusable }), None) if read_after_end >= MOST_READ_AFTER_END => {
                    return if exit.code == Some(0) || exit.code.is_some() && !exit.stderr.is_empty() {
                        Ok(exit)
                    } else {
                        // the report may be whole even so; if not, this is why
                        Ok(ClientExit { stderr: unusable.reason().to_owned(), ..exit })
                    };
                }
                (None, _) => {
                    return Err(Failure::new(FailureKind::ClientLost, "the client's pod was deleted"));
                }
                (_, Some(error)) => {
                    let since = *unreadable_since.get_or_insert_with(Instant::now);
                    let limit = if error.may_pass() { UNREADABLE_LIMIT } else { UNREADABLE_AT_FIRST };
                    if since.elapsed() >= limit {
                        return Err(error.failure_of_client());
                    }
                }
                (_, None) => unreadable_since = None,
            }
            tokio::time::sleep(REOPEN_PAUSE).await;
        }
    }
}
