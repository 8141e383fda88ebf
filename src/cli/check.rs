//! `check`: what a run would need.

use clap::{Args, ValueEnum};

use super::conflict::{Conflict, check_measurement, check_placement, check_pods, check_volume};
use super::{ConnectionArgs, exit};
use crate::engine::throughput_engine;
use crate::options::Volume;
use crate::options::{EngineId, MeasurementOptions, PlacementOptions, PodOptions, Protocol, node_name};

/// `check`.
#[derive(Debug, Args)]
#[command(
    override_usage = "kubectl netbench check [OPTIONS] [NODE]...\n       kubectl netbench check --rbac [OPTIONS]",
    after_help = "Exit codes: 0 no problems, 1 error, 2 invalid command line, 3 problems found.\n\
                  All flags and examples: --help",
    after_long_help = concat!(
        "check creates nothing. It takes the flags of `matrix` that change what a run needs; a `pair` needs\n",
        "what `check --via job` shows.\n\n",
        "Examples:\n",
        "  kubectl netbench check                        can a matrix be measured here?\n",
        "  kubectl netbench check --host -n team-a       and on the host network, in this namespace?\n",
        "  kubectl netbench check --rbac | kubectl apply -f -\n",
        "                                                create the roles that a run needs\n\n",
        exit::exit_codes! {
            0: "no problems; there may be warnings",
            1: "error: the cluster could not be checked",
            2: "invalid command line",
            3: "problems found",
        }
    )
)]
pub struct CheckArgs {
    /// Nodes to measure [default: all usable nodes]
    #[arg(value_name = "NODE", value_delimiter = ',', value_parser = node_name())]
    pub nodes: Vec<String>,
    /// Label selector for nodes, as in kubectl get
    #[arg(short = 'l', long, conflicts_with = "nodes")]
    pub selector: Option<String>,
    /// Print the roles that a run with these flags needs, as YAML, without contacting a cluster
    #[arg(long, conflicts_with_all = ["output", "nodes", "selector"])]
    pub rbac: bool,
    /// Output format
    #[arg(short, long, value_enum, default_value_t = CheckFormat::Table)]
    pub output: CheckFormat,
    /// Check for latency tests as well
    #[arg(long, help_heading = "Measuring")]
    rtt: bool,
    /// Check for UDP tests
    #[arg(long, help_heading = "Measuring")]
    udp: bool,
    /// Program that measures throughput
    #[arg(long, value_enum, default_value_t, help_heading = "Measuring", hide_short_help = true)]
    engine: EngineId,
    /// Check for a run that is saved on this PersistentVolumeClaim
    #[arg(long, value_name = "CLAIM[:PATH]", value_parser = Volume::parse, hide_short_help = true)]
    pub volume: Option<Volume>,
    /// Where tests run.
    #[command(flatten)]
    pub placement: PlacementOptions,
    /// What the pods have.
    #[command(flatten)]
    pub pods: PodOptions,
    /// In which cluster.
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

/// The output format of `check`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// For people
    Table,
    /// For programs
    Json,
}

impl CheckArgs {
    /// What each test of the run would do.
    pub fn measurement(&self) -> MeasurementOptions {
        let default = MeasurementOptions::default();
        MeasurementOptions {
            latency_time_seconds: self.rtt.then_some(default.time_seconds),
            protocol: if self.udp { Protocol::Udp } else { Protocol::Tcp },
            engine: self.engine,
            ..default
        }
        .resolved()
    }

    pub(super) fn check(&self) -> Result<(), Conflict> {
        let namespace = self.connection.namespace.as_deref();
        check_measurement(&self.measurement())?;
        check_volume(self.volume.is_some(), namespace)?;
        check_pods(&self.pods, namespace, &self.placement)?;
        check_placement(&self.placement, throughput_engine(self.engine))
    }
}
