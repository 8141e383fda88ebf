//! Schedules: recurring runs that the cluster starts itself, from a CronJob.
//!
//! The objects of a schedule ([`objects`]), its times ([`Cron`]) and its [`Status`] are pure. [`Schedules`] creates,
//! lists, runs and deletes schedules in a cluster.

mod cron;
mod in_cluster;
pub mod objects;
pub mod outcome;
pub mod records;
mod status;

pub use cron::{Cron, CronError};
pub use in_cluster::{ExistingSchedule, Records, ScheduleError, Schedules};
pub use status::{LastRun, Outcome, Status};

use std::time::Duration;

use crate::cluster::objects::valid_name;
use crate::delivery::volume::Volume;
use crate::options::ObjectOptions;
use crate::testbed::kubernetes::Right;

/// Maximum length of a schedule's name. The names of its Jobs and Services add a prefix and a suffix, and must stay
/// valid.
pub const MAX_NAME_LENGTH: usize = 40;

/// The suffix of the names of an exporter's objects.
const EXPORTER_SUFFIX: &str = "-exporter";

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
    pub permissions: Vec<Right>,
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

/// Parses the name of a schedule.
///
/// # Errors
/// It is not a valid name of objects, or the name of another schedule's exporter.
pub fn parse_name(text: &str) -> Result<String, String> {
    if text.ends_with(EXPORTER_SUFFIX) {
        Err(format!("names that end in {EXPORTER_SUFFIX} are reserved for exporters"))
    } else if valid_name(text) && text.len() <= MAX_NAME_LENGTH {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "use at most {MAX_NAME_LENGTH} lower-case letters, digits and dashes, as in `nightly-pod`"
        ))
    }
}
