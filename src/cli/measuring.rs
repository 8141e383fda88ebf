//! The commands that measure.

use std::path::PathBuf;

use clap::Args;

use super::exit;
use super::{
    ConnectionArgs, DeliveryArgs, GateArgs, InsteadArgs, MeasurementArgs, OutputArgs, PlacementArgs, PodArgs,
    SavingArgs,
};
use crate::document::Path;

/// The flags of all measuring commands.
#[derive(Debug, Args)]
pub struct CommonArgs {
    /// How to measure.
    #[command(flatten)]
    pub measurement: MeasurementArgs,
    /// Where tests take place.
    #[command(flatten)]
    pub placement: PlacementArgs,
    /// What the pods are to have.
    #[command(flatten)]
    pub pods: PodArgs,
    /// What is done instead.
    #[command(flatten)]
    pub instead: InsteadArgs,
    /// In which cluster.
    #[command(flatten)]
    pub connection: ConnectionArgs,
    /// Do not measure suspicious pairs again, each alone, before a finding is printed.
    #[arg(long, help_heading = "Measuring", hide_short_help = true)]
    pub no_confirm: bool,
    /// What the run has to reach.
    #[command(flatten)]
    pub gates: GateArgs,
    /// Where the run is kept.
    #[command(flatten)]
    pub saving: SavingArgs,
    /// Where results go beside that.
    #[command(flatten)]
    pub delivery: DeliveryArgs,
    /// What to print.
    #[command(flatten)]
    pub output: OutputArgs,
    /// Print the result and errors only.
    #[arg(short, long, help_heading = "Output")]
    pub quiet: bool,
}

impl CommonArgs {
    /// Why these flags cannot be used together.
    ///
    /// # Errors
    /// What is wrong, with what to do.
    pub fn check(&self) -> Result<(), String> {
        self.pods.check(self.connection.namespace.as_deref(), &self.placement)?;
        self.placement.check(self.measurement.engine())?;
        if self.placement.to.is_some() && self.measurement.rtt {
            return Err("--rtt needs a server of its own: it cannot be used with --to".to_owned());
        }
        self.gates.check("latest")?;
        self.delivery.check(self.connection.namespace.as_deref())?;
        // of a run that is resumed, the document says so
        if self.instead.local.is_some() && self.delivery.volume.is_some() {
            return Err("--volume is one of a cluster, and a run with --local uses none".to_owned());
        }
        self.measurement.check()
    }
}

/// `matrix`.
#[derive(Debug, Args)]
#[command(
    override_usage = "kubectl netbench matrix [OPTIONS] [NODE]... [-- CLIENT_ARGUMENT...]\n       kubectl netbench matrix [OPTIONS] --to <HOST[:PORT]> [NODE]...",
    after_help = exit::short_exit_codes!(),
    after_long_help = concat!(
        "Examples:\n",
        "  kubectl netbench matrix                       every ordered pair of the usable nodes\n",
        "  kubectl netbench matrix node-1 node-2 node-5  these nodes\n",
        "  kubectl netbench matrix -l pool=gpu -t 5s -P 4 -o json\n",
        "  kubectl netbench matrix --path pod,host       the overlay, the wire, and the difference\n",
        "  kubectl netbench matrix --rtt                 throughput and latency\n",
        "  kubectl netbench matrix --to 192.0.2.7        from every node to a server elsewhere\n",
        "  kubectl netbench matrix --baseline latest --fail-regression 10%   in a pipeline\n",
        "  kubectl netbench matrix --resume latest       what is missing or failed in the last run\n",
        "  kubectl netbench matrix --local 4             no cluster: four servers on this machine\n\n",
        exit::exit_codes!()
    )
)]
pub struct MatrixArgs {
    /// The nodes to measure; all usable ones if none is named.
    ///
    /// Those that are named are measured in spite of taints and cordons.
    #[arg(value_name = "NODE", conflicts_with = "local")]
    pub nodes: Vec<String>,

    /// Only nodes with these labels, as for kubectl get.
    #[arg(short = 'l', long, conflicts_with_all = ["nodes", "local"])]
    pub selector: Option<String>,

    /// The most tests at the same time; without it as many as there are disjoint pairs.
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..),
        conflicts_with = "to",
        help_heading = "Measuring",
        hide_short_help = true
    )]
    pub concurrency: Option<u32>,

    /// Measure what is missing or failed in this run, with its nodes and flags.
    #[arg(
        long,
        hide_short_help = true,
        value_name = "RUN",
        conflicts_with_all = ["nodes", "selector", "concurrency", "MeasurementArgs", "PlacementArgs", "PodArgs", "ObjectArgs", "InsteadArgs"],
        help_heading = "Measuring"
    )]
    pub resume: Option<String>,

    /// The flags of all measuring commands.
    #[command(flatten)]
    pub common: CommonArgs,
}

/// `pair`.
#[derive(Debug, Args)]
#[command(
    override_usage = "kubectl netbench pair [OPTIONS] <CLIENT> <SERVER> [-- CLIENT_ARGUMENT...]\n       kubectl netbench pair [OPTIONS] <CLIENT> --to <HOST[:PORT]>",
    after_help = exit::short_exit_codes!(),
    after_long_help = concat!(
        "Examples:\n",
        "  kubectl netbench pair node-1 node-3           both directions, on the pod network\n",
        "  kubectl netbench pair node-1 node-3 --host    the same on the network of the nodes\n",
        "  kubectl netbench pair node-1 node-3 --path pod,host --rtt   is it the overlay?\n",
        "  kubectl netbench pair node-1 node-3 --udp --bitrate 1G      loss and jitter\n",
        "  kubectl netbench pair node-1 far-2 --server-context far     from one cluster to another\n",
        "  kubectl netbench pair --local 2               no cluster: two servers on this machine\n\n",
        exit::exit_codes!()
    )
)]
pub struct PairArgs {
    /// The node whose client sends first.
    #[arg(value_name = "CLIENT", required_unless_present = "local", conflicts_with = "local")]
    pub client: Option<String>,
    /// The node whose server receives first.
    #[arg(value_name = "SERVER", required_unless_present_any = ["local", "to"], conflicts_with_all = ["local", "to"])]
    pub server: Option<String>,

    /// The context that has the server's node.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["to", "local", "dry_run"], help_heading = "Cluster")]
    pub server_context: Option<String>,
    /// The kubeconfig file of that context, if it is another one.
    #[arg(
        long,
        value_name = "FILE",
        requires = "server_context",
        help_heading = "Cluster",
        hide_short_help = true
    )]
    pub server_kubeconfig: Option<PathBuf>,

    /// The flags of all measuring commands.
    #[command(flatten)]
    pub common: CommonArgs,
}

impl PairArgs {
    pub(super) fn check(&self) -> Result<(), String> {
        let placement = &self.common.placement;
        if self.common.instead.local.is_some_and(|count| count != 2) {
            return Err(
                "a pair has two servers: write --local 2, or use `kubectl netbench matrix`".to_owned()
            );
        }
        let inner = placement.paths().into_iter().find(|path| matches!(path, Path::Pod | Path::Service));
        if self.server_context.is_some()
            && let Some(path) = inner
        {
            let path = if path == Path::Pod { "pod" } else { "service" };
            return Err(format!(
                "--path {path} does not lead to another cluster: use --path host, nodeport or loadbalancer"
            ));
        }
        if self.server_context.is_some() && self.common.pods.network_policy {
            return Err(
                "--network-policy does not know the addresses of clients of another cluster: leave it out"
                    .to_owned(),
            );
        }
        self.common.check()
    }
}
