//! The commands that measure.

use std::path::PathBuf;

use clap::Args;

use super::conflict::{Conflict, check_measurement, check_placement, check_pods};
use super::{ConnectionArgs, DeliveryArgs, GateArgs, OutputArgs, SavingArgs, exit};
use crate::engine::throughput_engine;
use crate::options::{
    MeasurementOptions, Path, PlacementOptions, PlanOptions, PodOptions, node_name, number_in,
};

/// The flags of all measuring commands.
#[derive(Debug, Args)]
pub struct CommonArgs {
    /// What each test does.
    #[command(flatten)]
    pub measurement: MeasurementOptions,
    /// Where tests run.
    #[command(flatten)]
    pub placement: PlacementOptions,
    /// What the pods have.
    #[command(flatten)]
    pub pods: PodOptions,
    /// Alternatives to measuring in a cluster.
    #[command(flatten)]
    pub target: TargetArgs,
    /// In which cluster.
    #[command(flatten)]
    pub connection: ConnectionArgs,
    /// Skip the isolated retest of suspicious pairs
    #[arg(long, help_heading = "Measuring", hide_short_help = true)]
    pub no_confirm: bool,
    /// What the run has to reach.
    #[command(flatten)]
    pub gates: GateArgs,
    /// Where the run is saved.
    #[command(flatten)]
    pub saving: SavingArgs,
    /// Where results go beside that.
    #[command(flatten)]
    pub delivery: DeliveryArgs,
    /// What to print.
    #[command(flatten)]
    pub output: OutputArgs,
    /// Print only the result and errors
    #[arg(short, long, help_heading = "Output")]
    pub quiet: bool,
}

/// Alternatives to measuring in a cluster.
#[derive(Debug, Args)]
#[command(next_help_heading = "Placement")]
pub struct TargetArgs {
    /// Print the objects of the run as YAML, create nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Run N servers on this machine instead of in a cluster
    #[arg(
        long,
        value_name = "N",
        conflicts_with_all = [
            "host", "path", "ip_family", "to", "via", "image", "keep", "dry_run", "volume", "volume_keep",
            "network_policy", "ConnectionArgs", "ObjectOptions",
        ],
        value_parser = number_in(2..=64u16)
    )]
    pub local: Option<u16>,
}

impl CommonArgs {
    /// Checks that the flags can be used together.
    ///
    /// # Errors
    /// The first conflict.
    pub fn check(&self) -> Result<(), Conflict> {
        let namespace = self.connection.namespace.as_deref();
        check_pods(&self.pods, namespace, &self.placement)?;
        check_placement(&self.placement, throughput_engine(self.measurement.engine))?;
        if self.placement.to.is_some() && self.measurement.latency_time_seconds.is_some() {
            let message = "--rtt needs servers of its own: it cannot be used with --to";
            return Err(Conflict::new(&["rtt", "to"], message));
        }
        self.gates.check("latest")?;
        self.delivery.check(namespace)?;
        // of a resumed run, only the document says that it is local
        if self.target.local.is_some() && self.delivery.volume.is_some() {
            let message = "--volume needs a cluster: it cannot be used with --local";
            return Err(Conflict::new(&["volume", "local"], message));
        }
        check_measurement(&self.measurement)
    }
}

/// `matrix`.
#[derive(Debug, Args)]
#[command(
    override_usage = "kubectl netbench matrix [OPTIONS] [NODE]... [-- CLIENT_ARGUMENT...]\n       kubectl netbench matrix [OPTIONS] --to <HOST[:PORT]> [NODE]...",
    after_help = exit::short_exit_codes!(),
    after_long_help = concat!(
        "Examples:\n",
        "  kubectl netbench matrix                       every ordered pair of usable nodes\n",
        "  kubectl netbench matrix node-1 node-2 node-5  these nodes\n",
        "  kubectl netbench matrix -l pool=gpu -t 5s -P 4 -o json\n",
        "  kubectl netbench matrix --path pod,host       the pod network compared with that of the nodes\n",
        "  kubectl netbench matrix --rtt                 throughput and latency\n",
        "  kubectl netbench matrix --to 192.0.2.7        from every node to an external server\n",
        "  kubectl netbench matrix --baseline latest --fail-regression 10%   in a pipeline\n",
        "  kubectl netbench matrix --resume latest       what is missing or failed in the latest run\n",
        "  kubectl netbench matrix --local 4             no cluster: four servers on this machine\n\n",
        exit::measuring_exit_codes!()
    )
)]
pub struct MatrixArgs {
    /// Nodes to measure [default: all usable nodes]
    ///
    /// Nodes that are named are measured despite taints and cordons. `node/NAME` and lists with commas are names as well.
    #[arg(value_name = "NODE", conflicts_with = "local", value_delimiter = ',', value_parser = node_name())]
    pub nodes: Vec<String>,

    /// Label selector for nodes, as in kubectl get
    #[arg(short = 'l', long, conflicts_with_all = ["nodes", "local"])]
    pub selector: Option<String>,

    /// How the plan runs.
    #[command(flatten)]
    pub plan: PlanOptions,

    /// Measure what is missing or failed in this run, with its nodes and flags
    #[arg(
        long,
        hide_short_help = true,
        value_name = "RUN",
        conflicts_with_all = [
            "nodes", "selector", "PlanOptions", "MeasurementOptions", "PlacementOptions", "network_policy",
            "ObjectOptions", "TargetArgs",
        ],
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
        "  kubectl netbench pair node-1 node-3 --host    the same on the host network\n",
        "  kubectl netbench pair node-1 node-3 --path pod,host --rtt   is it the overlay?\n",
        "  kubectl netbench pair node-1 node-3 --udp --bitrate 1G      packet loss and jitter\n",
        "  kubectl netbench pair node-1 far-2 --server-context far     between two clusters\n",
        "  kubectl netbench pair --local 2               no cluster: two servers on this machine\n\n",
        exit::measuring_exit_codes!()
    )
)]
pub struct PairArgs {
    /// Node whose client sends first
    #[arg(
        value_name = "CLIENT",
        required_unless_present = "local",
        conflicts_with = "local",
        value_parser = node_name()
    )]
    pub client: Option<String>,
    /// Node whose server receives first
    #[arg(
        value_name = "SERVER",
        required_unless_present_any = ["local", "to"],
        conflicts_with_all = ["local", "to"],
        value_parser = node_name()
    )]
    pub server: Option<String>,

    /// Context of the cluster with the server's node
    #[arg(long, value_name = "NAME", conflicts_with_all = ["to", "local", "dry_run"], help_heading = "Cluster")]
    pub server_context: Option<String>,
    /// Kubeconfig file of --server-context [default: that of the client]
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
    pub(super) fn check(&self) -> Result<(), Conflict> {
        if self.common.target.local.is_some_and(|count| count != 2) {
            let message = "a pair has two servers: use --local 2, or `kubectl netbench matrix`";
            return Err(Conflict::of_line(message));
        }
        if self.server_context.is_some() {
            let paths = self.common.placement.paths();
            let inner = paths.into_iter().find(|path| matches!(path, Path::Pod | Path::Service));
            if let Some(path) = inner {
                let message = format!(
                    "--path {} does not reach another cluster: use --path host, nodeport or loadbalancer",
                    path.name()
                );
                return Err(Conflict::new(&["path", "server-context"], message));
            }
            if self.common.pods.network_policy {
                let message = "--network-policy does not know the client addresses of another cluster: leave \
                               it out";
                return Err(Conflict::new(&["network-policy", "server-context"], message));
            }
        }
        self.common.check()
    }
}
