//! What the status of a pod means for a run. Pure.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Container, ContainerStateTerminated, ContainerStatus, Pod, PodStatus};

use super::init;
use crate::cluster::hardened::is_own;
use crate::engine::{ClientExit, Engine, engines};
use crate::sanitize;
use crate::testbed::{ImageFault, Unusable};

/// How long a pod may be in a bad state that may be transient.
const PATIENCE: Patience = Patience::For(Duration::from_secs(5));

/// How long a PersistentVolumeClaim may be unbound: provisioning a volume takes clouds up to a minute, and the
/// controller that binds an existing one only looks every 15 seconds.
const PATIENCE_WITH_CLAIMS: Patience = Patience::For(Duration::from_secs(90));

/// What is in the message of a pull that fails again, however often it is repeated.
const FINAL_PULL_ERRORS: [&str; 9] = [
    "not found",
    "does not exist",
    "manifest unknown",
    "denied",
    "unauthorized",
    "authentication required",
    "invalid reference",
    "no match for platform",
    "no matching manifest",
];

const OTHER_PORT: &str = "choose another port with --port; if kept servers (--keep) use this one, \
                          `kubectl netbench cleanup` removes them";

/// The state of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PodState {
    /// It is expected to start.
    Starting {
        /// What it waits for: `waiting for the kubelet`.
        waits_for: String,
        /// How far it is.
        step: StartStep,
    },
    /// It will not start unless the state is transient.
    Stuck {
        /// The cluster's message and the remedy.
        unusable: Unusable,
        /// How long the state may last.
        patience: Patience,
    },
    /// Its containers run.
    Running {
        /// The pod's addresses, at least one; the first is the one of the cluster's preferred family.
        addresses: Vec<String>,
    },
    /// A container has ended, or the pod was terminated.
    Ended {
        /// How the process ended.
        exit: ClientExit,
        /// The message of the cluster or of the process, and the remedy.
        unusable: Unusable,
    },
}

/// How far a pod that starts is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartStep {
    /// It has no node yet.
    Scheduling,
    /// It has a node, whose kubelet has shown no sign of it.
    Kubelet,
    /// An init container has not finished.
    InitContainer,
    /// The kubelet prepares the containers: it pulls images and mounts volumes.
    Containers,
}

/// How long a bad state may last before it is final.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// It is final.
    None,
    /// This long.
    For(Duration),
    /// Until a pull of the image fails for the second time.
    SecondPull {
        /// Whether a pull has just failed; otherwise the kubelet waits before the next one.
        has_failed: bool,
    },
}

impl PodState {
    /// A state that is final.
    pub(super) fn stuck(unusable: Unusable) -> Self {
        Self::Stuck { unusable, patience: Patience::None }
    }

    /// The state that a pod's status shows.
    pub fn of(pod: &Pod) -> Self {
        let Some(status) = &pod.status else {
            return starting("being scheduled", StartStep::Scheduling);
        };
        let container = decisive(pod, status);
        let phase = status.phase.as_deref().unwrap_or_default();
        if phase == "Failed" || phase == "Succeeded" {
            return match init::failed(pod, status) {
                Some(failed) => Self::stuck(init::failure(failed)),
                None => ended(pod, container),
            };
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
        if pod.metadata.deletion_timestamp.is_none()
            && let Some(initializing) = init::state(pod, status)
        {
            return initializing;
        }
        if let Some(waiting) = state.and_then(|state| state.waiting.as_ref()) {
            let reason = waiting.reason.as_deref().unwrap_or_default();
            let of_spec = pod.spec.iter().flat_map(|spec| &spec.containers);
            let spec = of_spec.into_iter().find(|spec| container.is_some_and(|own| own.name == spec.name));
            return waiting_for(reason, waiting.message.as_deref().unwrap_or_default(), spec);
        }
        let conditions = status.conditions.as_deref().unwrap_or_default();
        let scheduled = conditions.iter().find(|condition| condition.type_ == "PodScheduled");
        match scheduled {
            Some(condition)
                if condition.status == "False" && condition.reason.as_deref() == Some("Unschedulable") =>
            {
                let message = condition.message.as_deref().unwrap_or_default();
                let unusable = if message.contains("free ports") {
                    port_in_use(pod, message)
                } else {
                    Unusable::because(format!("the pod is unschedulable: {message}"))
                        .with_remedy(scheduling_remedy(message))
                };
                let patience = if is_claim_unbound(message) { PATIENCE_WITH_CLAIMS } else { PATIENCE };
                Self::Stuck { unusable, patience }
            }
            Some(condition) if condition.status == "True" && conditions.len() == 1 => {
                starting("waiting for the kubelet", StartStep::Kubelet)
            }
            Some(condition) if condition.status == "True" => {
                starting("creating the container", StartStep::Containers)
            }
            _ => starting("being scheduled", StartStep::Scheduling),
        }
    }
}

/// The container that decides the state of the pod: of its own, one that has ended, else one that does not run yet.
fn decisive<'a>(pod: &Pod, status: &'a PodStatus) -> Option<&'a ContainerStatus> {
    let all = status.container_statuses.as_deref().unwrap_or_default();
    let containers = || all.iter().filter(|container| is_own(pod, &container.name));
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

