//! How to measure: the flags that `matrix` and `pair` share.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::duration::parse_time;
use crate::engine::iperf3;

/// The image of the pods where none is named. Releases are built with their own.
pub const DEFAULT_IMAGE: &str = match option_env!("NETBENCH_DEFAULT_IMAGE") {
    Some(image) => image,
    None => "docker.io/nicolaka/netshoot:v0.16",
};

/// How clients are started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ViaArg {
    /// A Job for `pair`; for `matrix` exec where it is allowed, else Jobs.
    Auto,
    /// In the pods that run already.
    Exec,
    /// One Job per test.
    Job,
}

/// How to measure.
#[derive(Debug, Args)]
#[command(next_help_heading = "Measuring")]
pub struct MeasurementArgs {
    /// How long each test sends: 5s, 1m30s.
    #[arg(short, long, value_name = "DURATION", default_value = "10s", value_parser = parse_time)]
    pub time: Duration,
    /// TCP streams at the same time in each test.
    #[arg(short = 'P', long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=128))]
    pub parallel: u32,
    /// Measure each pair this often; the table shows means, wide and JSON the spread.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub repeat: u32,
    /// Measure on the network of the nodes, not on that of the pods.
    #[arg(long)]
    pub host: bool,
    /// The image of the pods, where the command line names one.
    #[arg(long, help = image_help())]
    pub image: Option<String>,
    /// The port of the servers [default: 5201]; with --local the first one [default: free ports].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Option<u16>,
    /// How clients are started.
    #[arg(long, value_enum, default_value_t = ViaArg::Auto)]
    pub via: ViaArg,
    /// Use no cluster: this many iperf3 servers on this machine's loopback.
    #[arg(
        long,
        value_name = "N",
        conflicts_with_all = ["host", "via", "namespace", "context", "kubeconfig", "cluster", "user", "impersonate"],
        value_parser = clap::value_parser!(u16).range(2..=64)
    )]
    pub local: Option<u16>,
}

impl MeasurementArgs {
    /// The sending time in whole seconds.
    pub fn time_seconds(&self) -> u32 {
        // the parser has bounded it to a day
        u32::try_from(self.time.as_secs()).unwrap_or(u32::MAX)
    }

    /// The servers' port on a cluster.
    pub fn cluster_port(&self) -> u16 {
        self.port.unwrap_or(iperf3::DEFAULT_PORT)
    }
}

fn image_help() -> String {
    format!(
        "The image of the pods: any with iperf3 on its PATH that runs as any user \
         [env: NETBENCH_IMAGE] [default: {DEFAULT_IMAGE}]"
    )
}
