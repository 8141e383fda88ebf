//! The command line: what can be asked for. Pure: from words to values.

mod address;
mod asked;
mod check;
mod completion;
mod config;
mod connection;
mod console;
mod delivery;
mod duration;
mod exit;
mod exporter;
mod gates;
mod measurement;
mod measuring;
mod output;
mod placement;
mod pods;
mod quantity;
mod saved;
mod saving;
mod schedule;

pub use address::Address;
pub use asked::Asked;
pub use check::{CheckArgs, CheckFormat};
pub use completion::{CompleteArgs, CompletionArgs, CompletionCommand, InstallArgs};
pub use config::ConfigArgs;
pub use connection::ConnectionArgs;
pub use console::{ColorChoice, ConsoleArgs};
pub use delivery::DeliveryArgs;
pub use exit::ExitCode;
pub use exporter::ExporterArgs;
pub use gates::{GateArgs, RegressionArgs};
pub use measurement::MeasurementArgs;
pub use measuring::{CommonArgs, MatrixArgs, PairArgs};
pub use output::OutputArgs;
pub use placement::{InsteadArgs, PlacementArgs, ViaArg};
pub use pods::{ObjectArgs, PodArgs};
pub use saved::{CompareArgs, DeleteArgs, ListFormat, ReportArgs, RunsArgs, RunsCommand};
pub use saving::{Saving, SavingArgs};
pub use schedule::{
    ProgramImageArgs, ScheduleArgs, ScheduleCommand, ScheduleCreateArgs, ScheduleListArgs, ScheduleLogsArgs,
    ScheduleNameArgs,
};

use std::ffi::OsString;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

/// Measures the network between the nodes of a Kubernetes cluster.
///
/// Places an iperf3 server on each node, runs clients between them in rounds in which no node is
/// used twice, prints the node-by-node throughput matrix, and removes all it has made.
#[derive(Debug, Parser)]
#[command(
    name = "kubectl-netbench",
    bin_name = "kubectl netbench",
    version = env!("NETBENCH_VERSION"),
    after_help = exit::short_exit_codes!(),
    arg_required_else_help = true,
    subcommand_required = true,
    max_term_width = 100
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// How to talk to whoever reads the terminal.
    #[command(flatten)]
    pub console: ConsoleArgs,
}

impl Cli {
    /// Reads the words of a command line, the program's name first. `command` is that of this type,
    /// perhaps with other defaults.
    ///
    /// # Errors
    /// They make no sense, or ask for help: the error prints itself.
    pub fn read(
        command: clap::Command,
        words: impl IntoIterator<Item = OsString>,
    ) -> Result<Self, clap::Error> {
        let matches = command.try_get_matches_from(words)?;
        let cli = Self::from_arg_matches(&matches)?;
        let checked = match &cli.command {
            // what a resumed run was asked for is known only once it is read
            Command::Matrix(arguments) if arguments.resume.is_some() => Ok(()),
            Command::Matrix(arguments) => arguments.common.check(),
            Command::Pair(arguments) => arguments.check(),
            Command::Check(arguments) => arguments.check(),
            Command::Report(arguments) => arguments.gates.check("latest~1"),
            Command::Schedule(arguments) => arguments.check(),
            Command::Compare(_)
            | Command::Runs(_)
            | Command::Exporter(_)
            | Command::Cleanup(_)
            | Command::Config(_)
            | Command::Completion(_)
            | Command::Complete(_) => Ok(()),
        };
        let subcommands = std::iter::successors(matches.subcommand(), |(_, matches)| matches.subcommand())
            .map(|(name, _)| name);
        checked.map(|()| cli).map_err(|message| Self::mistake(subcommands, message))
    }

