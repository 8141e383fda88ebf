//! Schedules: runs that the cluster itself makes again and again, by a CronJob.
//!
//! What a schedule consists of ([`objects`]), when it comes ([`Cron`]) and what is known of it
//! ([`Status`]) is pure. [`Schedules`] puts it into a cluster.

mod cron;
mod in_cluster;
pub mod objects;
pub mod outcome;
pub mod records;
mod status;

pub use cron::{Cron, CronError};
pub use in_cluster::{Found, Records, ScheduleError, Schedules};
pub use status::{LastRun, Outcome, Status};

use std::time::Duration;

use crate::cluster::objects::valid_name;
use crate::delivery::volume::Volume;
use crate::testbed::kubernetes::{PodOptions, Right};

/// The longest name of a schedule: with what is added to it, Jobs and Services must have names.
pub const LONGEST_NAME: usize = 40;

/// How the name of an exporter ends.
const EXPORTER: &str = "-exporter";

/// What is to be made for a schedule.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Its name and its namespace.
    pub id: Id,
    /// When it comes.
    pub cron: Cron,
    /// The words of the command, the program's name left out.
    pub words: Vec<String>,
    /// The image that has this program.
    pub image: String,
    /// The file with the settings of each run.
    pub configuration: String,
    /// What a run does in the cluster.
    pub rights: Vec<Right>,
    /// What the user wants of the pods.
    pub options: PodOptions,
    /// When the cluster ends a run by itself.
    pub deadline: Duration,
    /// How many documents are kept in the cluster.
    pub keep_records: usize,
    /// The volume that documents are kept on as well; none for none.
    pub volume: Option<Volume>,
    /// What serves its figures; none for nothing.
    pub exporter: Option<Exporter>,
}

/// What serves the figures of a schedule to Prometheus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exporter {
    /// Whether Prometheus' operator is told of it.
    pub service_monitor: bool,
}

/// A schedule's name and namespace, by which all that belongs to it is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Id {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
}

impl Id {
    /// The name of its objects.
    pub fn object_name(&self) -> String {
        format!("netbench-{}", self.name)
    }

    /// The name of its objects that are in no namespace: of no other schedule, as neither part has a colon.
    pub fn cluster_object_name(&self) -> String {
        format!("netbench:{}:{}", self.namespace, self.name)
    }

    /// The name of what serves its figures.
    pub fn exporter_name(&self) -> String {
        format!("netbench-{}{EXPORTER}", self.name)
    }
}

/// Reads a schedule's name.
///
/// # Errors
/// Objects cannot be named so.
pub fn parse_name(text: &str) -> Result<String, String> {
    if text.ends_with(EXPORTER) {
        Err(format!("a name that ends in {EXPORTER} is that of another schedule's exporter"))
    } else if valid_name(text) && text.len() <= LONGEST_NAME {
        Ok(text.to_owned())
    } else {
        Err(format!("lower-case letters, digits and dashes, {LONGEST_NAME} at the most, as in `nightly-pod`"))
    }
}
