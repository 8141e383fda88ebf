//! Schedules: recurring runs that the cluster starts itself, from a CronJob.
//!
//! The objects of a schedule ([`objects`]), its times ([`Cron`]) and its [`Status`] are pure. [`Schedules`] creates,
//! lists, runs and deletes schedules in a cluster.

mod in_cluster;
pub mod objects;
pub mod outcome;
pub mod records;
mod status;
mod table;

pub use in_cluster::{ExistingSchedule, Records, ScheduleError, Schedules};
pub use status::{LastRun, Outcome, Status};
pub use table::table;

use std::time::Duration;

use crate::options::{Cron, EXPORTER_SUFFIX, ObjectOptions, Volume};
use crate::testbed::kubernetes::Permission;

/// A schedule to create.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Its name and namespace.
    pub id: ScheduleId,
    /// The times of its runs.
    pub cron: Cron,
    /// The arguments of each run, without the name of the program.
    pub arguments: Vec<String>,
    /// An image that contains this program.
    pub image: String,
    /// The settings of each run, as YAML.
    pub configuration: String,
    /// The permissions that a run needs.
    pub permissions: Vec<Permission>,
    /// The options of all pods.
    pub options: ObjectOptions,
    /// Maximum duration of a run, enforced by the Job.
    pub deadline: Duration,
    /// The number of run documents to keep in ConfigMaps.
    pub keep_records: usize,
    /// The volume on which run documents are kept as well.
    pub volume: Option<Volume>,
    /// The exporter, if there is to be one.
    pub exporter: Option<ExporterOptions>,
}

/// The options of a schedule's exporter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExporterOptions {
    /// Whether to create a ServiceMonitor for the Prometheus operator.
    pub service_monitor: bool,
}

/// The name and the namespace of a schedule: its objects are labelled with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleId {
    /// The name that the user chose.
    pub name: String,
    /// The namespace of its objects.
    pub namespace: String,
}

impl ScheduleId {
    /// The name of its objects.
    pub fn object_name(&self) -> String {
        format!("netbench-{}", self.name)
    }

    /// The name of its cluster-scoped objects. It is unique, since neither part can contain a colon.
    pub fn cluster_object_name(&self) -> String {
        format!("netbench:{}:{}", self.namespace, self.name)
    }

    /// The name of the objects of its exporter.
    pub fn exporter_name(&self) -> String {
        format!("netbench-{}{EXPORTER_SUFFIX}", self.name)
    }
}
