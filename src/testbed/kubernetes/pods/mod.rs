//! Pods that belong together, kept up to date by one watch.

pub(crate) mod events;
pub(super) mod init;
pub(crate) mod state;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use k8s_openapi::api::core::v1::Pod;
use kube::runtime::reflector::{self, Store};
use kube::runtime::utils::{Backoff, ResetTimerBackoff};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, ResourceExt};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use self::state::{Patience, PodState, StartStep};
use super::objects::TEST_LABEL;
use crate::cluster::API_SERVER_OUTAGE;
use crate::testbed::Unusable;

/// A watch that was refused this many times in a row is refused for good.
const MAX_WATCH_REFUSALS: u32 = 3;

/// The shortest pause before a broken watch is restarted,
const MIN_RECONNECT_PAUSE: Duration = Duration::from_millis(500);
/// and the longest: the return of an API server that was unavailable must be noticed soon.
const MAX_RECONNECT_PAUSE: Duration = Duration::from_secs(3);

/// How long a node may show no sign of a pod that was scheduled to it.
const SILENCE_LIMIT: Duration = Duration::from_secs(30);

/// How long the pulls of an image may take to fail for the second time.
const PULLS_LIMIT: Duration = Duration::from_secs(90);

/// How long a pod may take to start, without pulling its image.
const DEFAULT_START_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a pod may take to start while its image is pulled.
const PULL_LIMIT: Duration = Duration::from_secs(180);

/// How long a pod may take to start.
#[derive(Debug, Clone, Copy)]
pub struct StartLimits {
    /// Without the time in which the kubelet prepares the containers.
    pub start: Duration,
    /// While the kubelet prepares the containers, which includes pulling the image.
    pub pull: Duration,
    /// While the node shows no sign of the pod.
    pub silence: Duration,
}

impl StartLimits {
    /// The default of `--start-timeout`.
    pub const DEFAULT: Self = Self { start: DEFAULT_START_TIMEOUT, pull: PULL_LIMIT, silence: SILENCE_LIMIT };

    /// With the time that a user grants, if one was given.
    pub fn with(start: Option<Duration>) -> Self {
        let start = start.unwrap_or(DEFAULT_START_TIMEOUT);
        Self { start, pull: PULL_LIMIT.max(start), silence: SILENCE_LIMIT.min(start) }
    }

    /// The limit for a pod that is at `step`, from the beginning.
    fn of(self, step: StartStep) -> Duration {
        match step {
            StartStep::Scheduling | StartStep::InitContainer => self.start,
            StartStep::Containers => self.pull,
            StartStep::Kubelet => self.silence,
        }
    }
}

/// The pauses between attempts to watch, each twice as long as the one before.
struct ReconnectBackoff(Duration);

impl Iterator for ReconnectBackoff {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let pause = self.0;
        self.0 = (pause * 2).min(MAX_RECONNECT_PAUSE);
        Some(pause)
    }
}

impl Backoff for ReconnectBackoff {
    fn reset(&mut self) {
        self.0 = MIN_RECONNECT_PAUSE;
    }
}

/// The state of a watch.
#[derive(Debug, Default)]
struct WatchHealth {
    /// Whether the first list is complete.
    is_listed: bool,
    /// Errors in a row.
    errors: u32,
    /// When the last of all errors occurred.
    last_error_at: Option<Instant>,
    /// Why the API server does not allow this user to watch the pods.
    refused: Option<String>,
}

/// A watch on pods that belong together. It ends when this is dropped.
pub struct PodWatch {
    store: Store<Pod>,
    /// Changes with every event, after the store.
    health: watch::Receiver<WatchHealth>,
    task: AbortHandle,
}

impl Drop for PodWatch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Whether a pod has started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartOutcome {
    /// It runs.
    Running {
        /// The pod's name.
        name: String,
        /// The pod's addresses, at least one.
        addresses: Vec<String>,
    },
    /// It has ended already, or will not start.
    Failed {
        /// The pod's name, if there is a pod.
        name: Option<String>,
        /// The reason and the remedy.
        unusable: Unusable,
        /// The kind of reason.
        cause: FailureCause,
    },
}

impl StartOutcome {
    fn failed(name: Option<String>, unusable: Unusable, cause: FailureCause) -> Self {
        Self::Failed { name, unusable, cause }
    }
}

/// The kinds of reason for which a pod does not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureCause {
    /// Its process ran and exited.
    Exited {
        /// The exit code.
        code: i32,
    },
    /// The reason is known: the cluster has reported it, or no kubelet has shown a sign of the pod.
    Stuck,
    /// The pod did not start in time, and its status has no reason.
    TimedOut,
}

