//! The command line: what can be asked for. Pure: from words to values.

mod address;
mod connection;
mod duration;
mod exit;
mod measurement;
mod output;
mod placement;
mod quantity;

pub use address::Address;
pub use connection::ConnectionArgs;
pub use exit::ExitCode;
pub use measurement::MeasurementArgs;
pub use output::{ColorChoice, OutputArgs};
pub use placement::{DEFAULT_IMAGE, PlacementArgs, ViaArg};

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::document::Path;

/// Measures the network between the nodes of a Kubernetes cluster.
///
/// Places an iperf3 server on each node, runs clients between them in rounds in which no node is
/// used twice, prints the node-by-node throughput matrix, and removes all it has made.
#[derive(Debug, Parser)]
#[command(
    name = "kubectl-netbench",
    bin_name = "kubectl netbench",
    version,
    after_help = exit::exit_codes!(),
    arg_required_else_help = true,
    subcommand_required = true,
    max_term_width = 100
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// Reads the words of a command line, the program's name first.
    ///
    /// # Errors
    /// They make no sense, or ask for help: the error prints itself.
    pub fn read(words: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let cli = Self::try_parse_from(words)?;
        let checked = match &cli.command {
            Command::Matrix(arguments) => arguments.common.check(),
            Command::Pair(arguments) => arguments.check(),
            Command::Cleanup(_) => Ok(()),
        };
        match checked {
            Ok(()) => Ok(cli),
            Err(message) => Err(Self::command().error(ErrorKind::ValueValidation, message)),
        }
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Measure every ordered pair of nodes.
    Matrix(MatrixArgs),
    /// Measure two nodes, both directions.
    Pair(PairArgs),
    /// Remove the servers that runs with --keep have left.
    Cleanup(CleanupArgs),
}

/// The flags of all measuring commands.
#[derive(Debug, Args)]
pub struct CommonArgs {
    /// How to measure.
    #[command(flatten)]
    pub measurement: MeasurementArgs,
    /// Where tests take place.
    #[command(flatten)]
    pub placement: PlacementArgs,
    /// In which cluster.
    #[command(flatten)]
    pub connection: ConnectionArgs,
    /// What to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

impl CommonArgs {
    fn check(&self) -> Result<(), String> {
        let paths = self.placement.paths();
        if self.placement.to.is_some() && paths.iter().any(|path| path.has_service()) {
            return Err("--to leads past every Service: use --path pod or host".to_owned());
        }
        if self.placement.to.is_some() && self.measurement.engine().reads_server() {
            return Err("--to needs --engine iperf3: what an iperf 2 server receives is told by itself only"
                .to_owned());
        }
        self.measurement.check()
    }
}

/// `matrix`.
#[derive(Debug, Args)]
#[command(
    override_usage = "kubectl netbench matrix [OPTIONS] [NODE]... [-- CLIENT_ARGUMENT...]\n       kubectl netbench matrix [OPTIONS] --to <HOST[:PORT]> [NODE]...\n       kubectl netbench matrix [OPTIONS] --local <N>",
    after_help = exit::exit_codes!(),
    after_long_help = concat!(
        "Examples:\n",
        "  kubectl netbench matrix                       every ordered pair of the usable nodes\n",
        "  kubectl netbench matrix node-1 node-2 node-5  these nodes\n",
        "  kubectl netbench matrix -l pool=gpu -t 5s -P 4 -o json\n",
        "  kubectl netbench matrix --path pod,host       the overlay, the wire, and the difference\n",
        "  kubectl netbench matrix --rtt                 throughput and latency\n",
        "  kubectl netbench matrix --to 192.0.2.7        from every node to a server elsewhere\n",
        "  kubectl netbench matrix --local 4             no cluster: four servers on this machine\n\n",
        exit::exit_codes!()
    )
)]
pub struct MatrixArgs {
    /// The nodes to measure, in spite of taints and cordons; all usable ones if none is named.
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
        help_heading = "Measuring"
    )]
    pub concurrency: Option<u32>,

    /// The flags of all measuring commands.
    #[command(flatten)]
    pub common: CommonArgs,
}

