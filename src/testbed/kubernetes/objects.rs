//! The objects of a run. Pure: from settings to what the API server is asked to make.
//!
//! Names of nodes are in affinities only, where any length and character is fine: never in the
//! names or labels of objects.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{
    Affinity, Capabilities, ConfigMap, Container, ContainerPort, EmptyDirVolumeSource, Namespace,
    NodeAffinity, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, Pod, PodSecurityContext, PodSpec,
    PodTemplateSpec, ResourceRequirements, SeccompProfile, SecurityContext, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use super::nodes::Chosen;

/// The label with the run's id.
pub const RUN_LABEL: &str = "netbench.dev/run";
/// The label that numbers the tests of a run, on the pods of its Jobs.
pub const TEST_LABEL: &str = "netbench.dev/test";
/// The container's name.
pub const CONTAINER: &str = "iperf3";

/// A user that exists in no image: nothing in it belongs to it.
const NOBODY: i64 = 65532;

/// How long a finished Job stays if nobody removes it.
const FINISHED_JOB_STAYS: Duration = Duration::from_secs(600);

/// What is the same for all pods of a run.
#[derive(Debug, Clone)]
pub struct PodSettings {
    /// The run's id.
    pub run: String,
    /// The image.
    pub image: String,
    /// The port of the servers.
    pub port: u16,
    /// Whether pods use the network of their nodes.
    pub host_network: bool,
    /// When the cluster ends a server by itself.
    pub server_deadline: Duration,
    /// When the cluster ends a Job by itself.
    pub client_deadline: Duration,
}

/// The labels of every object of a run.
pub fn labels(run: &str) -> BTreeMap<String, String> {
    let label = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    BTreeMap::from([
        label("app.kubernetes.io/name", "netbench"),
        label("app.kubernetes.io/managed-by", "kubectl-netbench"),
        label(RUN_LABEL, run),
    ])
}

/// The name of the namespace, or of the ConfigMap, that holds a run's objects together.
pub fn scope_name(run: &str) -> String {
    format!("netbench-{run}")
}

/// The run's own namespace, labelled for Pod Security.
pub fn namespace(run: &str, host_network: bool) -> Namespace {
    let level = if host_network { "privileged" } else { "restricted" };
    let mut labels = labels(run);
    for mode in ["enforce", "audit", "warn"] {
        labels.insert(format!("pod-security.kubernetes.io/{mode}"), level.to_owned());
    }
    Namespace {
        metadata: ObjectMeta { name: Some(scope_name(run)), labels: Some(labels), ..ObjectMeta::default() },
        ..Namespace::default()
    }
}

/// The owner of all objects of a run in somebody else's namespace.
pub fn owner(run: &str) -> ConfigMap {
    ConfigMap {
        metadata: ObjectMeta {
            name: Some(scope_name(run)),
            labels: Some(labels(run)),
            ..ObjectMeta::default()
        },
        ..ConfigMap::default()
    }
}

/// The pod on the node at position `index` that runs `command`, a server.
pub fn server_pod(
    settings: &PodSettings,
    index: usize,
    node: &Chosen,
    command: Vec<String>,
    owner: Option<OwnerReference>,
) -> Pod {
    let mut spec = pod_spec(settings, node, command);
    spec.active_deadline_seconds = Some(seconds(settings.server_deadline));
    for container in &mut spec.containers {
        container.ports =
            Some(vec![ContainerPort { container_port: settings.port.into(), ..ContainerPort::default() }]);
    }
    Pod {
        metadata: metadata(settings, &server_name(&settings.run, index), owner),
        spec: Some(spec),
        ..Pod::default()
    }
}

/// The name of the server pod of the node at position `index`.
pub fn server_name(run: &str, index: usize) -> String {
    format!("netbench-{run}-server-{}", index + 1)
}

/// The Job that runs `command`, a client, on `node`. `number` is unique within the run.
pub fn client_job(
    settings: &PodSettings,
    number: usize,
    node: &Chosen,
    command: Vec<String>,
    owner: Option<OwnerReference>,
) -> Job {
    let name = format!("netbench-{}-client-{number}", settings.run);
    let mut template = metadata(settings, &name, None);
    template.name = None;
    template.labels.get_or_insert_default().insert(TEST_LABEL.to_owned(), number.to_string());
    Job {
        metadata: metadata(settings, &name, owner),
        spec: Some(JobSpec {
            backoff_limit: Some(0),
            active_deadline_seconds: Some(seconds(settings.client_deadline)),
            ttl_seconds_after_finished: i32::try_from(FINISHED_JOB_STAYS.as_secs()).ok(),
            template: PodTemplateSpec {
                metadata: Some(template),
                spec: Some(pod_spec(settings, node, command)),
            },
            ..JobSpec::default()
        }),
        ..Job::default()
    }
}