impl PodWatch {
    /// Starts to watch the pods that a label selector matches.
    pub fn new(api: Api<Pod>, selector: &str) -> Self {
        let backoff = ResetTimerBackoff::new(ReconnectBackoff(MIN_RECONNECT_PAUSE), MAX_RECONNECT_PAUSE * 4);
        Self::of(watcher(api, watcher::Config::default().labels(selector)).backoff(backoff))
    }

    fn of(events: impl Stream<Item = watcher::Result<watcher::Event<Pod>>> + Send + 'static) -> Self {
        let (store, writer) = reflector::store();
        let (sender, health) = watch::channel(WatchHealth::default());
        let task = tokio::spawn(async move {
            let mut events = pin!(events.reflect(writer));
            while let Some(event) = events.next().await {
                sender.send_modify(|health| health.update(&event));
            }
        });
        Self { store, health, task: task.abort_handle() }
    }

    /// Waits until the pod that `is_it` picks runs or will not start; reports to `waiting` what it waits for.
    ///
    /// A state that may be transient is given the time that [`PodState`] names; all together may take as long as
    /// `limits`, plus the time for which an unavailable API server is waited for.
    pub async fn wait_for_start(
        &self,
        is_it: impl Fn(&Pod) -> bool + Send,
        limits: StartLimits,
        mut waiting: impl FnMut(&str) + Send,
    ) -> StartOutcome {
        let mut health = self.health.clone();
        let mut began = Instant::now();
        let mut stuck: Option<(Unusable, Instant)> = None;
        let mut pulls = FailedPulls::default();
        let mut step = StartStep::Scheduling;
        let mut waits_for: Option<String> = None;
        let mut unavailable_since = None;
        loop {
            {
                let now = health.borrow_and_update();
                if let Some(refused) = &now.refused {
                    return StartOutcome::failed(None, Unusable::because(refused), FailureCause::Stuck);
                }
                if now.errors == 0 {
                    unavailable_since = None;
                } else if unavailable_since.get_or_insert_with(Instant::now).elapsed() < API_SERVER_OUTAGE {
                    began = Instant::now();
                } else {
                    let seconds = API_SERVER_OUTAGE.as_secs();
                    let reason = format!("the API server was unavailable for {seconds} seconds");
                    return StartOutcome::failed(None, Unusable::because(reason), FailureCause::TimedOut);
                }
            }
            let pod = self.find(&is_it);
            let name = pod.as_ref().map(|pod| pod.name_any());
            let mut until = began + limits.of(step);
            match pod.as_deref().map(PodState::of) {
                Some(PodState::Running { addresses }) => {
                    return StartOutcome::Running { name: name.unwrap_or_default(), addresses };
                }
                Some(PodState::Ended { unusable, exit }) => {
                    let cause = exit.code.map_or(FailureCause::Stuck, |code| FailureCause::Exited { code });
                    return StartOutcome::failed(name, unusable, cause);
                }
                Some(PodState::Stuck { unusable, patience }) => {
                    waiting(unusable.reason());
                    let since = stuck.as_ref().map_or_else(Instant::now, |(_, since)| *since);
                    let limit = match patience {
                        Patience::None => Duration::ZERO,
                        Patience::For(limit) => limit,
                        Patience::SecondPull { has_failed } if pulls.add(has_failed) >= 2 => Duration::ZERO,
                        Patience::SecondPull { .. } => PULLS_LIMIT,
                    };
                    // the message of a pull that has failed says more than that of the pause before the next one
                    let is_pause = patience == Patience::SecondPull { has_failed: false };
                    let reason = stuck.take().map(|(reason, _)| reason).filter(|_| is_pause);
                    stuck = Some((reason.unwrap_or(unusable), since));
                    until = since + limit;
                }
                Some(PodState::Starting { waits_for: now, step: at }) => {
                    waiting(&now);
                    stuck = None;
                    if at == StartStep::Kubelet && step != at {
                        // it was just scheduled
                        began = Instant::now();
                    }
                    (waits_for, step) = (Some(now), at);
                    until = began + limits.of(step);
                }
                // a pod that was there before does not come back
                None if stuck.is_some() || waits_for.is_some() => {
                    let deleted = Unusable::because("the pod was deleted");
                    return StartOutcome::failed(None, deleted, FailureCause::Stuck);
                }
                None => {}
            }
            if !matches!(tokio::time::timeout_at(until, health.changed()).await, Ok(Ok(()))) {
                return match (stuck, waits_for) {
                    (Some((unusable, _)), _) => StartOutcome::failed(name, unusable, FailureCause::Stuck),
                    (None, _) if step == StartStep::Kubelet => {
                        StartOutcome::failed(name, no_kubelet(began.elapsed()), FailureCause::Stuck)
                    }
                    (None, waits_for) => {
                        let limit = limits.of(step);
                        let still = waits_for.map_or(String::new(), |what| format!(" (still {what})"));
                        let reason =
                            format!("the pod is not running after {} seconds{still}", limit.as_secs());
                        let remedy = (step == StartStep::InitContainer).then_some(init::REMEDY);
                        let unusable = Unusable::because(reason).with_remedy(remedy);
                        StartOutcome::failed(name, unusable, FailureCause::TimedOut)
                    }
                };
            }
        }
    }

