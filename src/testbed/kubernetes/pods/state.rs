//! What a pod's status says. Pure: from a pod to what it means for a run.

use std::time::Duration;

use k8s_openapi::api::core::v1::{ContainerStateTerminated, ContainerStatus, Pod, PodStatus};

use crate::engine::ClientExit;
use crate::sanitize;
use crate::testbed::{ImageFault, Unusable};

/// How long a pod may be in a state that is bad but may pass before that state counts.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a claim may have no volume: some are made when they are claimed, which takes clouds up to a minute;
/// and one that is there is bound by a controller that looks each 15 seconds only.
const PATIENCE_WITH_CLAIMS: Duration = Duration::from_secs(90);

const OTHER_PORT: &str =
    "choose another port with --port (if servers of --keep hold it, `kubectl netbench cleanup` removes them)";

/// The state of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PodState {
    /// It is on its way.
    Starting {
        /// What it waits for, in a few words.
        waits_for: String,
    },
    /// It will not start, as far as can be seen.
    Stuck {
        /// The cluster's words, and what to do.
        unusable: Unusable,
        /// How long to wait whether this passes.
        patience: Duration,
    },
    /// Its containers run.
    Running {
        /// The pod's addresses, at least one, the first being the cluster's choice.
        addresses: Vec<String>,
    },
    /// Its container has ended, or never came to run.
    Ended {
        /// How the process ended.
        exit: ClientExit,
        /// The cluster's words for it, or the process's own, and what to do.
        unusable: Unusable,
    },
}

impl PodState {
    /// Reads a pod's status.
    pub fn of(pod: &Pod) -> Self {
        let Some(status) = &pod.status else {
            return starting("being scheduled");
        };
        let container = decisive(status);
        let phase = status.phase.as_deref().unwrap_or_default();
        if phase == "Failed" || phase == "Succeeded" {
            return ended(pod, container);
        }
        let state = container.and_then(|container| container.state.as_ref());
        if state.is_some_and(|state| state.terminated.is_some()) {
            return ended(pod, container);
        }
        if pod.metadata.deletion_timestamp.is_some() {
            return Self::Ended {
                exit: ClientExit::default(),
                unusable: Unusable::because("the pod was deleted"),
            };
        }
        if state.is_some_and(|state| state.running.is_some())
            && let Some(addresses) = addresses(status)
        {
            return Self::Running { addresses };
        }
        if let Some(waiting) = state.and_then(|state| state.waiting.as_ref()) {
            let reason = waiting.reason.as_deref().unwrap_or_default();
            return waiting_for(reason, waiting.message.as_deref().unwrap_or_default());
        }
        let conditions = status.conditions.as_deref().unwrap_or_default();
        let scheduled = conditions.iter().find(|condition| condition.type_ == "PodScheduled");
        match scheduled {
            Some(condition)
                if condition.status == "False" && condition.reason.as_deref() == Some("Unschedulable") =>
            {
                let message = condition.message.as_deref().unwrap_or_default();
                let unusable = if message.contains("free ports") {
                    port_is_taken(pod, message)
                } else {
                    Unusable::because(format!("the scheduler finds no place for the pod: {message}"))
                        .with_remedy(remedy_of_scheduling(message))
                };
                let patience = if waits_for_claim(message) { PATIENCE_WITH_CLAIMS } else { PATIENCE };
                Self::Stuck { unusable, patience }
            }
            Some(condition) if condition.status == "True" => starting("waiting for its kubelet"),
            _ => starting("being scheduled"),
        }
    }
}

/// The container that decides about the pod: one that has ended, else one that does not run yet.
fn decisive(status: &PodStatus) -> Option<&ContainerStatus> {
    let containers = || status.container_statuses.as_deref().unwrap_or_default().iter();
    let state = |container: &&ContainerStatus| container.state.clone().unwrap_or_default();
    let ended = containers().find(|container| state(container).terminated.is_some());
    ended
        .or_else(|| containers().find(|container| state(container).running.is_none()))
        .or_else(|| containers().next())
}

fn addresses(status: &PodStatus) -> Option<Vec<String>> {
    let first = status.pod_ip.clone().filter(|address| !address.is_empty())?;
    let all = status.pod_ips.as_deref().unwrap_or_default().iter().map(|pod_ip| pod_ip.ip.clone());
    let others = all.filter(|address| *address != first && !address.is_empty()).collect::<Vec<_>>();
    Some(std::iter::once(first).chain(others).collect())
}

fn starting(waits_for: &str) -> PodState {
    PodState::Starting { waits_for: sanitize::reason(waits_for) }
}

/// Sorts the reasons for which a kubelet has not started a container.
fn waiting_for(reason: &str, message: &str) -> PodState {
    let stuck = |what: &str, fault: ImageFault, patience| PodState::Stuck {
        unusable: Unusable::because(format!("{what}: {}", if message.is_empty() { reason } else { message }))
            .with_remedy(Some(fault)),
        patience,
    };
    match reason {
        "ErrImagePull"
        | "ImagePullBackOff"
        | "ImageInspectError"
        | "RegistryUnavailable"
        | "SignatureValidationFailed" => stuck("its image cannot be pulled", ImageFault::NotPulled, PATIENCE),
        "InvalidImageName" => stuck("its image has no valid name", ImageFault::WrongName, Duration::ZERO),
        "ErrImageNeverPull" => stuck("its image is not on the node", ImageFault::WrongName, Duration::ZERO),
        "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" | "CrashLoopBackOff" => {
            stuck("its container cannot be started", lacks(message), PATIENCE)
        }
        "ContainerCreating" | "PodInitializing" | "" => starting("creating its container"),
        other => starting(other),
    }
}

