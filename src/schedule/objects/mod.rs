//! The objects of a schedule. Pure: from what is wanted to what the API server is asked to make.

mod account;
mod exporter;
mod job;

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{ConfigMap, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{Id, Schedule};
use crate::cluster::objects::{MANAGED_BY, Object, yaml};
use crate::testbed::kubernetes::Amount;

/// Who manages the objects of schedules: not who manages those of runs, which are removed with them.
pub const MANAGER: &str = "kubectl-netbench-schedule";
/// The label with a schedule's name.
pub const SCHEDULE_LABEL: &str = "netbench.dev/schedule";
/// The label with the namespace of a schedule, on objects that are in none.
pub const NAMESPACE_LABEL: &str = "netbench.dev/schedule-namespace";
/// The label that tells what an object is for.
pub const COMPONENT_LABEL: &str = "app.kubernetes.io/component";
/// The annotation with the command, as a shell takes it.
pub const COMMAND_ANNOTATION: &str = "netbench.dev/command";
/// The annotation with the volume that documents are kept on, as `--volume` takes it.
pub const VOLUME_ANNOTATION: &str = "netbench.dev/volume";

/// The program, in its image.
pub const PROGRAM: &str = "kubectl-netbench";
/// The container of a run.
pub const CONTAINER: &str = "netbench";
/// The variable by which a run knows its schedule,
pub const SCHEDULE_VARIABLE: &str = "NETBENCH_SCHEDULE";
/// its pod,
pub const POD_VARIABLE: &str = "NETBENCH_POD";
/// how many documents are kept,
pub const RECORDS_VARIABLE: &str = "NETBENCH_KEEP_RECORDS";
/// and the file for its termination message.
pub const TERMINATION_MESSAGE_VARIABLE: &str = "NETBENCH_TERMINATION_MESSAGE_PATH";

/// The folder for configuration in the pod of a run.
const CONFIGURATION: &str = "/etc/netbench";

/// The version of the API that a cluster has CronJobs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CronJobs {
    /// `batch/v1`: from 1.21 on.
    V1,
    /// `batch/v1beta1`: until 1.24.
    V1Beta1,
}

impl CronJobs {
    /// The version as objects have it.
    pub fn api_version(self) -> &'static str {
        match self {
            Self::V1 => "batch/v1",
            Self::V1Beta1 => "batch/v1beta1",
        }
    }
}

/// All objects of a schedule, in the order in which they are made.
pub fn objects(schedule: &Schedule, cron_jobs: CronJobs) -> Vec<Object> {
    let mut objects = account::objects(schedule);
    objects.push(Object::namespaced(&configuration(schedule)));
    objects.extend(schedule.exporter.iter().flat_map(|exporter| exporter::objects(schedule, *exporter)));
    // the last: before, nothing runs
    objects.push(job::cron_job(schedule, cron_jobs));
    objects
}

/// The same as YAML, for `kubectl apply`.
pub fn manifests(schedule: &Schedule, cron_jobs: CronJobs) -> String {
    yaml(&objects(schedule, cron_jobs), &schedule.id.namespace)
}

/// The labels of all objects of a schedule.
pub fn labels(id: &Id, component: &str) -> BTreeMap<String, String> {
    let label = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    BTreeMap::from([
        label("app.kubernetes.io/name", "netbench"),
        label(MANAGED_BY, MANAGER),
        label(SCHEDULE_LABEL, &id.name),
        label(COMPONENT_LABEL, component),
    ])
}

/// The label selector for all objects of a schedule.
pub fn selector(id: &Id) -> String {
    format!("{MANAGED_BY}={MANAGER},{SCHEDULE_LABEL}={}", id.name)
}

/// Name, labels and annotations, with what the user wants of all objects.
fn metadata(schedule: &Schedule, name: &str, component: &str) -> ObjectMeta {
    schedule.options.marks.metadata(name, labels(&schedule.id, component))
}

/// The least memory that a limit leaves to this program: it holds whole runs, other than iperf's pods.
const LEAST_MEMORY: &str = "256Mi";

/// The resources of this program: those of all pods, but for a limit on memory that it would not fit in.
fn resources(schedule: &Schedule) -> ResourceRequirements {
    let mut resources = schedule.options.resources();
    let value = |text: &str| Amount::parse(text).map_or(f64::INFINITY, |amount| amount.value());
    if let Some(limit) = resources.limits.as_mut().and_then(|limits| limits.get_mut("memory"))
        && value(&limit.0) < value(LEAST_MEMORY)
    {
        *limit = Quantity(LEAST_MEMORY.to_owned());
    }
    resources
}

/// The settings of each run.
fn configuration(schedule: &Schedule) -> ConfigMap {
    ConfigMap {
        metadata: metadata(schedule, &schedule.id.object_name(), "configuration"),
        data: Some(BTreeMap::from([("config.yaml".to_owned(), schedule.configuration.clone())])),
        ..ConfigMap::default()
    }
}

#[cfg(test)]
pub(super) mod tests;
