//! Pods that satisfy the restricted Pod Security standard.

use k8s_openapi::api::core::v1::{
    Capabilities, Container, EmptyDirVolumeSource, PodSecurityContext, PodSpec, SeccompProfile,
    SecurityContext, Volume, VolumeMount,
};

/// A user that exists in no image: nothing in it belongs to it.
const NOBODY: i64 = 65532;

/// Where each container may write, and works: the image's own working directory may be closed to its user.
const WRITABLE: &str = "/tmp";

/// A pod that runs once and has no token of its service account.
pub(crate) fn pod_spec(containers: Vec<Container>) -> PodSpec {
    PodSpec {
        restart_policy: Some("Never".to_owned()),
        // a server has nothing to save: it need not be waited for
        termination_grace_period_seconds: Some(1),
        automount_service_account_token: Some(false),
        enable_service_links: Some(false),
        security_context: Some(PodSecurityContext {
            run_as_non_root: Some(true),
            run_as_user: Some(NOBODY),
            run_as_group: Some(NOBODY),
            seccomp_profile: Some(SeccompProfile {
                type_: "RuntimeDefault".to_owned(),
                ..SeccompProfile::default()
            }),
            ..PodSecurityContext::default()
        }),
        containers,
        volumes: Some(vec![Volume {
            name: "tmp".to_owned(),
            empty_dir: Some(EmptyDirVolumeSource::default()),
            ..Volume::default()
        }]),
        ..PodSpec::default()
    }
}

/// Keeps a pod from nodes of another system, where it is the scheduler that chooses.
pub(crate) fn on_linux(spec: &mut PodSpec) {
    let system = ("kubernetes.io/os".to_owned(), "linux".to_owned());
    spec.node_selector.get_or_insert_default().extend([system]);
}

/// A container without any right, in a pod of [`pod_spec`].
pub(crate) fn container(name: String, image: String, command: Vec<String>) -> Container {
    Container {
        name,
        image: Some(image),
        command: Some(command),
        // what it says when it cannot start is then part of the pod's status
        termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            read_only_root_filesystem: Some(true),
            capabilities: Some(Capabilities {
                drop: Some(vec!["ALL".to_owned()]),
                ..Capabilities::default()
            }),
            ..SecurityContext::default()
        }),
        working_dir: Some(WRITABLE.to_owned()),
        volume_mounts: Some(vec![VolumeMount {
            name: "tmp".to_owned(),
            mount_path: WRITABLE.to_owned(),
            ..VolumeMount::default()
        }]),
        ..Container::default()
    }
}
