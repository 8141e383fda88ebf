//! `exporter`: a server of metrics.

use clap::Args;

use super::ConnectionArgs;
use crate::schedule::parse_name;

/// `exporter`.
#[derive(Debug, Args)]
#[command(
    after_help = "It serves /metrics and, for probes, /healthz, until it is ended.",
    after_long_help = concat!(
        "It serves /metrics and, for probes, /healthz, until it is ended. The newest run is looked\n",
        "for each time; of the saved runs, only those are told that went to their end.\n\n",
        "Examples:\n",
        "  kubectl netbench exporter                          the newest of the saved runs, on this machine\n",
        "  kubectl netbench exporter --schedule nightly -n network\n",
        "                                                     that of a schedule\n",
        "  kubectl netbench schedule create nightly -n network --cron @daily --exporter -- matrix\n",
        "                                                     the same in the cluster, beside the schedule"
    )
)]
pub struct ExporterArgs {
    /// Serve the newest run of this schedule, not the newest of the saved runs.
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    pub schedule: Option<String>,
    /// Where to listen: an address with its port, or :PORT for all addresses of this machine.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9710", value_parser = parse_listen)]
    pub listen: String,
    /// The most series: where pairs would be more, only nodes and paths are told.
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(100..))]
    pub max_series: u32,
    /// In which cluster.
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

/// Reads where to listen.
///
/// # Errors
/// There is no port, or nothing before it that could be an address.
fn parse_listen(text: &str) -> Result<String, String> {
    let wrong = || format!("`{text}` is no address with a port: write 127.0.0.1:9710, [::1]:9710 or :9710");
    let (_, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    port.parse::<u16>().map(|_| text.to_owned()).map_err(|_| wrong())
}
