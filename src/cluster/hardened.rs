//! Pods that satisfy the restricted Pod Security standard.

use k8s_openapi::api::core::v1::{
    Capabilities, Container, EmptyDirVolumeSource, PodSecurityContext, PodSpec, SeccompProfile,
    SecurityContext, Volume, VolumeMount,
};

/// A user and group ID that own no files in images.
const UNPRIVILEGED_ID: i64 = 65532;

/// The writable directory of each container, and its working directory: this user may lack access to the
/// image's.
const WRITABLE_DIRECTORY: &str = "/tmp";

/// The spec of a pod that is not restarted, without a service account token.
pub(crate) fn pod_spec(containers: Vec<Container>) -> PodSpec {
    PodSpec {
        restart_policy: Some("Never".to_owned()),
        // a server has no state to save
        termination_grace_period_seconds: Some(1),
        automount_service_account_token: Some(false),
        enable_service_links: Some(false),
        security_context: Some(PodSecurityContext {
            run_as_non_root: Some(true),
            run_as_user: Some(UNPRIVILEGED_ID),
            run_as_group: Some(UNPRIVILEGED_ID),
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

/// Restricts a pod that the scheduler places to Linux nodes.
pub(crate) fn require_linux(spec: &mut PodSpec) {
    let system = ("kubernetes.io/os".to_owned(), "linux".to_owned());
    spec.node_selector.get_or_insert_default().extend([system]);
}

/// An unprivileged container, for [`pod_spec`].
pub(crate) fn container(name: String, image: String, command: Vec<String>) -> Container {
    Container {
        name,
        image: Some(image),
        command: Some(command),
        // adds the output of a container that fails to the status of its pod
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
        working_dir: Some(WRITABLE_DIRECTORY.to_owned()),
        volume_mounts: Some(vec![VolumeMount {
            name: "tmp".to_owned(),
            mount_path: WRITABLE_DIRECTORY.to_owned(),
            ..VolumeMount::default()
        }]),
        ..Container::default()
    }
}
