//! Where results go beside the user's own runs.

use std::path::PathBuf;

use clap::Args;

use super::conflict::{Conflict, check_volume};

use crate::delivery::Gateway;
use crate::delivery::volume::{Retention, Volume};

/// Where results go beside the user's own runs.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct DeliveryArgs {
    /// Push the metrics to this Pushgateway of Prometheus, as `http://gateway:9091`.
    ///
    /// As the job `netbench`; a run of a schedule with the labels `namespace` and `schedule`. An address with
    /// /metrics/job/NAME in it names another group.
    #[arg(long, value_name = "URL", value_parser = Gateway::parse, hide_short_help = true)]
    pub push: Option<Gateway>,
    /// Write the metrics to this file, for the textfile collector of node_exporter: it ends in .prom.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub metrics_file: Option<PathBuf>,
    /// Keep the document of the run on this PersistentVolumeClaim as well.
    ///
    /// In the namespace of --namespace. The file is named by the time at which the run began.
    #[arg(
        long,
        value_name = "CLAIM[:PATH]",
        value_parser = Volume::parse,
        hide_short_help = true
    )]
    pub volume: Option<Volume>,
    /// Delete older documents there: all but the newest 100, or those older than 90d [default: none].
    #[arg(long, value_name = "N|AGE", value_parser = Retention::parse, hide_short_help = true)]
    pub volume_keep: Option<Retention>,
}

impl DeliveryArgs {
    /// Why these flags make no sense. `namespace` is that of the run, if it was given.
    ///
    /// # Errors
    /// What is wrong, with what to do.
    pub(super) fn check(&self, namespace: Option<&str>) -> Result<(), Conflict> {
        check_volume(self.volume.is_some(), namespace)?;
        if self.volume_keep.is_some() && self.volume.is_none() {
            return Err(Conflict::new(&["volume-keep", "volume"], "--volume-keep needs --volume"));
        }
        Ok(())
    }
}