    /// The first pod by name that `is_it` picks.
    fn find(&self, is_it: impl Fn(&Pod) -> bool) -> Option<Arc<Pod>> {
        self.store.state_filter(is_it).into_iter().min_by_key(|pod| pod.name_any())
    }

    /// The named pod, if it exists.
    pub fn pod(&self, name: &str) -> Option<Arc<Pod>> {
        self.store.find(|pod| pod.metadata.name.as_deref() == Some(name))
    }

    /// The state of the named pod, if it exists.
    pub fn state(&self, name: &str) -> Option<PodState> {
        self.pod(name).as_deref().map(PodState::of)
    }

    /// Waits until the named pod has ended, and returns its state, or is gone; the caller limits the time.
    pub async fn wait_for_end(&self, name: &str) -> Option<PodState> {
        let mut health = self.health.clone();
        loop {
            health.mark_unchanged();
            let state = self.state(name);
            if matches!(state, None | Some(PodState::Ended { .. })) || health.changed().await.is_err() {
                return state;
            }
        }
    }

    /// The name of a pod that `is_it` picks and in which something may still run.
    pub fn alive(&self, is_it: impl Fn(&Pod) -> bool) -> Option<String> {
        let is_over = |pod: &Pod| {
            let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
            matches!(phase, Some("Succeeded" | "Failed"))
        };
        self.find(|pod| is_it(pod) && !is_over(pod)).map(|pod| pod.name_any())
    }

    /// The time since the API server was last unavailable; none if it never was.
    pub fn since_unavailable(&self) -> Option<Duration> {
        self.health.borrow().last_error_at.map(|at| at.elapsed())
    }

    /// The names of all pods.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.store.state().iter().map(|pod| pod.name_any()).collect();
        names.sort_unstable();
        names
    }

    /// Waits until no client pod of the run `session` is left, or the watch is refused; the caller limits
    /// the time.
    pub async fn wait_until_clients_gone(&self, session: &str) {
        let is_client =
            |pod: &Pod| pod.labels().get(TEST_LABEL).is_some_and(|label| label.starts_with(session));
        self.wait_until(|_| self.store.find(is_client).is_none()).await;
    }

    /// Waits until no pod is left, or the watch is refused; the caller limits the time.
    pub async fn wait_until_gone(&self) {
        self.wait_until(|health| health.is_listed && self.store.is_empty()).await;
    }

    async fn wait_until(&self, is_done: impl Fn(&WatchHealth) -> bool) {
        let mut health = self.health.clone();
        // an error means that the watch has ended, and nothing will change any more
        let _ = health.wait_for(|health| health.refused.is_some() || is_done(health)).await;
    }
}

/// The failed pulls of an image.
#[derive(Default)]
struct FailedPulls {
    count: u32,
    /// Whether the last one has just failed.
    has_failed: bool,
}

impl FailedPulls {
    /// Takes whether a pull has just failed; returns the number of failed pulls.
    fn add(&mut self, has_failed: bool) -> u32 {
        if self.count == 0 || has_failed && !self.has_failed {
            self.count += 1;
        }
        self.has_failed = has_failed;
        self.count
    }
}

/// A node whose kubelet shows no sign of a pod.
fn no_kubelet(after: Duration) -> Unusable {
    let seconds = after.as_secs();
    let reason = format!("the node is ready, but starts no pods: no sign of a kubelet in {seconds} seconds");
    let remedy = "if it is a virtual node, exclude it: name the nodes, or select them with --selector, such as \
                  --selector type!=virtual-kubelet";
    Unusable::because(reason).with_remedy(Some(remedy))
}

impl WatchHealth {
    fn update(&mut self, event: &watcher::Result<watcher::Event<Pod>>) {
        match event {
            Ok(event) => {
                (self.errors, self.refused) = (0, None);
                self.is_listed |= matches!(event, watcher::Event::InitDone);
            }
            Err(error) => {
                self.errors += 1;
                self.last_error_at = Some(Instant::now());
                // a single refused watch may be a glitch of the authorizer; a list serves nothing else
                let is_list = matches!(error, watcher::Error::InitialListFailed(_));
                self.refused = refusal(error).filter(|_| is_list || self.errors >= MAX_WATCH_REFUSALS);
            }
        }
    }
}

