//! The objects of a schedule, as sent to the API server or printed by `--dry-run`. Pure.

mod account;
mod exporter;
mod job;

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{ConfigMap, Pod, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{Schedule, ScheduleId};
use crate::cluster::hardened::Relaxation;
use crate::cluster::objects::{MANAGED_BY, Object, yaml};
use crate::options::ResourceQuantity;

/// The manager label of the objects of schedules. It differs from that of runs, whose objects `cleanup` deletes.
pub const MANAGER: &str = "kubectl-netbench-schedule";
/// The label with the name of the schedule.
pub const SCHEDULE_LABEL: &str = "netbench.dev/schedule";
/// The label of cluster-scoped objects with the namespace of the schedule.
pub const NAMESPACE_LABEL: &str = "netbench.dev/schedule-namespace";
/// The label with the purpose of an object.
pub const COMPONENT_LABEL: &str = "app.kubernetes.io/component";
/// The annotation with the command of each run, quoted for a shell.
pub const COMMAND_ANNOTATION: &str = "netbench.dev/command";
/// The annotation with the volume on which run documents are kept, in the syntax of `--volume`.
pub const VOLUME_ANNOTATION: &str = "netbench.dev/volume";

/// The name of the program in its image.
pub const PROGRAM: &str = "kubectl-netbench";
/// The name of the container of a run.
pub const CONTAINER: &str = "netbench";
/// The environment variable with the name of the schedule.
pub const SCHEDULE_VARIABLE: &str = "NETBENCH_SCHEDULE";
/// The environment variable with the name of the pod.
pub const POD_VARIABLE: &str = "NETBENCH_POD";
/// The environment variable with the number of run documents to keep in ConfigMaps.
pub const RECORDS_VARIABLE: &str = "NETBENCH_KEEP_RECORDS";
/// The environment variable with the path of the file for the termination message.
pub const TERMINATION_MESSAGE_VARIABLE: &str = "NETBENCH_TERMINATION_MESSAGE_PATH";

/// Where the configuration is mounted in the pod of a run.
const CONFIGURATION: &str = "/etc/netbench";

/// The version of the API in which a cluster serves CronJobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CronJobVersion {
    /// `batch/v1`: Kubernetes 1.21 and newer.
    V1,
    /// `batch/v1beta1`: up to Kubernetes 1.24.
    V1Beta1,
}

impl CronJobVersion {
    /// The `apiVersion` of the objects.
    pub fn api_version(self) -> &'static str {
        match self {
            Self::V1 => "batch/v1",
            Self::V1Beta1 => "batch/v1beta1",
        }
    }
}

/// How the objects of a schedule depend on the cluster.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    pub(super) cron_jobs: CronJobVersion,
    pub(super) relaxation: Relaxation,
}

impl Default for Target {
    /// A current version of Kubernetes, without policies.
    fn default() -> Self {
        Self { cron_jobs: CronJobVersion::V1, relaxation: Relaxation::default() }
    }
}

/// All objects of a schedule, in the order of their creation.
pub fn objects(schedule: &Schedule, target: Target) -> Vec<Object> {
    let mut objects = account::objects(schedule);
    objects.push(Object::namespaced(&configuration(schedule)));
    let exporter = schedule.exporter;
    objects.extend(exporter.iter().flat_map(|exporter| exporter::objects(schedule, *exporter, target)));
    // last, since it starts runs
    objects.push(job::cron_job(schedule, target));
    objects
}

/// The pod of a run as its Job creates it, but with the default service account: that of the schedule may not exist yet.
pub(super) fn pod(schedule: &Schedule, target: Target) -> Pod {
    let (metadata, mut spec) = job::pod_template(schedule, target);
    spec.service_account_name.clone_from(&schedule.options.service_account);
    let generate_name = Some(format!("{}-", schedule.id.object_name()));
    Pod { metadata: ObjectMeta { generate_name, ..metadata }, spec: Some(spec), ..Pod::default() }
}

/// All objects of a schedule as YAML, for `kubectl apply`.
pub fn manifests(schedule: &Schedule, target: Target) -> String {
    yaml(&objects(schedule, target), &schedule.id.namespace)
}

/// The labels of all objects of a schedule.
pub fn labels(id: &ScheduleId, component: &str) -> BTreeMap<String, String> {
    let label = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    BTreeMap::from([
        label("app.kubernetes.io/name", "netbench"),
        label(MANAGED_BY, MANAGER),
        label(SCHEDULE_LABEL, &id.name),
        label(COMPONENT_LABEL, component),
    ])
}

/// The label selector for all objects of a schedule.
pub fn selector(id: &ScheduleId) -> String {
    format!("{MANAGED_BY}={MANAGER},{SCHEDULE_LABEL}={}", id.name)
}

/// The name, the labels and the annotations of an object, including those of the user.
fn metadata(schedule: &Schedule, name: &str, component: &str) -> ObjectMeta {
    schedule.options.metadata(name, labels(&schedule.id, component))
}

/// Minimum memory limit of this program, which keeps whole run documents in memory.
const MIN_MEMORY_LIMIT: &str = "256Mi";

/// The resources of this program: those that the user set for all pods, with the minimum memory limit.
fn resources(schedule: &Schedule) -> ResourceRequirements {
    let mut resources = schedule.options.resources();
    let value = |text: &str| ResourceQuantity::parse(text).map_or(f64::INFINITY, |amount| amount.value());
    if let Some(limit) = resources.limits.as_mut().and_then(|limits| limits.get_mut("memory"))
        && value(&limit.0) < value(MIN_MEMORY_LIMIT)
    {
        *limit = Quantity(MIN_MEMORY_LIMIT.to_owned());
    }
    resources
}

/// The ConfigMap with the settings of each run.
fn configuration(schedule: &Schedule) -> ConfigMap {
    ConfigMap {
        metadata: metadata(schedule, &schedule.id.object_name(), "configuration"),
        data: Some(BTreeMap::from([("config.yaml".to_owned(), schedule.configuration.clone())])),
        ..ConfigMap::default()
    }
}

#[cfg(test)]
pub(super) mod tests;
