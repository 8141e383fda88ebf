//! The pods of a run: servers, and clients in Jobs. Pure.

use std::time::Duration;

use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{
    Affinity, Container, ContainerPort, NodeAffinity, NodeSelector, NodeSelectorRequirement,
    NodeSelectorTerm, Pod, PodSpec, PodTemplateSpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use super::{NETWORK_LABEL, Network, SERVER_LABEL, SPEC_ANNOTATION, Settings, TEST_LABEL, metadata};
use crate::cluster::hardened;
use crate::engine::ServerSpec;
use crate::options::{IpFamily, Protocol};
use crate::testbed::Process;
use crate::testbed::kubernetes::nodes::Chosen;

/// When the cluster deletes a finished Job that is left.
const FINISHED_JOB_LIFETIME: Duration = Duration::from_secs(600);

/// The pod with the servers of a node on one of its networks.
pub fn server_pod(
    settings: &Settings,
    node: &Chosen,
    network: Network,
    owner: Option<OwnerReference>,
) -> Pod {
    // a node whose first address is IPv6 has pods whose first address is IPv6, too
    let ipv6 = settings.routes.iter().any(|route| route.ip_family == Some(IpFamily::Ipv6))
        || node.addresses.first().is_some_and(|address| address.ip.is_ipv6());
    let containers = settings.processes.iter().map(|process| server(settings, process, ipv6)).collect();
    let mut spec = pod_spec(settings, network, node, containers);
    let deadline = if settings.keep { settings.kept_deadline } else { settings.server_deadline };
    spec.active_deadline_seconds = Some(seconds(deadline));
    let mut metadata = metadata(settings, &settings.server_name(node, network), owner);
    let labels = metadata.labels.get_or_insert_default();
    labels.insert(SERVER_LABEL.to_owned(), settings.slug(node));
    labels.insert(NETWORK_LABEL.to_owned(), network.name().to_owned());
    hardened::record_containers(&mut metadata, &spec);
    if settings.keep {
        metadata.annotations.get_or_insert_default().extend([spec_annotation(&spec)]);
    }
    Pod { metadata, spec: Some(spec), ..Pod::default() }
}

/// The annotation with a hash of an object's spec.
pub fn spec_annotation(spec: &impl serde::Serialize) -> (String, String) {
    // cannot fail: objects of Kubernetes have string keys and finite numbers only
    let text = serde_json::to_string(spec).unwrap_or_default();
    (SPEC_ANNOTATION.to_owned(), hash(&text))
}

/// The 64-bit FNV-1a hash in hexadecimal digits. It must not change between versions: kept servers are
/// recognized by it.
pub fn hash(text: &str) -> String {
    const PRIME: u64 = 0x0100_0000_01b3;
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(PRIME);
    format!("{:016x}", text.bytes().fold(0xcbf2_9ce4_8422_2325, fold))
}

/// The Job that runs `command`, a client, on `node`. `number` is unique within the run.
pub fn client_job(
    settings: &Settings,
    number: usize,
    network: Network,
    node: &Chosen,
    command: Vec<String>,
    owner: Option<OwnerReference>,
) -> Job {
    let name = format!("netbench-{}-client-{number}", settings.session);
    let mut template = metadata(settings, &name, None);
    template.name = None;
    let test = settings.test_label(number);
    template.labels.get_or_insert_default().insert(TEST_LABEL.to_owned(), test);
    let program = command.first().cloned().unwrap_or_default();
    let spec = pod_spec(settings, network, node, vec![container(settings, program, command)]);
    hardened::record_containers(&mut template, &spec);
    Job {
        metadata: metadata(settings, &name, owner),
        spec: Some(JobSpec {
            backoff_limit: Some(0),
            active_deadline_seconds: Some(seconds(settings.client_deadline)),
            ttl_seconds_after_finished: i32::try_from(FINISHED_JOB_LIFETIME.as_secs()).ok(),
            template: PodTemplateSpec { metadata: Some(template), spec: Some(spec) },
            ..JobSpec::default()
        }),
        ..Job::default()
    }
}

/// The pod that the cluster creates for a Job, without its references to the Job.
pub fn pod_of_job(job: Job) -> Pod {
    let template = job.spec.unwrap_or_default().template;
    let metadata = ObjectMeta {
        generate_name: job.metadata.name.map(|name| format!("{name}-")),
        ..template.metadata.unwrap_or_default()
    };
    Pod { metadata, spec: template.spec, ..Pod::default() }
}

/// A pod that satisfies the restricted Pod Security standard, except for the host network.
fn pod_spec(settings: &Settings, network: Network, node: &Chosen, containers: Vec<Container>) -> PodSpec {
    let mut spec = PodSpec {
        affinity: Some(only_on(&node.node.name)),
        tolerations: (!node.tolerations.is_empty()).then(|| node.tolerations.clone()),
        // the resolver of the node: no cluster service is reached by name
        dns_policy: Some("Default".to_owned()),
        host_network: (network == Network::Host).then_some(true),
        ..hardened::pod_spec(containers)
    };
    settings.options.objects.apply(&mut spec);
    spec
}

/// A server with its ports: the scheduler places no two pods with the same port on a host network.
fn server(settings: &Settings, process: Process, ipv6: bool) -> Container {
    let spec = ServerSpec { port: process.port, bind: None, ipv6 };
    let command = process.engine.server_command(&spec);
    let mut container = container(settings, process.engine.program().to_owned(), command);
    let port = |protocol: Option<&str>| ContainerPort {
        container_port: process.port.into(),
        protocol: protocol.map(str::to_owned),
        ..ContainerPort::default()
    };
    let udp = settings.protocol == Protocol::Udp && process.port == settings.processes.throughput.port;
    let ports = [Some(port(None)), udp.then(|| port(Some("UDP")))];
    container.ports = Some(ports.into_iter().flatten().collect());
    container
}

/// A container without limits unless they are requested: a CPU limit would be what is measured.
fn container(settings: &Settings, name: String, command: Vec<String>) -> Container {
    Container {
        resources: Some(settings.options.objects.resources()),
        ..hardened::container(name, settings.image.clone(), command)
    }
}

/// Schedules a pod to one node. The label `kubernetes.io/hostname` may differ from the node's name, and
/// `nodeName` would bypass the scheduler.
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
    use crate::options::{ImagePullPolicy, ObjectOptions, PodOptions};
    use crate::testbed::kubernetes::objects::fixtures::{chosen, settings};

    #[test]
    fn server_pod_of_a_run() {
        insta::assert_json_snapshot!(server_pod(&settings(), &chosen("node-1"), Network::Pod, None));
    }

    #[test]
    fn kept_server_pod_has_a_hash_of_its_spec() {
        let kept = Settings { keep: true, ..settings() };
        let annotation = |settings: &Settings, number: usize| {
            let node = Chosen { number, ..chosen("node-1") };
            let pod = server_pod(settings, &node, Network::Pod, None);
            pod.metadata.annotations.unwrap()[SPEC_ANNOTATION].clone()
        };
        assert_eq!(annotation(&kept, 1), annotation(&kept, 8));
        let other = Settings { image: "example.org/iperf3:2".to_owned(), ..kept.clone() };
        assert_ne!(annotation(&kept, 1), annotation(&other, 1));
    }

    #[test]
    fn kept_server_pod_with_all_options() {
        let objects = ObjectOptions {
            labels: vec!["team=network".parse().unwrap()],
            annotations: vec!["example.org/reason=slow, they say".parse().unwrap()],
            requests: vec!["cpu=500m".parse().unwrap()],
            limits: vec!["memory=64Mi".parse().unwrap()],
            image_pull_policy: Some(ImagePullPolicy::IfNotPresent),
            image_pull_secrets: vec!["registry".to_owned()],
            service_account: Some("netbench".to_owned()),
            priority_class: Some("low".to_owned()),
            runtime_class: Some("gvisor".to_owned()),
            tolerations: vec!["pool".parse().unwrap()],
        };
        let options = PodOptions { objects, ..PodOptions::default() };
        let settings = Settings { options, keep: true, ..settings() };
        insta::assert_json_snapshot!(server_pod(&settings, &chosen("node-1"), Network::Pod, None));
    }

    #[test]
    fn client_job_on_the_host_network() {
        let command = vec!["iperf3".to_owned(), "-c".to_owned(), "10.0.0.1".to_owned()];
        let job = client_job(&settings(), 7, Network::Host, &chosen("node-1"), command, None);
        insta::assert_json_snapshot!(job);
    }

    #[test]
    fn longest_node_name_is_in_no_name_or_label() {
        let long = "n".repeat(253);
        for keep in [false, true] {
            let settings = Settings { keep, ..settings() };
            let node = Chosen { number: 5000, ..chosen(&long) };
            let mut pod = server_pod(&settings, &node, Network::Pod, None);
            assert!(pod.metadata.name.as_ref().unwrap().len() <= 63);
            pod.spec.as_mut().unwrap().affinity = None;
            assert!(!serde_json::to_string(&pod).unwrap().contains("nnn"));
        }
    }
}