fn metadata(settings: &PodSettings, name: &str, owner: Option<OwnerReference>) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.to_owned()),
        labels: Some(labels(&settings.run)),
        owner_references: owner.map(|owner| vec![owner]),
        ..ObjectMeta::default()
    }
}

/// A pod that satisfies the restricted Pod Security standard, but for the host network.
fn pod_spec(settings: &PodSettings, node: &Chosen, command: Vec<String>) -> PodSpec {
    PodSpec {
        affinity: Some(only_on(&node.node.name)),
        tolerations: (!node.tolerations.is_empty()).then(|| node.tolerations.clone()),
        restart_policy: Some("Never".to_owned()),
        // a server has nothing to save: it need not be waited for
        termination_grace_period_seconds: Some(1),
        automount_service_account_token: Some(false),
        enable_service_links: Some(false),
        // addresses are used, never names: no cluster DNS is needed
        dns_policy: Some("Default".to_owned()),
        host_network: settings.host_network.then_some(true),
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
        containers: vec![container(settings, command)],
        volumes: Some(vec![Volume {
            name: "tmp".to_owned(),
            empty_dir: Some(EmptyDirVolumeSource::default()),
            ..Volume::default()
        }]),
        ..PodSpec::default()
    }
}

/// Small requests, so that it finds room; no limits, since a limit on CPU would be measured.
fn container(settings: &PodSettings, command: Vec<String>) -> Container {
    let request = |key: &str, value: &str| (key.to_owned(), Quantity(value.to_owned()));
    Container {
        name: CONTAINER.to_owned(),
        image: Some(settings.image.clone()),
        command: Some(command),
        // what a server says when it cannot start is then part of the pod's status
        termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
        resources: Some(ResourceRequirements {
            requests: Some(BTreeMap::from([request("cpu", "10m"), request("memory", "32Mi")])),
            ..ResourceRequirements::default()
        }),
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            read_only_root_filesystem: Some(true),
            capabilities: Some(Capabilities {
                drop: Some(vec!["ALL".to_owned()]),
                ..Capabilities::default()
            }),
            ..SecurityContext::default()
        }),
        // the image's own working directory may be closed to this user
        working_dir: Some("/tmp".to_owned()),
        // iperf3's client keeps a file in the temporary directory
        volume_mounts: Some(vec![VolumeMount {
            name: "tmp".to_owned(),
            mount_path: "/tmp".to_owned(),
            ..VolumeMount::default()
        }]),
        ..Container::default()
    }
}

/// Exact where the label `kubernetes.io/hostname` is not, and through the scheduler, which
/// `nodeName` goes around.
fn only_on(node: &str) -> Affinity {
    Affinity {
        node_affinity: Some(NodeAffinity {
            required_during_scheduling_ignored_during_execution: Some(NodeSelector {
                node_selector_terms: vec![NodeSelectorTerm {
                    match_fields: Some(vec![NodeSelectorRequirement {
                        key: "metadata.name".to_owned(),
                        operator: "In".to_owned(),
                        values: Some(vec![node.to_owned()]),
                    }]),
                    ..NodeSelectorTerm::default()
                }],
            }),
            ..NodeAffinity::default()
        }),
        ..Affinity::default()
    }
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Node;

    fn settings(host_network: bool) -> PodSettings {
        PodSettings {
            run: "k3v9x2mq".to_owned(),
            image: "example.org/iperf3:1".to_owned(),
            port: 5201,
            host_network,
            server_deadline: Duration::from_secs(300),
            client_deadline: Duration::from_secs(60),
        }
    }

    fn chosen(name: &str) -> Chosen {
        Chosen {
            node: Node { name: name.to_owned(), ..Node::default() },
            tolerations: Vec::new(),
            unusable: None,
        }
    }

    #[test]
    fn a_server_pod() {
        let command = vec!["iperf3".to_owned(), "-s".to_owned()];
        insta::assert_json_snapshot!(server_pod(&settings(false), 0, &chosen("node-1"), command, None));
    }

    #[test]
    fn a_client_job_on_the_host_network() {
        let command = vec!["iperf3".to_owned(), "-c".to_owned(), "10.0.0.1".to_owned()];
        insta::assert_json_snapshot!(client_job(&settings(true), 7, &chosen("node-1"), command, None));
    }

    #[test]
    fn the_longest_node_name_is_in_no_name_and_no_label() {
        let long = "n".repeat(253);
        let mut pod = server_pod(&settings(false), 4999, &chosen(&long), Vec::new(), None);
        assert!(pod.metadata.name.as_ref().unwrap().len() <= 63);
        pod.spec.as_mut().unwrap().affinity = None;
        assert!(!serde_json::to_string(&pod).unwrap().contains("nnn"));
    }
}
