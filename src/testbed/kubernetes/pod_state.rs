//! What a pod's status says. Pure: from a pod to what it means for a run.

use std::time::Duration;

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};

use crate::engine::iperf3::ClientExit;

/// How long a pod may be in a state that is bad but may pass before that state counts.
const PATIENCE: Duration = Duration::from_secs(5);

/// The state of a pod with one container.
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
        reason: String,
        /// How long to wait whether this passes.
        patience: Duration,
    },
    /// Its container runs.
    Running {
        /// The pod's address.
        address: String,
    },
    /// Its container has ended, or never came to run.
    Ended {
        /// How the process ended.
        exit: ClientExit,
        /// The cluster's words for it, or the process's own.
        reason: String,
    },
}

impl PodState {
    /// Reads a pod's status.
    pub fn of(pod: &Pod) -> Self {
        let Some(status) = &pod.status else {
            return starting("being scheduled");
        };
        let container = status.container_statuses.as_deref().and_then(<[_]>::first);
        let phase = status.phase.as_deref().unwrap_or_default();
        if phase == "Failed" || phase == "Succeeded" {
            return ended(pod, container);
        }
        let state = container.and_then(|container| container.state.as_ref());
        if state.is_some_and(|state| state.terminated.is_some()) {
            return ended(pod, container);
        }
        if pod.metadata.deletion_timestamp.is_some() {
            return Self::Ended { exit: ClientExit::default(), reason: "the pod was deleted".to_owned() };
        }
        if state.is_some_and(|state| state.running.is_some())
            && let Some(address) = status.pod_ip.as_ref().filter(|address| !address.is_empty())
        {
            return Self::Running { address: address.clone() };
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
                Self::Stuck {
                    reason: format!(
                        "the scheduler finds no place for the pod: {message}{}",
                        remedy_of_scheduling(message)
                    ),
                    patience: PATIENCE,
                }
            }
            Some(condition) if condition.status == "True" => starting("waiting for its kubelet"),
            _ => starting("being scheduled"),
        }
    }
}

fn starting(waits_for: &str) -> PodState {
    PodState::Starting { waits_for: waits_for.to_owned() }
}

/// Sorts the reasons for which a kubelet has not started a container.
fn waiting_for(reason: &str, message: &str) -> PodState {
    let stuck = |what: &str, remedy: &str, patience| PodState::Stuck {
        reason: format!("{what}: {}; {remedy}", if message.is_empty() { reason } else { message }),
        patience,
    };
    match reason {
        "ErrImagePull" | "ImagePullBackOff" | "RegistryUnavailable" => stuck(
            "its image cannot be pulled",
            "check --image and whether the node can reach its registry",
            PATIENCE,
        ),
        "InvalidImageName" => stuck("its image has no valid name", "check --image", Duration::ZERO),
        "ErrImageNeverPull" => stuck("its image is not on the node", "check --image", Duration::ZERO),
        "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" | "CrashLoopBackOff" => {
            stuck(
                "its container cannot be started",
                "the image needs iperf3 on its PATH and must run as any user",
                PATIENCE,
            )
        }
        "ContainerCreating" | "PodInitializing" | "" => starting("creating its container"),
        other => starting(other),
    }
}

fn remedy_of_scheduling(message: &str) -> &'static str {
    if message.contains("free ports") {
        "; choose another port with --port"
    } else if message.contains("taint") {
        "; name the node on the command line to tolerate its taints"
    } else if message.contains("Insufficient") || message.contains("Too many pods") {
        "; free some room on the node, or leave it out"
    } else {
        ""
    }
}

fn ended(pod: &Pod, container: Option<&ContainerStatus>) -> PodState {
    let terminated = container.and_then(|container| container.state.as_ref()?.terminated.as_ref());
    let message = terminated.and_then(|terminated| terminated.message.as_deref()).unwrap_or_default().trim();
    let status = pod.status.as_ref();
    let of_pod = |field: Option<&String>| field.filter(|text| !text.is_empty()).cloned();
    let pod_reason = status.and_then(|status| of_pod(status.reason.as_ref()));
    let pod_message = status.and_then(|status| of_pod(status.message.as_ref()));
    let reason = match (pod_reason, terminated) {
        // the pod's own reason: Evicted, DeadlineExceeded, OutOfcpu, NodeAffinity
        (Some(reason), _) => match pod_message {
            Some(message) => format!("the pod was ended ({reason}): {message}"),
            None => format!("the pod was ended ({reason})"),
        },
        (None, Some(terminated)) if terminated.reason.as_deref() == Some("OOMKilled") => {
            "its container was killed for using too much memory".to_owned()
        }
        (None, Some(terminated))
            if terminated.reason.as_deref() == Some("ContainerCannotRun")
                || terminated.reason.as_deref() == Some("StartError") =>
        {
            format!(
                "its container cannot be started: {message}; the image needs iperf3 on its PATH and must run as any user"
            )
        }
        (None, Some(terminated)) => {
            let last = message.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
            let remedy =
                if last.contains("Address already in use") || last.contains("unable to start listener") {
                    "; something on the node uses the port: choose another with --port"
                } else {
                    ""
                };
            match last {
                "" => format!("its container ended with code {}", terminated.exit_code),
                last => format!("its container ended with code {}: {last}{remedy}", terminated.exit_code),
            }
        }
        (None, None) => pod_message.unwrap_or_else(|| "the pod ended".to_owned()),
    };
    PodState::Ended {
        exit: ClientExit {
            code: terminated.map(|terminated| terminated.exit_code),
            stderr: message.to_owned(),
        },
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! recorded {
        ($name:literal) => {
            serde_json::from_str(include_str!(concat!(
                "../../../tests/fixtures/kubernetes/pod-",
                $name,
                ".json"
            )))
            .unwrap()
        };
    }

    /// Pods of a Kubernetes 1.36 cluster.
    #[test]
    fn real_pods_that_will_not_start_say_why() {
        let pods: [(&str, Pod); 7] = [
            ("bad-image", recorded!("bad-image")),
            ("tainted", recorded!("tainted")),
            ("crash", recorded!("crash")),
            ("nonroot", recorded!("nonroot")),
            ("deadline", recorded!("deadline")),
            ("port-a", recorded!("port-a")),
            ("port-b", recorded!("port-b")),
        ];
        insta::assert_debug_snapshot!(pods.map(|(name, pod)| (name, PodState::of(&pod))));
    }

    #[test]
    fn a_pod_without_a_status_is_being_scheduled() {
        assert_eq!(PodState::of(&Pod::default()), starting("being scheduled"));
    }
}