/// `pair`.
#[derive(Debug, Args)]
#[command(
    override_usage = "kubectl netbench pair [OPTIONS] <CLIENT> <SERVER> [-- CLIENT_ARGUMENT...]\n       kubectl netbench pair [OPTIONS] <CLIENT> <SERVER> --server-context <CONTEXT>\n       kubectl netbench pair [OPTIONS] <CLIENT> --to <HOST[:PORT]>\n       kubectl netbench pair [OPTIONS] --local 2",
    after_help = exit::exit_codes!(),
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

    /// The context of the cluster that has the server's node, if it is another one.
    #[arg(long, value_name = "CONTEXT", conflicts_with_all = ["to", "local", "dry_run"], help_heading = "Cluster")]
    pub server_context: Option<String>,
    /// The kubeconfig file of that context, if it is another one.
    #[arg(long, value_name = "FILE", requires = "server_context", help_heading = "Cluster")]
    pub server_kubeconfig: Option<PathBuf>,

    /// The flags of all measuring commands.
    #[command(flatten)]
    pub common: CommonArgs,
}

impl PairArgs {
    fn check(&self) -> Result<(), String> {
        let placement = &self.common.placement;
        if placement.local.is_some_and(|count| count != 2) {
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
        self.common.check()
    }
}

/// `cleanup`.
#[derive(Debug, Args)]
pub struct CleanupArgs {
    /// In which cluster.
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn usage_says_kubectl_netbench() {
        let error =
            Cli::try_parse_from(["kubectl-netbench", "matrix", "--tim", "5s"]).unwrap_err().to_string();
        assert!(error.contains("Usage: kubectl netbench matrix"), "{error}");
        assert!(error.contains("'--time'"), "{error}");
    }

    #[test]
    fn a_pair_is_of_two() {
        let read =
            |count: &str| Cli::read(["kubectl-netbench", "pair", "--local", count].map(OsString::from));
        assert!(read("2").is_ok());
        assert!(read("3").unwrap_err().to_string().contains("--local 2"));
    }

    #[test]
    fn both_helps_tell_the_exit_codes() {
        for help in ["-h", "--help"] {
            for command in ["matrix", "pair"] {
                let text = Cli::try_parse_from(["kubectl-netbench", command, help]).unwrap_err().to_string();
                assert!(text.contains("130  interrupted"), "{command} {help}");
            }
        }
    }

    fn read(words: &str) -> Result<Cli, String> {
        let words = std::iter::once("kubectl-netbench").chain(words.split_whitespace());
        Cli::read(words.map(OsString::from)).map_err(|error| error.to_string())
    }

    #[test]
    fn paths_are_a_list_and_host_is_one_of_them() {
        let paths = |words: &str| match read(words).unwrap().command {
            Command::Matrix(arguments) => arguments.common.placement.paths(),
            _ => Vec::new(),
        };
        assert_eq!(paths("matrix --path pod,host,pod"), [Path::Pod, Path::Host]);
        assert_eq!(paths("matrix --host"), [Path::Host]);
        assert_eq!(paths("matrix"), []);
        assert!(read("matrix --host --path pod").is_err());
    }

    #[test]
    fn what_cannot_go_together_is_told_with_what_to_do() {
        for (words, told) in [
            ("matrix --engine iperf2 --udp", "--udp cannot be used with --engine iperf2"),
            ("matrix --engine iperf2 --bidir", "--bidir cannot be used with --engine iperf2"),
            ("matrix -- -J", "`-J` cannot be handed to iperf3: the form of the report is chosen for you"),
            ("matrix -- -p 7", "use --port before the `--`"),
            ("matrix --udp --length 70000", "65507"),
            ("matrix --udp --mss 1200", "--mss is TCP's"),
            ("pair a b --server-context c --path pod", "use --path host, nodeport or loadbalancer"),
            ("matrix --to x --rtt", "--rtt"),
            ("matrix --to x --path pod,service", "use --path pod or host"),
            ("matrix --to x --concurrency 2", "--concurrency"),
            ("matrix --to x --engine iperf2", "--to needs --engine iperf3"),
            ("pair a b --to x", "--to"),
        ] {
            let error = read(words).map(|_| ()).unwrap_err();
            assert!(error.contains(told), "{words}: {error}");
        }
        assert!(read("pair a --to 192.0.2.7:5202 -- -Z").is_ok());
        assert!(read("matrix a b -- -Z").is_ok());
    }

    #[test]
    fn a_selector_and_names_exclude_each_other() {
        assert!(Cli::try_parse_from(["kubectl-netbench", "matrix", "a", "-l", "x=y"]).is_err());
        assert!(Cli::try_parse_from(["kubectl-netbench", "matrix", "a", "--local", "2"]).is_err());
    }
}