fn starting(waits_for: &str, step: StartStep) -> PodState {
    PodState::Starting { waits_for: sanitize::reason(waits_for), step }
}

/// The state of a container that the kubelet has not started, by the kubelet's reason and message.
pub(super) fn waiting_for(reason: &str, message: &str, container: Option<&Container>) -> PodState {
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
        | "SignatureValidationFailed" => {
            let is_final = FINAL_PULL_ERRORS.iter().any(|error| message.contains(error));
            let patience = if is_final {
                Patience::None
            } else {
                Patience::SecondPull { has_failed: reason != "ImagePullBackOff" }
            };
            stuck("cannot pull the image", pull_fault(message, container), patience)
        }
        "InvalidImageName" => stuck("invalid image name", ImageFault::WrongName, Patience::None),
        "ErrImageNeverPull" => stuck("the image is not on the node", ImageFault::WrongName, Patience::None),
        "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" | "CrashLoopBackOff" => {
            stuck("cannot start the container", image_fault(message), PATIENCE)
        }
        "ContainerCreating" | "PodInitializing" | "" => {
            starting("creating the container", StartStep::Containers)
        }
        other => starting(other, StartStep::Containers),
    }
}

/// What is wrong with an image that cannot be pulled.
fn pull_fault(message: &str, container: Option<&Container>) -> ImageFault {
    if message.contains("no match for platform") || message.contains("no matching manifest") {
        return ImageFault::WrongPlatform;
    }
    // for the tag `latest` the default of the cluster is to pull an image that the node has
    let always = container.is_some_and(|container| container.image_pull_policy.as_deref() == Some("Always"));
    if always { ImageFault::NotPulledAgain } else { ImageFault::NotPulled }
}

/// Whether a pod is unschedulable because a PersistentVolumeClaim has no volume yet.
fn is_claim_unbound(message: &str) -> bool {
    message.contains("unbound immediate PersistentVolumeClaims")
}

fn scheduling_remedy(message: &str) -> Option<&'static str> {
    if message.contains("taint") {
        Some("name the node on the command line to tolerate its taints")
    } else if message.contains("Insufficient") || message.contains("Too many pods") {
        Some("free resources on the node, or measure without it")
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
            unfinished_line: None,
        },
        unusable: end_reason(pod, terminated, message),
    }
}

fn end_reason(pod: &Pod, terminated: Option<&ContainerStateTerminated>, message: &str) -> Unusable {
    let of_pod = |field: fn(&PodStatus) -> &Option<String>| {
        pod.status.as_ref().and_then(|status| field(status).clone()).filter(|text| !text.is_empty())
    };
    let pod_message = of_pod(|status| &status.message);
    // the reason of the pod takes precedence: Evicted, DeadlineExceeded, OutOfcpu, NodeAffinity
    if let Some(reason) = of_pod(|status| &status.reason) {
        let message = pod_message.map_or(String::new(), |message| format!(": {message}"));
        return Unusable::because(format!("the pod was terminated ({reason}){message}"));
    }
    let Some(terminated) = terminated else {
        return Unusable::because(pod_message.unwrap_or_else(|| "the pod ended".to_owned()));
    };
    match terminated.reason.as_deref() {
        Some("OOMKilled") => Unusable::because("the container ran out of memory (OOMKilled)"),
        Some("ContainerCannotRun" | "StartError") => {
            Unusable::because(format!("cannot start the container: {message}"))
                .with_remedy(Some(image_fault(message)))
        }
        _ => exited(pod, terminated.exit_code, message),
    }
}