    /// A mistake in the words of a command, of which the usage is shown: `schedule`, `create`.
    pub(crate) fn mistake<'a>(
        mut subcommands: impl Iterator<Item = &'a str>,
        message: impl std::fmt::Display,
    ) -> clap::Error {
        let mut program = Self::command();
        program.build();
        let command =
            subcommands.try_fold(program.clone(), |command, name| command.find_subcommand(name).cloned());
        command.unwrap_or(program).error(ErrorKind::ValueValidation, message)
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Measure every ordered pair of nodes.
    Matrix(Box<MatrixArgs>),
    /// Measure two nodes, both directions.
    Pair(Box<PairArgs>),
    /// Tell what a run would need, make and lack in a cluster, and make nothing.
    Check(Box<CheckArgs>),
    /// Show a saved run, in any form.
    Report(Box<ReportArgs>),
    /// Show what has changed between two runs.
    Compare(CompareArgs),
    /// List the saved runs, or delete some.
    Runs(Box<RunsArgs>),
    /// Manage schedules: recurring runs that the cluster starts itself.
    Schedule(ScheduleArgs),
    /// Serve the metrics of the newest run to Prometheus.
    Exporter(ExporterArgs),
    /// Remove what runs have left in the cluster: those that were killed, and those with --keep.
    Cleanup(CleanupArgs),
    /// Show the settings in force, and where each comes from.
    Config(Box<ConfigArgs>),
    /// Set up the completion of commands, flags, node names and more by the TAB key.
    Completion(CompletionArgs),
    /// Complete the last of these words, for kubectl.
    #[command(name = "__complete", hide = true)]
    Complete(CompleteArgs),
}

/// `cleanup`.
#[derive(Debug, Args)]
#[command(after_help = exit::exit_codes!())]
pub struct CleanupArgs {
    /// Remove also what belongs to runs that are going on, or may be.
    #[arg(long)]
    pub all: bool,
    /// Only what is at least so old.
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub older_than: Option<Duration>,
    /// Print what would be removed, and remove nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// In which cluster.
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Path;

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
    fn flags_of_pods_fit_together() {
        let why = |words: &str| {
            let words = format!("kubectl-netbench {words}");
            let read = Cli::read(Cli::command(), words.split_whitespace().map(OsString::from));
            read.map(drop).map_err(|error| error.to_string()).err().unwrap_or_default()
        };
        assert!(why("matrix --local 2 --label team=a").contains("--local"));
        assert!(why("matrix --keep --network-policy").contains("cannot be used with"));
        assert!(why("matrix --service-account a").contains("name it with --namespace"));
        assert!(why("matrix --network-policy --path loadbalancer").contains("load balancer"));
        assert!(why("pair a b --server-context c --network-policy").contains("another cluster"));
        assert_eq!(why("matrix -n team-a --service-account a --image-pull-secret b --network-policy"), "");
    }

    #[test]
    fn a_pair_is_of_two() {
        let read = |count: &str| read(&format!("pair --local {count}"));
        assert!(read("2").is_ok());
        assert!(read("3").unwrap_err().contains("--local 2"));
    }

    /// What a command prints, on a terminal of 80 columns.
    fn help(command: &str, flag: &str) -> String {
        let words = ["kubectl-netbench", command, flag].into_iter().filter(|word| !word.is_empty());
        Cli::command().term_width(80).try_get_matches_from(words).unwrap_err().to_string()
    }

    #[test]
    fn the_short_help_fits_a_screen_and_the_long_one_has_all_flags() {
        for command in Cli::command().get_subcommands().filter(|command| !command.is_hide_set()) {
            let name = command.get_name();
            let (short, long) = (help(name, "-h"), help(name, "--help"));
            assert!(short.lines().count() <= 48, "{name}: {} lines\n{short}", short.lines().count());
            for flag in command.get_arguments().filter_map(clap::Arg::get_long) {
                assert!(long.contains(&format!("--{flag}")), "{name}: {flag}");
            }
        }
        assert!(help("", "-h").lines().count() <= 48);
    }

    #[test]
    fn both_helps_tell_the_exit_codes() {
        for command in ["matrix", "pair", "check"] {
            assert!(help(command, "-h").contains("130 interrupted"), "{command}");
            assert!(help(command, "--help").contains("130  interrupted"), "{command}");
        }
    }

    fn read(words: &str) -> Result<Cli, String> {
        let words = std::iter::once("kubectl-netbench").chain(words.split_whitespace());
        Cli::read(Cli::command(), words.map(OsString::from)).map_err(|error| error.to_string())
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
            ("check --local 2", "--local"),
            ("check --dry-run", "--dry-run"),
            ("check --rbac -o json", "--output"),
            ("check --to x --path service", "use --path pod or host"),
            ("check --engine iperf2 --udp", "--udp cannot be used with --engine iperf2"),
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
