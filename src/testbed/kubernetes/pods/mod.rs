//! Pods that belong together, kept up to date by one watch.

pub(crate) mod events;
pub(crate) mod state;

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use k8s_openapi::api::core::v1::Pod;
use kube::runtime::utils::{Backoff, ResetTimerBackoff};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, ResourceExt};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use self::state::PodState;
use crate::cluster::API_SERVER_AWAY;
use crate::testbed::Unusable;
use crate::testbed::kubernetes::objects::TEST_LABEL;

/// So many refusals of a watch in a row are meant.
const REFUSALS_OF_WATCH: u32 = 3;

/// A watch that broke is begun again after this long at the least,
const RECONNECT_FROM: Duration = Duration::from_millis(500);
/// and this long at the most: an API server that was away must not be missed for long.
const RECONNECT_TO: Duration = Duration::from_secs(3);

/// The pauses between attempts to watch, each twice as long as the one before.
struct Pauses(Duration);

impl Iterator for Pauses {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let pause = self.0;
        self.0 = (pause * 2).min(RECONNECT_TO);
        Some(pause)
    }
}

impl Backoff for Pauses {
    fn reset(&mut self) {
        self.0 = RECONNECT_FROM;
    }
}

/// What is known of the pods.
#[derive(Default)]
struct Known {
    pods: BTreeMap<String, Pod>,
    /// The pods of a list that has not come to its end.
    relisted: BTreeMap<String, Pod>,
    /// Whether the first list has come to its end.
    listed: bool,
    /// Errors of the watch, one after the other.
    errors: u32,
    /// When the last of all errors was.
    away_at: Option<Instant>,
    /// Why the API server does not let them be watched.
    refused: Option<String>,
}

/// The watch on pods that belong together. It ends when this is dropped.
pub struct Pods {
    known: watch::Receiver<Known>,
    task: AbortHandle,
}

impl Drop for Pods {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// How a pod's start turned out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Started {
    /// It runs.
    Running {
        /// The pod's name.
        name: String,
        /// Its addresses, at least one.
        addresses: Vec<String>,
    },
    /// It has ended already, or never will run.
    Not {
        /// The pod's name, if there is a pod.
        name: Option<String>,
        /// Why, and what to do.
        unusable: Unusable,
        /// Which kind of reason it is.
        cause: Cause,
    },
}

/// The kinds of reason for which a pod does not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Its process came to run and ended by itself.
    Exited {
        /// With this exit code.
        code: i32,
    },
    /// The cluster said why.
    Stuck,
    /// The time was over, and the pod's status does not say why.
    TimedOut,
}

fn not(name: Option<String>, unusable: Unusable, cause: Cause) -> Started {
    Started::Not { name, unusable, cause }
}

impl Pods {
    /// Starts to watch the pods that a label selector picks.
    pub fn watch(api: Api<Pod>, selector: &str) -> Self {
        let (sender, known) = watch::channel(Known::default());
        let selector = selector.to_owned();
        let task = tokio::spawn(async move {
            let pauses = ResetTimerBackoff::new(Pauses(RECONNECT_FROM), RECONNECT_TO * 4);
            let events = watcher(api, watcher::Config::default().labels(&selector)).backoff(pauses);
            let mut events = pin!(events);
            while let Some(event) = events.next().await {
                sender.send_modify(|known| known.take(event));
            }
        });
        Self { known, task: task.abort_handle() }
    }

    /// Waits until the pod that `is_it` picks runs or will not; tells `waiting` what it waits for.
    ///
    /// A state that may pass is given the time that [`PodState`] names; all together must not take
    /// longer than `limit`, beside the time for which an API server is waited for that is away.
    pub async fn started(
        &self,
        is_it: impl Fn(&Pod) -> bool + Send,
        limit: Duration,
        mut waiting: impl FnMut(&str) + Send,
    ) -> Started {
        let mut known = self.known.clone();
        let mut deadline = Instant::now() + limit;
        let mut stuck: Option<(Unusable, Instant)> = None;
        let mut waits_for: Option<String> = None;
        let mut away_since = None;
        loop {
            let (name, state) = {
                let now = known.borrow_and_update();
                if let Some(refused) = &now.refused {
                    return not(None, Unusable::because(refused), Cause::Stuck);
                }
                if now.errors == 0 {
                    away_since = None;
                } else if away_since.get_or_insert_with(Instant::now).elapsed() < API_SERVER_AWAY {
                    deadline = Instant::now() + limit;
                } else {
                    let reason = format!("the API server was away for {} seconds", API_SERVER_AWAY.as_secs());
                    return not(None, Unusable::because(reason), Cause::TimedOut);
                }
                let pod = now.pods.values().find(|pod| is_it(pod));
                (pod.map(ResourceExt::name_any), pod.map(PodState::of))
            };
            let mut until = deadline;
            match state {
                Some(PodState::Running { addresses }) => {
                    return Started::Running { name: name.unwrap_or_default(), addresses };
                }
                Some(PodState::Ended { unusable, exit }) => {
                    let cause = exit.code.map_or(Cause::Stuck, |code| Cause::Exited { code });
                    return not(name, unusable, cause);
                }
                Some(PodState::Stuck { unusable, patience }) => {
                    waiting(unusable.reason());
                    let since = stuck.map_or_else(Instant::now, |(_, since)| since);
                    stuck = Some((unusable, since));
                    until = until.min(since + patience);
                }
                Some(PodState::Starting { waits_for: now }) => {
                    waiting(&now);
                    stuck = None;
                    waits_for = Some(now);
                }
                // one that was seen and is not there any more will not come back
                None if stuck.is_some() || waits_for.is_some() => {
                    return not(None, Unusable::because("the pod was deleted"), Cause::Stuck);
                }
                None => {}
            }
            if !matches!(tokio::time::timeout_at(until, known.changed()).await, Ok(Ok(()))) {
                return match (stuck, waits_for) {
                    (Some((unusable, _)), _) => not(name, unusable, Cause::Stuck),
                    (None, waits_for) => {
                        let still = waits_for.map_or(String::new(), |what| format!(", still {what}"));
                        let reason =
                            format!("the pod was not running after {} seconds{still}", limit.as_secs());
                        not(name, Unusable::because(reason), Cause::TimedOut)
                    }
                };
            }
        }
    }