/// What is wrong with an image whose container does not start, by the message of the runtime.
fn image_fault(message: &str) -> ImageFault {
    if is_wrong_platform(message) {
        return ImageFault::WrongPlatform;
    }
    let is_missing = |engine: &&dyn Engine| message.contains(&format!("\"{}\"", engine.program()));
    engines().find(is_missing).map_or(ImageFault::Unsuitable, ImageFault::missing_program)
}

/// Whether a program is for another processor.
fn is_wrong_platform(output: &str) -> bool {
    output.to_lowercase().contains("exec format error")
}

/// Why a server exited, by its last output.
pub(in crate::testbed::kubernetes) fn exited(pod: &Pod, exit_code: i32, output: &str) -> Unusable {
    if output.contains("Address already in use") || output.contains("unable to start listener") {
        return port_in_use(pod, output.lines().rfind(|line| line.contains("in use")).unwrap_or(output));
    }
    if is_wrong_platform(output) {
        let line = output.lines().rfind(|line| is_wrong_platform(line)).unwrap_or(output);
        return Unusable::because(format!("cannot start the container: {line}"))
            .with_remedy(Some(ImageFault::WrongPlatform));
    }
    // an engine may print more lines after the error
    let error = output.lines().rfind(|line| line.contains("error"));
    let last = error.or_else(|| output.lines().rfind(|line| !line.trim().is_empty()));
    let last = last.map_or(String::new(), |line| format!(": {line}"));
    Unusable::because(format!("the container exited with code {exit_code}{last}"))
}

fn port_in_use(pod: &Pod, message: &str) -> Unusable {
    let containers = pod.spec.as_ref().map(|spec| spec.containers.as_slice()).unwrap_or_default();
    let mut ports: Vec<String> = containers
        .iter()
        .flat_map(|container| container.ports.as_deref().unwrap_or_default())
        .map(|port| port.container_port.to_string())
        .collect();
    ports.dedup();
    Unusable::because(format!("port {} of the node is already in use: {message}", ports.join(" or ")))
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

    /// Pods of a Kubernetes 1.36 cluster; the last three are of a 1.20 cluster.
    #[test]
    fn recorded_pods_have_their_state_and_reason() {
        let pods: Vec<(&str, Pod)> = vec![
            ("bad-image", recorded!("bad-image")),
            ("tainted", recorded!("tainted")),
            ("crash", recorded!("crash")),
            ("nonroot", recorded!("nonroot")),
            ("deadline", recorded!("deadline")),
            ("port-a", recorded!("port-a")),
            ("port-b", recorded!("port-b")),
            ("unbound-claim", recorded!("unbound-claim")),
            ("wrong-platform", recorded!("wrong-platform")),
            ("latest-not-pulled", recorded!("latest-not-pulled")),
        ];
        let states: Vec<_> = pods.iter().map(|(name, pod)| (name, PodState::of(pod))).collect();
        insta::assert_debug_snapshot!(states);
    }

    #[test]
    fn control_characters_in_kubelet_messages_are_removed() {
        let pod = |waiting: &str| -> Pod {
            serde_json::from_str(&format!(
                r#"{{"status":{{"containerStatuses":[{{"name":"c","image":"","imageID":"","ready":false,"restartCount":0,
                "state":{{"waiting":{waiting}}}}}]}}}}"#
            ))
            .unwrap()
        };
        assert_eq!(
            PodState::of(&pod(r#"{"reason":"\u001b[2JPulling"}"#)),
            starting(" [2JPulling".trim(), StartStep::Containers)
        );
        match PodState::of(&pod(r#"{"reason":"ErrImagePull","message":"a\u001b[31m\nerror: b"}"#)) {
            PodState::Stuck { unusable, .. } => {
                assert_eq!(unusable.reason(), "cannot pull the image: a [31m error: b");
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn pod_without_status_is_being_scheduled() {
        assert_eq!(PodState::of(&Pod::default()), starting("being scheduled", StartStep::Scheduling));
    }
}
