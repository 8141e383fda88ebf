//! Which part of the API server rejected a request, by the words of its message.

/// The part of the API server that rejected a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    /// Authorization: the user lacks a permission.
    Permission,
    /// RBAC: the user lacks a permission that a role would grant.
    RoleEscalation,
    /// The namespace does not exist.
    NamespaceMissing,
    /// The namespace is being deleted.
    NamespaceTerminating,
    /// The Pod Security level of the namespace.
    PodSecurity,
    /// The PodSecurityPolicies, until Kubernetes 1.24.
    PodSecurityPolicy,
    /// The security context constraints of `OpenShift`.
    SecurityContextConstraint,
    /// A `LimitRange`.
    LimitRange,
    /// A quota that is exhausted.
    Quota,
    /// A quota on a resource that the pod does not specify.
    QuotaWithoutResources,
    /// A webhook that cannot be called.
    WebhookFailure,
    /// A webhook that cannot be called in a dry run.
    DryRunUnsupported,
    /// Any other admission plugin, a webhook or a `ValidatingAdmissionPolicy`.
    Policy,
    /// Validation: a field has an invalid value.
    Invalid,
}

/// The words of the admission plugin for `LimitRanges`.
const LIMIT_RANGE: [&str; 3] =
    ["usage per Container is", "usage per Pod is", "max limit to request ratio per"];

/// Whether validation rejected a request above the limit, which is the default of a `LimitRange`.
fn is_above_default_limit(message: &str) -> bool {
    message.contains("resources.requests: ") && message.contains("must be less than or equal to")
}

impl Rejection {
    /// None if the response does not reject the object: a conflict, or a server that is overloaded.
    pub(super) fn of(code: u16, message: &str) -> Option<Self> {
        let contains = |phrases: &[&str]| phrases.iter().any(|phrase| message.contains(phrase));
        Some(match code {
            404 if message.starts_with("namespaces") => Self::NamespaceMissing,
            500 if contains(&["failed calling webhook"]) => Self::WebhookFailure,
            400 if contains(&["dry run", "dry-run", "dryRun"]) => Self::DryRunUnsupported,
            400 | 403 | 422 => {
                if contains(&["violates PodSecurity"]) {
                    Self::PodSecurity
                } else if contains(&["PodSecurityPolicy", "pod security policy"]) {
                    Self::PodSecurityPolicy
                } else if contains(&["security context constraint"]) {
                    Self::SecurityContextConstraint
                } else if contains(&["must specify limits", "must specify requests"]) {
                    Self::QuotaWithoutResources
                } else if contains(&LIMIT_RANGE) || is_above_default_limit(message) {
                    Self::LimitRange
                } else if contains(&["exceeded quota", "failed quota", "for quota:", "insufficient quota"]) {
                    Self::Quota
                } else if contains(&["not currently held"]) {
                    Self::RoleEscalation
                } else if contains(&["because it is being terminated"]) {
                    Self::NamespaceTerminating
                } else if contains(&["admission webhook \"", "ValidatingAdmissionPolicy '"]) {
                    Self::Policy
                } else if code == 403 && contains(&["cannot "]) {
                    Self::Permission
                } else if code == 403 {
                    Self::Policy
                } else {
                    Self::Invalid
                }
            }
            _ => return None,
        })
    }

    /// What to do about a rejection with this message.
    pub(super) fn remedy(self, message: &str) -> Option<&'static str> {
        Some(match self {
            Self::Permission if message.contains("User \"system:anonymous\"") => {
                "log in: the request had no credentials; or set --context or --user to other credentials"
            }
            Self::Permission if message.contains("cannot create resource \"namespaces\"") => {
                "run in a namespace where you can create pods: --namespace NAME"
            }
            Self::Permission => {
                "ask a cluster administrator for this permission, or set --context or --user to other credentials"
            }
            Self::RoleEscalation => {
                "a role can only be created by a user who has all permissions that it grants: ask for them, or have \
                 an administrator apply the objects that `kubectl netbench schedule create --dry-run` prints"
            }
            Self::NamespaceMissing => "create the namespace, or omit --namespace to run in a new one",
            Self::PodSecurity => {
                "with --namespace, label the namespace with pod-security.kubernetes.io/enforce=restricted (privileged \
                 with --host), or omit --namespace to run in a new namespace; the level of that one is set with \
                 --pod-security"
            }
            Self::PodSecurityPolicy if message.contains("seccomp may not be set") => {
                "allow the seccomp profile in a PodSecurityPolicy that the default service account of the namespace \
                 can use: annotate it with \
                 seccomp.security.alpha.kubernetes.io/allowedProfileNames=runtime/default"
            }
            Self::PodSecurityPolicy => {
                "grant the default service account of the namespace a PodSecurityPolicy that allows the pod \
                 (with --host, one that allows hostNetwork), or omit --host"
            }
            Self::SecurityContextConstraint => {
                "grant the default service account of the namespace an SCC that allows the pod; for --host: \
                 oc adm policy add-scc-to-user hostnetwork-v2 -z default"
            }
            Self::QuotaWithoutResources => {
                "set the resources that the quota requires: --requests cpu=10m,memory=32Mi \
                 --limits cpu=1,memory=64Mi (a CPU limit can throttle the tests)"
            }
            Self::LimitRange => {
                "set --requests and --limits (such as cpu=10m,memory=32Mi) within the LimitRange of the namespace, \
                 or omit --namespace"
            }
            Self::Quota => "raise the quota of the namespace, test fewer nodes, or omit --namespace",
            Self::NamespaceTerminating => "recreate the namespace after its deletion, or omit --namespace",
            Self::Policy => policy_remedy(message),
            Self::WebhookFailure | Self::DryRunUnsupported | Self::Invalid => return None,
        })
    }
}

