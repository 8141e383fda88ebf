//! Clients as Jobs: one per test, which needs no right to exec and leaves a trail.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::{AsyncBufReadExt, TryStreamExt};
use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{DeleteParams, LogParams, PostParams};
use kube::{Api, ResourceExt};

use super::objects::TEST_LABEL;
use super::pods::{Cause, Started};
use super::{KubernetesTestbed, Made, PodState, objects};
use crate::document::{Failure, FailureKind};
use crate::engine::iperf3::ClientExit;
use crate::testbed::{Enough, Output};

/// How long the pod of a Job may take to run. Its image is on the node already.
const START_LIMIT: Duration = Duration::from_secs(30);

/// How long to wait before a log that broke off is opened again.
const REOPEN_PAUSE: Duration = Duration::from_millis(300);

/// How long a pod whose log has ended may take until its status says so.
const STATUS_LIMIT: Duration = Duration::from_secs(5);

impl KubernetesTestbed {
    pub(super) async fn run_by_job(
        &self,
        made: &Made,
        client: usize,
        command: &[String],
        output: Output<'_>,
    ) -> Result<ClientExit, Failure> {
        let number = self.jobs.fetch_add(1, Ordering::Relaxed) + 1;
        let namespace = self.scope.namespace();
        let jobs: Api<Job> = Api::namespaced(self.cluster.client.clone(), &namespace);
        let job = objects::client_job(
            &self.settings,
            number,
            &self.nodes[client],
            command.to_vec(),
            made.owner.clone(),
        );
        let name = job.name_any();
        let cluster = self.cluster.clone();
        let create = {
            let jobs = jobs.clone();
            async move {
                let made =
                    cluster.call("create the client's Job", jobs.create(&PostParams::default(), &job)).await;
                match made {
                    // a repeated request finds what the first one made: names carry the run's id
                    Err(error) if error.is_conflict() => Ok(()),
                    other => other.map(drop),
                }
            }
        };
        let lost = |reason: String| Failure::new(FailureKind::ClientLost, reason);
        self.tracked(create).await.map_err(|error| lost(format!("{error}: {}", error.why())))?;
        let result = self.follow(made, &name, number, output).await;
        // a finished client holds an address, and a large matrix has thousands of them
        let cluster = self.cluster.clone();
        self.requests.spawn(async move {
            let parameters = DeleteParams::background();
            // what this leaves is removed with the run
            let _ = cluster.call("delete a finished Job", jobs.delete(&name, &parameters)).await;
        });
        result
    }

    async fn follow(
        &self,
        made: &Made,
        job: &str,
        number: usize,
        output: Output<'_>,
    ) -> Result<ClientExit, Failure> {
        let number = number.to_string();
        let is_it = |pod: &Pod| pod.labels().get(TEST_LABEL) == Some(&number);
        let pod = match made.pods.started(is_it, START_LIMIT, |_| {}).await {
            // one that was over before it was seen to run has its log all the same
            Started::Running { name, .. } | Started::Not { name: Some(name), cause: Cause::Exited, .. } => {
                name
            }
            Started::Not { name, unusable, cause } => {
                let what = match name {
                    Some(name) => self.with_warning(&name, unusable, cause).await,
                    None => self.with_warning(job, unusable, cause).await,
                };
                return Err(Failure::new(FailureKind::NodeUnusable, format!("the client's Job: {what}")));
            }
        };
        let mut position = LogPosition::default();
        loop {
            let read = self.read_log(&pod, &mut position, output).await;
            if read == Ok(Enough::Yes) {
                return Ok(ClientExit::default());
            }
            // the end of a log is not the end of its process: the pod's status tells
            let state = match made.pods.state(&pod) {
                Some(PodState::Running { .. }) if read.is_ok() => {
                    tokio::time::timeout(STATUS_LIMIT, made.pods.ended(&pod))
                        .await
                        .unwrap_or(made.pods.state(&pod))
                }
                state => state,
            };
            match state {
                Some(PodState::Ended { exit, .. }) if read.is_ok() => return Ok(exit),
                None => return Err(Failure::new(FailureKind::ClientLost, "the client's pod was deleted")),
                _ => tokio::time::sleep(REOPEN_PAUSE).await,
            }
        }
    }

    /// Reads a pod's log from `position` on, until it ends or `output` has enough.
    async fn read_log(
        &self,
        pod: &str,
        position: &mut LogPosition,
        output: Output<'_>,
    ) -> Result<Enough, String> {
        let api: Api<Pod> = Api::namespaced(self.cluster.client.clone(), &self.scope.namespace());
        let parameters =
            LogParams { follow: true, timestamps: true, since_time: position.time, ..LogParams::default() };
        position.resume();
        let stream = self.cluster.call("read the client's log", api.log_stream(pod, &parameters)).await;
        let mut lines = stream.map_err(|error| error.why())?.lines();
        while let Some(line) = lines.try_next().await.map_err(|error| error.to_string())? {
            if let Some(text) = position.new_text(&line)
                && (output(text.as_bytes()) == Enough::Yes || output(b"\n") == Enough::Yes)
            {
                return Ok(Enough::Yes);
            }
        }
        Ok(Enough::NotYet)
    }
}

/// How far a log has been read, so that it can be read on after it broke off.
///
/// A log is reopened from a time in whole seconds, and so repeats lines: those up to the last time
/// seen are dropped, and as many of that very time as were seen already.
#[derive(Debug, Default)]
struct LogPosition {
    time: Option<Timestamp>,
    /// How many lines of exactly that time were taken.
    taken: usize,
    /// How many of them are still to be dropped.
    repeated: usize,
}

impl LogPosition {
    fn resume(&mut self) {
        self.repeated = self.taken;
    }

    /// The text of a line with a timestamp in front, if it was not taken before.
    fn new_text<'a>(&mut self, line: &'a str) -> Option<&'a str> {
        let (time, text) = line.split_once(' ').unwrap_or((line, ""));
        let Ok(time) = time.parse::<Timestamp>() else {
            // not the log's own: an error of the kubelet's, which is no output of the client
            return None;
        };
        match self.time {
            Some(last) if time < last => None,
            Some(last) if time == last && self.repeated > 0 => {
                self.repeated -= 1;
                None
            }
            Some(last) if time == last => {
                self.taken += 1;
                Some(text)
            }
            _ => {
                (self.time, self.taken, self.repeated) = (Some(time), 1, 0);
                Some(text)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: [&str; 5] = [
        "2026-11-23T01:00:00.100000000Z a",
        "2026-11-23T01:00:00.200000000Z b",
        "2026-11-23T01:00:00.200000000Z c",
        "2026-11-23T01:00:00.200000000Z d",
        "2026-11-23T01:00:01.000000000Z e",
    ];

    #[test]
    fn a_log_that_broke_off_anywhere_is_read_exactly_once() {
        for broke_at in 0..=LOG.len() {
            let mut position = LogPosition::default();
            let mut read: Vec<&str> =
                LOG[..broke_at].iter().filter_map(|line| position.new_text(line)).collect();
            position.resume();
            // the second reading starts at a whole second, so it has all lines again
            read.extend(LOG.iter().filter_map(|line| position.new_text(line)));
            assert_eq!(read, ["a", "b", "c", "d", "e"], "broken at line {broke_at}");
        }
    }

    #[test]
    fn lines_of_the_kubelets_own_are_not_the_clients() {
        let mut position = LogPosition::default();
        assert_eq!(position.new_text("unable to retrieve container logs for containerd://0"), None);
    }
}
