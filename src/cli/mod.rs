//! The command line: what can be asked for. Pure: from words to values.

mod connection;
mod duration;
mod exit;
mod measurement;
mod output;

pub use connection::ConnectionArgs;
pub use exit::ExitCode;
pub use measurement::{DEFAULT_IMAGE, MeasurementArgs, ViaArg};
pub use output::{ColorChoice, OutputArgs};

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};

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
        match &cli.command {
            Command::Pair(arguments)
                if arguments.common.measurement.local.is_some_and(|count| count != 2) =>
            {
                let message = "a pair has two servers: write --local 2, or use `kubectl netbench matrix`";
                Err(Self::command().error(ErrorKind::ValueValidation, message))
            }
            _ => Ok(cli),
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
}

/// The flags of all measuring commands.
#[derive(Debug, Args)]
pub struct CommonArgs {
    /// How to measure.
    #[command(flatten)]
    pub measurement: MeasurementArgs,
    /// Where.
    #[command(flatten)]
    pub connection: ConnectionArgs,
    /// What to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `matrix`.
#[derive(Debug, Args)]
#[command(
    override_usage = "kubectl netbench matrix [OPTIONS] [NODE]...\n       kubectl netbench matrix [OPTIONS] --local <N>",
    after_help = exit::exit_codes!(),
    after_long_help = concat!(
        "Examples:\n",
        "  kubectl netbench matrix                       every ordered pair of the usable nodes\n",
        "  kubectl netbench matrix node-1 node-2 node-5  these nodes\n",
        "  kubectl netbench matrix -l pool=gpu -t 5s -P 4 -o json\n",
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
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Measuring")]
    pub concurrency: Option<u32>,

    /// The flags of all measuring commands.
    #[command(flatten)]
    pub common: CommonArgs,
}

/// `pair`.
#[derive(Debug, Args)]
#[command(
    override_usage = "kubectl netbench pair [OPTIONS] <CLIENT> <SERVER>\n       kubectl netbench pair [OPTIONS] --local 2",
    after_help = exit::exit_codes!(),
    after_long_help = concat!(
        "Examples:\n",
        "  kubectl netbench pair node-1 node-3           both directions, on the pod network\n",
        "  kubectl netbench pair node-1 node-3 --host    the same on the network of the nodes\n",
        "  kubectl netbench pair --local 2               no cluster: two servers on this machine\n\n",
        exit::exit_codes!()
    )
)]
pub struct PairArgs {
    /// The node whose client sends first.
    #[arg(value_name = "CLIENT", required_unless_present = "local", conflicts_with = "local")]
    pub client: Option<String>,
    /// The node whose server receives first.
    #[arg(value_name = "SERVER", required_unless_present = "local", conflicts_with = "local")]
    pub server: Option<String>,

    /// The flags of all measuring commands.
    #[command(flatten)]
    pub common: CommonArgs,
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

    #[test]
    fn a_selector_and_names_exclude_each_other() {
        assert!(Cli::try_parse_from(["kubectl-netbench", "matrix", "a", "-l", "x=y"]).is_err());
        assert!(Cli::try_parse_from(["kubectl-netbench", "matrix", "a", "--local", "2"]).is_err());
    }
}
