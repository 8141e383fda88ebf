//! `exporter`: a metrics server for Prometheus.

use clap::Args;

use super::{ConnectionArgs, exit};
use crate::options::{number_in, parse_schedule_name};

/// `exporter`.
#[derive(Debug, Args)]
#[command(
    after_help = "Serves /metrics, and /healthz for probes, until it is interrupted.",
    after_long_help = concat!(
        "Serves /metrics, and /healthz for probes, until it is interrupted. Each scrape looks for the\n",
        "latest run. Incomplete saved runs are ignored.\n\n",
        "Examples:\n",
        "  kubectl netbench exporter                          the latest saved run on this machine\n",
        "  kubectl netbench exporter --schedule nightly -n network\n",
        "                                                     the latest run of a schedule\n",
        "  kubectl netbench schedule create nightly -n network --cron @daily --exporter -- matrix\n",
        "                                                     the same, deployed in the cluster\n\n",
        exit::exit_codes! {
            0: "interrupted while it was serving",
            1: "error: it cannot listen on the address, or cannot connect to the cluster",
            2: "invalid command line",
            130: "interrupted while it was connecting to the cluster",
        }
    )
)]
pub struct ExporterArgs {
    /// Serve the latest run of this schedule instead of the latest saved run.
    #[arg(long, value_name = "NAME", value_parser = parse_schedule_name)]
    pub schedule: Option<String>,
    /// Address and port to listen on; :PORT for all addresses.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9710", value_parser = parse_listen)]
    pub listen: String,
    /// Maximum number of series; beyond it, the metrics of single pairs are omitted.
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = number_in(100u32..))]
    pub max_series: u32,
    /// The connection to the cluster.
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

/// Parses the address to listen on.
///
/// # Errors
/// It has no port.
fn parse_listen(text: &str) -> Result<String, String> {
    let invalid =
        || format!("`{text}` is not an address with a port: use 127.0.0.1:9710, [::1]:9710 or :9710");
    let (_, port) = text.rsplit_once(':').ok_or_else(invalid)?;
    port.parse::<u16>().map(|_| text.to_owned()).map_err(|_| invalid())
}
