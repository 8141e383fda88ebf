//! The exporter of a schedule: a Deployment that serves the metrics of the newest run to Prometheus.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec};
use k8s_openapi::api::core::v1::{
    Container, ContainerPort, HTTPGetAction, PodTemplateSpec, Probe, Service, ServiceAccount, ServicePort,
    ServiceSpec,
};
use k8s_openapi::api::rbac::v1::{PolicyRule, Role, RoleBinding};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::json;

use super::account::{role_ref, strings, subject};
use super::{COMPONENT_LABEL, PROGRAM, SCHEDULE_LABEL, Schedule, Target, metadata, resources};
use crate::cluster::hardened;
use crate::cluster::objects::Object;
use crate::recurring::schedule::ExporterOptions;

/// The port of the exporter.
pub const PORT: u16 = 9710;

/// The name of the port: ServiceMonitors refer to ports by name.
const PORT_NAME: &str = "metrics";

/// The Deployment, a service account that may read the run documents, the Service, and the ServiceMonitor.
pub(super) fn objects(schedule: &Schedule, exporter: ExporterOptions, target: Target) -> Vec<Object> {
    let name = schedule.id.exporter_name();
    let metadata = || metadata(schedule, &name, "exporter");
    let account = ServiceAccount { metadata: metadata(), ..ServiceAccount::default() };
    let role = Role {
        metadata: metadata(),
        rules: Some(vec![PolicyRule {
            api_groups: Some(vec![String::new()]),
            resources: Some(strings(&["configmaps"])),
            verbs: strings(&["get", "list"]),
            ..PolicyRule::default()
        }]),
    };
    let binding = RoleBinding {
        metadata: metadata(),
        role_ref: role_ref("Role", &name),
        subjects: Some(vec![subject(schedule, &name)]),
    };
    let mut objects = vec![
        Object::namespaced(&account),
        Object::namespaced(&role),
        Object::namespaced(&binding),
        Object::namespaced(&deployment(schedule, metadata(), target)),
        Object::namespaced(&service(schedule, metadata())),
    ];
    if exporter.service_monitor {
        objects.push(service_monitor(schedule, &metadata()));
    }
    objects
}

fn selector(schedule: &Schedule) -> BTreeMap<String, String> {
    let label = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    [label(SCHEDULE_LABEL, &schedule.id.name), label(COMPONENT_LABEL, "exporter")].into()
}

fn deployment(schedule: &Schedule, metadata: ObjectMeta, target: Target) -> Deployment {
    let mut spec = hardened::pod_spec(vec![container(schedule)]);
    hardened::require_linux(&mut spec);
    schedule.options.apply(&mut spec);
    spec.service_account_name = Some(schedule.id.exporter_name());
    spec.automount_service_account_token = Some(true);
    spec.restart_policy = Some("Always".to_owned());
    let mut pod_metadata = ObjectMeta { name: None, ..metadata.clone() };
    // the annotations that the usual scrape configurations of Prometheus look for
    pod_metadata.annotations.get_or_insert_default().extend([
        ("prometheus.io/scrape".to_owned(), "true".to_owned()),
        ("prometheus.io/port".to_owned(), PORT.to_string()),
        ("prometheus.io/path".to_owned(), "/metrics".to_owned()),
    ]);
    Deployment {
        metadata,
        spec: Some(DeploymentSpec {
            replicas: Some(1),
            selector: LabelSelector { match_labels: Some(selector(schedule)), ..LabelSelector::default() },
            template: PodTemplateSpec {
                metadata: Some(pod_metadata),
                spec: Some(target.relaxation.apply(spec)),
            },
            ..DeploymentSpec::default()
        }),
        ..Deployment::default()
    }
}

fn container(schedule: &Schedule) -> Container {
    let probe = || Probe {
        http_get: Some(HTTPGetAction {
            path: Some("/healthz".to_owned()),
            port: IntOrString::String(PORT_NAME.to_owned()),
            ..HTTPGetAction::default()
        }),
        ..Probe::default()
    };
    let command = [
        PROGRAM,
        "exporter",
        "--schedule",
        &schedule.id.name,
        "--namespace",
        &schedule.id.namespace,
        "--listen",
        &format!(":{PORT}"),
    ];
    let mut container = hardened::container("exporter".to_owned(), schedule.image.clone(), strings(&command));
    container.ports = Some(vec![ContainerPort {
        name: Some(PORT_NAME.to_owned()),
        container_port: PORT.into(),
        ..ContainerPort::default()
    }]);
    container.readiness_probe = Some(probe());
    container.liveness_probe = Some(Probe { initial_delay_seconds: Some(10), ..probe() });
    container.resources = Some(resources(schedule));
    container
}

fn service(schedule: &Schedule, metadata: ObjectMeta) -> Service {
    Service {
        metadata,
        spec: Some(ServiceSpec {
            selector: Some(selector(schedule)),
            ports: Some(vec![ServicePort {
                name: Some(PORT_NAME.to_owned()),
                port: PORT.into(),
                target_port: Some(IntOrString::String(PORT_NAME.to_owned())),
                ..ServicePort::default()
            }]),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}

/// The ServiceMonitor, with which the Prometheus operator scrapes the Service.
fn service_monitor(schedule: &Schedule, metadata: &ObjectMeta) -> Object {
    Object::custom_resource(json!({
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": metadata,
        "spec": {
            "selector": {"matchLabels": selector(schedule)},
            // the `node` label of a sample is the measured node, not that of this pod
            "endpoints": [{"port": PORT_NAME, "path": "/metrics", "honorLabels": true}],
        },
    }))
}
