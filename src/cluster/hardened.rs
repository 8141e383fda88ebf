//! Pods that satisfy the restricted Pod Security standard, and their own containers among those that webhooks add.

use k8s_openapi::api::core::v1::{
    Capabilities, Container, EmptyDirVolumeSource, Namespace, Pod, PodSecurityContext, PodSpec,
    SeccompProfile, SecurityContext, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt;

use super::RequestError;

/// A user and group ID that own no files in images.
const UNPRIVILEGED_ID: i64 = 65532;

/// The writable directory of each container, and its working directory: this user may lack access to the
/// image's.
const WRITABLE_DIRECTORY: &str = "/tmp";

/// The annotation with the names of a pod's own containers, separated by commas.
const OWN_CONTAINERS: &str = "netbench.dev/containers";

/// The annotation with the container that `kubectl logs` and `kubectl exec` take by default.
const DEFAULT_CONTAINER: &str = "kubectl.kubernetes.io/default-container";

/// Records which containers are the pod's own: webhooks may add others.
pub(crate) fn record_containers(metadata: &mut ObjectMeta, spec: &PodSpec) {
    let names: Vec<&str> = spec.containers.iter().map(|container| container.name.as_str()).collect();
    let annotations = metadata.annotations.get_or_insert_default();
    annotations.insert(OWN_CONTAINERS.to_owned(), names.join(","));
    annotations.insert(DEFAULT_CONTAINER.to_owned(), names.first().copied().unwrap_or_default().to_owned());
}

/// Whether a container of a pod is its own. Pods of versions that did not record them have no others.
pub(crate) fn is_own(pod: &Pod, container: &str) -> bool {
    let own = pod.annotations().get(OWN_CONTAINERS);
    own.is_none_or(|names| names.split(',').any(|name| name == container))
}

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

/// What a pod leaves to the cluster, because policies refuse what it would set: `OpenShift` assigns users of a range, and
/// a `PodSecurityPolicy` may allow no seccomp profile.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Relaxation {
    user: bool,
    seccomp_profile: bool,
}

impl Relaxation {
    /// Leaves the user to `OpenShift`, if it assigns those of a range to the pods of a namespace.
    pub fn of_namespace(namespace: &Namespace) -> Self {
        let user = namespace.annotations().contains_key("openshift.io/sa.scc.uid-range");
        Self { user, ..Self::default() }
    }

    /// Creates a pod by `create` with what no policy refuses. Returns the last answer, and what that pod leaves to the
    /// cluster.
    pub async fn during<T, F>(mut self, create: impl Fn(Self) -> F) -> (Self, Result<T, RequestError>)
    where
        F: Future<Output = Result<T, RequestError>>,
    {
        loop {
            let answer = create(self).await;
            let refused = answer.as_ref().err().filter(|error| error.rejection().is_some());
            match refused.and_then(|error| self.after(&error.why())) {
                Some(more) => self = more,
                None => return (self, answer),
            }
        }
    }

    /// What to leave to the cluster, too, after a refusal with this message; none if that would not help.
    pub fn after(self, message: &str) -> Option<Self> {
        let message = message.to_lowercase();
        let mentions = |words: &[&str]| words.iter().any(|word| message.contains(word));
        let more = Self {
            user: self.user || mentions(&["runasuser", "runasgroup", "fsgroup", "run as user", "user id"]),
            seccomp_profile: self.seccomp_profile || mentions(&["seccomp"]),
        };
        (more != self).then_some(more)
    }

    /// The pod without what is left to the cluster.
    pub fn apply(self, mut spec: PodSpec) -> PodSpec {
        if let Some(security) = &mut spec.security_context {
            if self.user {
                (security.run_as_user, security.run_as_group, security.fs_group) = (None, None, None);
            }
            if self.seccomp_profile {
                security.seccomp_profile = None;
            }
        }
        spec
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_fields_are_left_to_the_cluster() {
        let scc = "unable to validate against any security context constraint: [provider restricted-v2: \
                   .spec.securityContext.runAsUser: Invalid value: 65532: must be in the ranges: [1000680000, 1000689999]]";
        let seccomp = "unable to admit pod: [pod.metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]: \
                       Forbidden: seccomp may not be set]";
        let spec = |relaxation: Relaxation| relaxation.apply(pod_spec(Vec::new())).security_context.unwrap();
        let without_user = Relaxation::default().after(scc).unwrap();
        assert_eq!((spec(without_user).run_as_user, spec(without_user).run_as_non_root), (None, Some(true)));
        assert!(spec(without_user).seccomp_profile.is_some());
        let without_both = without_user.after(seccomp).unwrap();
        assert!(spec(without_both).seccomp_profile.is_none() && spec(without_both).run_as_group.is_none());
        assert_eq!(without_both.after(scc), None);
        assert_eq!(Relaxation::default().after("exceeded quota: pods=2"), None);
    }
}