/// The message of a server that denies the watch; other errors may be transient, and are retried.
fn refusal(error: &watcher::Error) -> Option<String> {
    let (watcher::Error::InitialListFailed(error) | watcher::Error::WatchStartFailed(error)) = error else {
        return None;
    };
    match error {
        kube::Error::Api(status) if matches!(status.code, 401 | 403) => Some(status.message.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

    use super::*;

    fn pod(name: &str) -> Pod {
        Pod {
            metadata: ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() },
            ..Pod::default()
        }
    }

    /// A pod that waits with each reason in turn, for as many seconds, as its outcome and how long that took.
    async fn outcome_after(states: &'static [(&str, &str, u64)]) -> (String, u64) {
        let events = stream::iter(states).then(|(reason, message, seconds)| async move {
            tokio::time::sleep(Duration::from_secs(*seconds)).await;
            let status = serde_json::json!({"status": {
                "conditions": [{"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": "False"}],
                "containerStatuses": [{"name": "iperf3", "image": "", "imageID": "", "ready": false, "restartCount": 0,
                    "state": {"waiting": {"reason": reason, "message": message}}}],
            }});
            let pod: Pod = serde_json::from_value(status).unwrap();
            Ok(watcher::Event::Apply(Pod { metadata: self::pod("a").metadata, ..pod }))
        });
        let watch = PodWatch::of(events.chain(stream::pending()));
        let began = Instant::now();
        let outcome = watch.wait_for_start(|_| true, StartLimits::DEFAULT, |_| {}).await;
        let StartOutcome::Failed { unusable, .. } = outcome else { panic!("{outcome:?}") };
        (unusable.reason().to_owned(), began.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn pull_is_given_up_when_it_fails_for_the_second_time() {
        let states = &[
            ("ContainerCreating", "", 1),
            ("ErrImagePull", "dial tcp: i/o timeout", 30),
            ("ImagePullBackOff", "Back-off pulling image", 1),
            ("ErrImagePull", "dial tcp: no route to host", 40),
        ];
        let (reason, seconds) = outcome_after(states).await;
        assert_eq!((reason.as_str(), seconds), ("cannot pull the image: dial tcp: no route to host", 72));
    }

    #[tokio::test(start_paused = true)]
    async fn pull_that_cannot_succeed_is_given_up_at_once() {
        let (reason, seconds) = outcome_after(&[("ErrImagePull", "registry/a:1: not found", 2)]).await;
        assert_eq!((reason.as_str(), seconds), ("cannot pull the image: registry/a:1: not found", 2));
    }

    /// A virtual node is ready, and nothing ever starts there.
    #[tokio::test(start_paused = true)]
    async fn pod_without_a_sign_of_a_kubelet_is_given_up_after_30_seconds() {
        let status = serde_json::json!({"status": {"phase": "Pending",
            "conditions": [{"type": "PodScheduled", "status": "True"}]}});
        let scheduled: Pod = serde_json::from_value(status).unwrap();
        let event = watcher::Event::Apply(Pod { metadata: pod("a").metadata, ..scheduled });
        let watch = PodWatch::of(stream::iter([Ok(event)]).chain(stream::pending()));
        let began = Instant::now();
        let outcome = watch.wait_for_start(|_| true, StartLimits::DEFAULT, |_| {}).await;
        let StartOutcome::Failed { unusable, .. } = outcome else { panic!("{outcome:?}") };
        assert_eq!(began.elapsed().as_secs(), 30);
        assert!(unusable.reason().contains("starts no pods"), "{unusable:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn pull_in_progress_is_waited_for() {
        let (reason, seconds) = outcome_after(&[("ContainerCreating", "", 1)]).await;
        assert!(reason.contains("not running after 180 seconds"), "{reason}");
        assert_eq!(seconds, 180);
    }

    /// The names of the pods after some events.
    async fn names_after(events: Vec<watcher::Event<Pod>>) -> Vec<String> {
        let mut watch = PodWatch::of(stream::iter(events.into_iter().map(Ok)));
        // an error means that all events were taken
        while watch.health.changed().await.is_ok() {}
        watch.names()
    }

    #[tokio::test]
    async fn pods_missing_from_a_new_list_are_forgotten_once_the_list_is_complete() {
        let events = vec![
            watcher::Event::Init,
            watcher::Event::InitApply(pod("a")),
            watcher::Event::InitDone,
            watcher::Event::Apply(pod("b")),
            watcher::Event::Init,
            watcher::Event::InitApply(pod("b")),
        ];
        assert_eq!(names_after(events.clone()).await, ["a", "b"]);
        assert_eq!(names_after([events, vec![watcher::Event::InitDone]].concat()).await, ["b"]);
    }
}
