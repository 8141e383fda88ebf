//! `check`: what a run would need, by the flags that change it.

use clap::{Args, ValueEnum};

use super::exit;
use super::measurement::EngineArg;
use super::{ConnectionArgs, DeliveryArgs, PlacementArgs, PodArgs};
use crate::delivery::volume::Volume;
use crate::document::Protocol;
use crate::engine::iperf2::Bounceback;
use crate::engine::{ClientOptions, Engine};

/// `check`.
#[derive(Debug, Args)]
#[command(
    override_usage = "kubectl netbench check [OPTIONS] [NODE]...\n       kubectl netbench check --rbac [OPTIONS]",
    after_help = exit::short_exit_codes!(),
    after_long_help = concat!(
        "Nothing is made. Its flags are those of `matrix` that change what a run needs; a `pair` needs what\n",
        "`check --via job` tells.\n\n",
        "Examples:\n",
        "  kubectl netbench check                        may a matrix be measured here?\n",
        "  kubectl netbench check --host -n team-a       and there, on the network of the nodes?\n",
        "  kubectl netbench check --rbac | kubectl apply -f -\n",
        "                                                makes the roles that a run needs\n\n",
        exit::exit_codes!()
    )
)]
pub struct CheckArgs {
    /// The nodes to measure; all usable ones if none is named.
    #[arg(value_name = "NODE")]
    pub nodes: Vec<String>,
    /// Only nodes with these labels, as for kubectl get.
    #[arg(short = 'l', long, conflicts_with = "nodes")]
    pub selector: Option<String>,
    /// Print the roles that a run with these flags needs, as YAML, and ask no cluster.
    #[arg(long, conflicts_with_all = ["output", "nodes", "selector"])]
    pub rbac: bool,
    /// The form of the result.
    #[arg(short, long, value_enum, default_value_t = CheckFormat::Table)]
    pub output: CheckFormat,
    /// Latency is measured as well.
    #[arg(long, help_heading = "Measuring")]
    pub rtt: bool,
    /// UDP is measured.
    #[arg(long, help_heading = "Measuring")]
    pub udp: bool,
    /// The program that measures throughput.
    #[arg(long, value_enum, default_value_t = EngineArg::Iperf3, help_heading = "Measuring", hide_short_help = true)]
    pub engine: EngineArg,
    /// The document is kept on this PersistentVolumeClaim.
    #[arg(long, value_name = "CLAIM[:PATH]", value_parser = Volume::parse, hide_short_help = true)]
    pub volume: Option<Volume>,
    /// Where tests take place.
    #[command(flatten)]
    pub placement: PlacementArgs,
    /// What the pods are to have.
    #[command(flatten)]
    pub pods: PodArgs,
    /// In which cluster.
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

/// The form of what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// For people.
    Table,
    /// For programs.
    Json,
}

impl CheckArgs {
    /// Why these flags cannot be used together.
    ///
    /// # Errors
    /// What is wrong, with what to do.
    pub(super) fn check(&self) -> Result<(), String> {
        let engine = self.engine.engine();
        let options = ClientOptions { protocol: self.protocol(), ..ClientOptions::tcp(1) };
        if let Some(flag) = engine.unsupported(&options) {
            return Err(format!("{flag} cannot be used with --engine iperf2: leave one of them out"));
        }
        DeliveryArgs::check_volume(self.volume.as_ref(), self.connection.namespace.as_deref())?;
        self.pods.check(self.connection.namespace.as_deref(), &self.placement)?;
        self.placement.check(engine)
    }

    /// The protocol of throughput tests.
    pub fn protocol(&self) -> Protocol {
        if self.udp { Protocol::Udp } else { Protocol::Tcp }
    }

    /// The program that measures latency; none if that is not asked for.
    pub fn latency_engine(&self) -> Option<&'static dyn Engine> {
        self.rtt.then_some(&Bounceback)
    }
}