    /// The named pod, now; none if it is not there.
    pub fn pod(&self, name: &str) -> Option<Pod> {
        self.known.borrow().pods.get(name).cloned()
    }

    /// The state of the named pod, now; none if it is not there.
    pub fn state(&self, name: &str) -> Option<PodState> {
        self.known.borrow().pods.get(name).map(PodState::of)
    }

    /// Waits until the named pod has ended or is gone; the caller bounds the time.
    pub async fn ended(&self, name: &str) -> Option<PodState> {
        let mut known = self.known.clone();
        loop {
            let state = known.borrow_and_update().pods.get(name).map(PodState::of);
            if matches!(state, None | Some(PodState::Ended { .. })) || known.changed().await.is_err() {
                return state;
            }
        }
    }

    /// The name of a pod that `is_it` picks and of which something may still run, now.
    pub fn alive(&self, is_it: impl Fn(&Pod) -> bool) -> Option<String> {
        let is_over = |pod: &Pod| {
            let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
            matches!(phase, Some("Succeeded" | "Failed"))
        };
        let known = self.known.borrow();
        known.pods.values().find(|pod| is_it(pod) && !is_over(pod)).map(ResourceExt::name_any)
    }

    /// How long ago the API server was away; none if it never was.
    pub fn away(&self) -> Option<Duration> {
        self.known.borrow().away_at.map(|at| at.elapsed())
    }

    /// The names of all pods, now.
    pub fn names(&self) -> Vec<String> {
        self.known.borrow().pods.keys().cloned().collect()
    }

    /// Waits until no pod is left of the clients whose labels begin with `session`, or none may be
    /// seen; the caller bounds the time.
    pub async fn clients_gone(&self, session: &str) {
        let mut known = self.known.clone();
        let is_client =
            |pod: &Pod| pod.labels().get(TEST_LABEL).is_some_and(|label| label.starts_with(session));
        let is_done = |known: &Known| known.refused.is_some() || !known.pods.values().any(is_client);
        // an error means that the watch has ended: nothing more can be learnt from it
        let _ = known.wait_for(is_done).await;
    }

    /// Waits until no pod is left, or none may be seen; the caller bounds the time.
    pub async fn gone(&self) {
        let mut known = self.known.clone();
        // an error means that the watch has ended: nothing more can be learnt from it
        let _ =
            known.wait_for(|known| known.refused.is_some() || known.listed && known.pods.is_empty()).await;
    }
}

impl Known {
    fn take(&mut self, event: watcher::Result<watcher::Event<Pod>>) {
        match &event {
            Ok(_) => (self.errors, self.refused) = (0, None),
            Err(error) => {
                self.errors += 1;
                self.away_at = Some(Instant::now());
                // one refusal of a watch may be a hiccup of the authorizer's; a list has no other use
                let listing = matches!(error, watcher::Error::InitialListFailed(_));
                self.refused = refusal(error).filter(|_| listing || self.errors >= REFUSALS_OF_WATCH);
            }
        }
        match event {
            Ok(watcher::Event::Apply(pod)) => {
                self.pods.insert(pod.name_any(), pod);
            }
            Ok(watcher::Event::Delete(pod)) => {
                self.pods.remove(&pod.name_any());
            }
            Ok(watcher::Event::Init) => self.relisted.clear(),
            Ok(watcher::Event::InitApply(pod)) => {
                self.relisted.insert(pod.name_any(), pod);
            }
            Ok(watcher::Event::InitDone) => {
                self.pods = std::mem::take(&mut self.relisted);
                self.listed = true;
            }
            Err(_) => {}
        }
    }
}

/// The words of a server that will not change its mind; anything else may pass, and is retried.
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
    use super::*;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

    fn pod(name: &str) -> Pod {
        Pod {
            metadata: ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() },
            ..Pod::default()
        }
    }

    #[test]
    fn a_list_after_a_broken_watch_forgets_what_is_gone() {
        let mut known = Known::default();
        for event in [
            watcher::Event::Init,
            watcher::Event::InitApply(pod("a")),
            watcher::Event::InitDone,
            watcher::Event::Apply(pod("b")),
            watcher::Event::Init,
            watcher::Event::InitApply(pod("b")),
        ] {
            known.take(Ok(event));
        }
        assert_eq!(known.pods.len(), 2, "a list counts when it is whole");
        known.take(Ok(watcher::Event::InitDone));
        assert_eq!(known.pods.keys().collect::<Vec<_>>(), ["b"]);
    }
}