/// The flags that may satisfy a policy, by what its message is about.
fn policy_remedy(message: &str) -> &'static str {
    let message = message.to_lowercase();
    let mentions = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if mentions(&["hostnetwork", "host network", "hostnamespace", "host namespace"]) {
        "omit --host, or host in --path"
    } else if mentions(&["label"]) {
        "set the label with --label KEY=VALUE, or run in an existing namespace with --namespace"
    } else if mentions(&["annotation"]) {
        "set the annotation with --annotation KEY=VALUE"
    } else if mentions(&["limits", "requests", "resources"]) {
        "set --requests and --limits, such as cpu=1,memory=64Mi (a CPU limit can throttle the tests)"
    } else if mentions(&["serviceaccount", "service account"]) {
        "set --service-account and --namespace"
    } else if mentions(&["image", "registr"]) {
        "set --image to one that the policy allows"
    } else {
        "set what the policy requires (--label, --annotation, --requests, --limits, --service-account), or run in a \
         namespace that it exempts with --namespace"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejections_are_classified_by_their_message() {
        for (code, message, expected) in [
            (
                403,
                r#"pods is forbidden: User "jane" cannot create resource "pods" in API group "" in the namespace "a""#,
                Rejection::Permission,
            ),
            (
                403,
                r#"pods "x" is forbidden: PodSecurityPolicy: unable to admit pod: [pod.metadata.annotations[container.seccomp.security.alpha.kubernetes.io/iperf3]: Forbidden: seccomp may not be set]"#,
                Rejection::PodSecurityPolicy,
            ),
            (
                403,
                r#"pods "x" is forbidden: unable to validate against any pod security policy: []"#,
                Rejection::PodSecurityPolicy,
            ),
            (
                403,
                r#"pods "x" is forbidden: unable to validate against any security context constraint: [provider "restricted-v2": Forbidden: not usable by user or serviceaccount]"#,
                Rejection::SecurityContextConstraint,
            ),
            (
                403,
                r#"pods "x" is forbidden: minimum cpu usage per Container is 50m, but request is 10m"#,
                Rejection::LimitRange,
            ),
            (
                403,
                r#"pods "x" is forbidden: cpu max limit to request ratio per Pod is 4, but provided ratio is 50.000000"#,
                Rejection::LimitRange,
            ),
            (
                403,
                r#"pods "x" is forbidden: failed quota: q: must specify limits.cpu for: iperf3"#,
                Rejection::QuotaWithoutResources,
            ),
            (403, r#"pods "x" is forbidden: status unknown for quota: q, resources: pods"#, Rejection::Quota),
            (
                403,
                r#"pods "x" is forbidden: unable to create new content in namespace a because it is being terminated"#,
                Rejection::NamespaceTerminating,
            ),
            (
                422,
                r#"admission webhook "labels.example.org" denied the request: a pod cannot be without an owner"#,
                Rejection::Policy,
            ),
            (
                422,
                r#"pods "x" is forbidden: ValidatingAdmissionPolicy 'owner' with binding 'all' denied request: no owner"#,
                Rejection::Policy,
            ),
            (403, r#"pods "x" is forbidden: no PriorityClass with name batch was found"#, Rejection::Policy),
            (
                400,
                r#"admission webhook "mesh.example.org" does not support dry run"#,
                Rejection::DryRunUnsupported,
            ),
            (
                500,
                r#"Internal error occurred: failed calling webhook "mesh.example.org": connection refused"#,
                Rejection::WebhookFailure,
            ),
            (422, r#"Pod "x" is invalid: spec.containers[0].image: Required value"#, Rejection::Invalid),
        ] {
            assert_eq!(Rejection::of(code, message), Some(expected), "{message}");
        }
        for (code, message) in [
            (409, r#"pods "x" already exists"#),
            (401, "Unauthorized"),
            (500, "etcdserver: leader changed"),
            (503, "the server is currently unable to handle the request"),
            (404, "the server could not find the requested resource"),
        ] {
            assert_eq!(Rejection::of(code, message), None, "{message}");
        }
    }
}
