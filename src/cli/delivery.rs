//! The flags for additional destinations of results.

use std::path::PathBuf;

use clap::Args;

use super::conflict::{Conflict, check_volume};

use crate::options::{Pushgateway, Retention, Volume};

/// The destinations of results in addition to the output and the saved runs.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct DeliveryArgs {
    /// Push metrics to this Prometheus Pushgateway, such as `http://pushgateway:9091`.
    ///
    /// The group is the job `netbench`, for runs of a schedule with the labels `namespace` and `schedule`. A URL that
    /// contains /metrics/job/NAME sets another group.
    #[arg(long, value_name = "URL", value_parser = Pushgateway::parse, hide_short_help = true)]
    pub push: Option<Pushgateway>,
    /// Write metrics to this .prom file for the textfile collector of node_exporter.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub metrics_file: Option<PathBuf>,
    /// Also keep the run document on this PersistentVolumeClaim.
    ///
    /// The claim is in the namespace of --namespace. The file is named after the start of the run.
    #[arg(
        long,
        value_name = "CLAIM[:PATH]",
        value_parser = Volume::parse,
        hide_short_help = true
    )]
    pub volume: Option<Volume>,
    /// Runs to keep on the volume: a number, or an age, e.g. 100 or 90d [default: all]
    #[arg(long, value_name = "N|AGE", value_parser = Retention::parse, hide_short_help = true)]
    pub volume_keep: Option<Retention>,
}

impl DeliveryArgs {
    /// Checks these flags together. `namespace` is the value of `--namespace`.
    ///
    /// # Errors
    /// A flag needs another one.
    pub(super) fn check(&self, namespace: Option<&str>) -> Result<(), Conflict> {
        check_volume(self.volume.is_some(), namespace)?;
        if self.volume_keep.is_some() && self.volume.is_none() {
            return Err(Conflict::new(&["volume-keep", "volume"], "--volume-keep needs --volume"));
        }
        Ok(())
    }
}