/// Whether a pod cannot be scheduled since a claim of its has no volume yet.
fn waits_for_claim(message: &str) -> bool {
    message.contains("unbound immediate PersistentVolumeClaims")
}

fn remedy_of_scheduling(message: &str) -> Option<&'static str> {
    if message.contains("taint") {
        Some("name the node on the command line to tolerate its taints")
    } else if message.contains("Insufficient") || message.contains("Too many pods") {
        Some("free some room on the node, or leave it out")
    } else {
        None
    }
}

fn ended(pod: &Pod, container: Option<&ContainerStatus>) -> PodState {
    let terminated = container.and_then(|container| container.state.as_ref()?.terminated.as_ref());
    let message = terminated.and_then(|terminated| terminated.message.as_deref()).unwrap_or_default().trim();
    PodState::Ended {
        exit: ClientExit {
            code: terminated.map(|terminated| terminated.exit_code),
            stderr: message.to_owned(),
        },
        unusable: why_ended(pod, terminated, message),
    }
}

fn why_ended(pod: &Pod, terminated: Option<&ContainerStateTerminated>, message: &str) -> Unusable {
    let of_pod = |field: fn(&PodStatus) -> &Option<String>| {
        pod.status.as_ref().and_then(|status| field(status).clone()).filter(|text| !text.is_empty())
    };
    let pod_message = of_pod(|status| &status.message);
    // the pod's own reason comes first: Evicted, DeadlineExceeded, OutOfcpu, NodeAffinity
    if let Some(reason) = of_pod(|status| &status.reason) {
        let message = pod_message.map_or(String::new(), |message| format!(": {message}"));
        return Unusable::because(format!("the pod was ended ({reason}){message}"));
    }
    let Some(terminated) = terminated else {
        return Unusable::because(pod_message.unwrap_or_else(|| "the pod ended".to_owned()));
    };
    match terminated.reason.as_deref() {
        Some("OOMKilled") => Unusable::because("its container was killed for using too much memory"),
        Some("ContainerCannotRun" | "StartError") => {
            Unusable::because(format!("its container cannot be started: {message}"))
                .with_remedy(Some(lacks(message)))
        }
        _ => ended_by_itself(pod, terminated.exit_code, message),
    }
}

/// What an image lacks that has no container started, by the runtime's words.
fn lacks(message: &str) -> ImageFault {
    if message.contains("\"iperf3\"") {
        ImageFault::NoIperf3
    } else if message.contains("\"iperf\"") {
        ImageFault::NoIperf2
    } else {
        ImageFault::Unsuitable
    }
}

/// Why a server ended by itself, from its last words.
pub(in crate::testbed::kubernetes) fn ended_by_itself(pod: &Pod, exit_code: i32, message: &str) -> Unusable {
    if message.contains("Address already in use") || message.contains("unable to start listener") {
        return port_is_taken(pod, message.lines().rfind(|line| line.contains("in use")).unwrap_or(message));
    }
    // iperf3 says `exiting` after it has said why
    let error = message.lines().rfind(|line| line.contains("error"));
    let said = error.or_else(|| message.lines().rfind(|line| !line.trim().is_empty()));
    let said = said.map_or(String::new(), |line| format!(": {line}"));
    Unusable::because(format!("its container ended with code {exit_code}{said}"))
}

fn port_is_taken(pod: &Pod, said: &str) -> Unusable {
    let containers = pod.spec.as_ref().map(|spec| spec.containers.as_slice()).unwrap_or_default();
    let mut ports: Vec<String> = containers
        .iter()
        .flat_map(|container| container.ports.as_deref().unwrap_or_default())
        .map(|port| port.container_port.to_string())
        .collect();
    ports.dedup();
    Unusable::because(format!("port {} of the node is taken: {said}", ports.join(" or ")))
        .with_remedy(Some(OTHER_PORT))
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! recorded {
        ($name:literal) => {
            serde_json::from_str(include_str!(concat!(
                "../../../../tests/fixtures/kubernetes/pod-",
                $name,
                ".json"
            )))
            .unwrap()
        };
    }

    /// Pods of a Kubernetes 1.36 cluster; that with the claim of one of 1.20.
    #[test]
    fn real_pods_that_will_not_start_say_why() {
        let pods: Vec<(&str, Pod)> = vec![
            ("bad-image", recorded!("bad-image")),
            ("tainted", recorded!("tainted")),
            ("crash", recorded!("crash")),
            ("nonroot", recorded!("nonroot")),
            ("deadline", recorded!("deadline")),
            ("port-a", recorded!("port-a")),
            ("port-b", recorded!("port-b")),
            ("unbound-claim", recorded!("unbound-claim")),
        ];
        let states: Vec<_> = pods.iter().map(|(name, pod)| (name, PodState::of(pod))).collect();
        insta::assert_debug_snapshot!(states);
    }

    #[test]
    fn what_a_kubelet_says_does_nothing_to_a_terminal() {
        let pod = |waiting: &str| -> Pod {
            serde_json::from_str(&format!(
                r#"{{"status":{{"containerStatuses":[{{"name":"c","image":"","imageID":"","ready":false,"restartCount":0,
                "state":{{"waiting":{waiting}}}}}]}}}}"#
            ))
            .unwrap()
        };
        assert_eq!(PodState::of(&pod(r#"{"reason":"\u001b[2JPulling"}"#)), starting(" [2JPulling".trim()));
        match PodState::of(&pod(r#"{"reason":"ErrImagePull","message":"a\u001b[31m\nerror: b"}"#)) {
            PodState::Stuck { unusable, .. } => {
                assert_eq!(unusable.reason(), "its image cannot be pulled: a [31m error: b");
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_pod_without_a_status_is_being_scheduled() {
        assert_eq!(PodState::of(&Pod::default()), starting("being scheduled"));
    }
}
