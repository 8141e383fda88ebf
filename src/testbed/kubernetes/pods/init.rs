//! The init containers of a pod. A run has none: webhooks add them, as service meshes do. Pure.

use k8s_openapi::api::core::v1::{ContainerState, ContainerStatus, Pod, PodStatus};

use super::state::{PodState, StartStep, waiting_for};
use crate::sanitize;
use crate::testbed::Unusable;

/// What to do about a container that a webhook has added.
pub(super) const REMEDY: &str = "a webhook adds this container: fix it, or exclude the pods, such as with --label \
                      sidecar.istio.io/inject=false";

/// What an init container that has not finished means for its pod; none if all have.
pub(super) fn state(pod: &Pod, status: &PodStatus) -> Option<PodState> {
    let container = unfinished(pod, status)?;
    let ContainerState { terminated, waiting, .. } = container.state.clone().unwrap_or_default();
    let name = sanitize::line(&container.name);
    if terminated.is_some() {
        return Some(PodState::stuck(failure(container)));
    }
    let waiting = waiting.unwrap_or_default();
    let state = waiting_for(
        waiting.reason.as_deref().unwrap_or_default(),
        waiting.message.as_deref().unwrap_or_default(),
        None,
    );
    Some(match state {
        PodState::Stuck { unusable, patience } => PodState::Stuck {
            unusable: unusable
                .reworded(|reason| format!("init container {name}: {reason}"))
                .with_remedy(Some(REMEDY)),
            patience,
        },
        _ => PodState::Starting {
            waits_for: format!("waiting for the init container {name}"),
            step: StartStep::InitContainer,
        },
    })
}

/// The init container that has failed, and so ended its pod.
pub(super) fn failed<'a>(pod: &Pod, status: &'a PodStatus) -> Option<&'a ContainerStatus> {
    unfinished(pod, status)
        .filter(|container| container.state.as_ref().is_some_and(|of| of.terminated.is_some()))
}

/// The name of the init container that has failed without a message, and so ended its pod.
pub(in crate::testbed::kubernetes) fn failed_silently(pod: &Pod) -> Option<String> {
    let failed = failed(pod, pod.status.as_ref()?)?;
    let terminated = failed.state.as_ref()?.terminated.as_ref()?;
    terminated.message.as_deref().unwrap_or_default().is_empty().then(|| failed.name.clone())
}

/// Why an init container has failed.
pub(super) fn failure(container: &ContainerStatus) -> Unusable {
    let terminated = container.state.as_ref().and_then(|state| state.terminated.clone()).unwrap_or_default();
    let message = match terminated.message.as_deref().map(str::trim) {
        Some(message) if !message.is_empty() => format!(": {message}"),
        _ => String::new(),
    };
    let (name, code) = (&container.name, terminated.exit_code);
    Unusable::because(format!("init container {name} exited with code {code}{message}"))
        .with_remedy(Some(REMEDY))
}

/// The first init container that has not finished.
fn unfinished<'a>(pod: &Pod, status: &'a PodStatus) -> Option<&'a ContainerStatus> {
    let specs = pod.spec.as_ref().and_then(|spec| spec.init_containers.as_deref()).unwrap_or_default();
    // it goes on beside the other containers
    let is_sidecar = |name: &str| {
        specs.iter().any(|spec| spec.name == name && spec.restart_policy.as_deref() == Some("Always"))
    };
    let is_finished = |container: &&ContainerStatus| {
        let terminated = container.state.as_ref().and_then(|state| state.terminated.as_ref());
        let has_started = container.started == Some(true) && is_sidecar(&container.name);
        has_started || terminated.is_some_and(|terminated| terminated.exit_code == 0)
    };
    status.init_container_statuses.as_deref().unwrap_or_default().iter().find(|status| !is_finished(status))
}
