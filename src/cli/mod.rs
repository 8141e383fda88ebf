//! The command line. Pure: from words to values.

mod check;
mod completion;
mod config;
mod conflict;
mod connection;
mod console;
mod delivery;
mod exit;
mod exporter;
mod gates;
mod measuring;
mod output;
mod partial;
mod saved;
mod saving;
mod schedule;

pub use check::{CheckArgs, CheckFormat};
pub use completion::{CompleteArgs, CompletionArgs, CompletionCommand, InstallArgs, Shell};
pub use config::ConfigArgs;
pub use conflict::Conflict;
pub use connection::ConnectionArgs;
pub use console::{ColorChoice, ConsoleArgs};
pub use delivery::DeliveryArgs;
pub use exit::ExitCode;
pub use exporter::ExporterArgs;
pub use gates::{GateArgs, RegressionArgs};
pub use measuring::{CommonArgs, MatrixArgs, PairArgs, TargetArgs};
pub use output::OutputArgs;
pub use partial::PartialLine;
pub use saved::{CompareArgs, DeleteArgs, ListFormat, ReportArgs, RunsArgs, RunsCommand};
pub use saving::{Saving, SavingArgs};
pub use schedule::{
    ProgramImageArgs, ScheduleArgs, ScheduleCommand, ScheduleCreateArgs, ScheduleListArgs, ScheduleLogsArgs,
    ScheduleNameArgs,
};

use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::options::parse_duration;

/// The last line of the help of the program.
macro_rules! help_of_commands {
    () => {
        "Use `kubectl netbench COMMAND --help` for the flags, examples and exit codes of a command, and\n`kubectl netbench options` for the flags of the connection to a cluster."
    };
}

/// Measure the network between the nodes of a Kubernetes cluster
///
/// Runs an iperf3 server on each node and clients between them, in rounds in which no node is used twice, prints
/// the node-by-node throughput matrix, and deletes all objects that it created.
#[derive(Debug, Parser)]
#[command(
    name = "kubectl-netbench",
    bin_name = "kubectl netbench",
    version = env!("NETBENCH_VERSION"),
    after_help = help_of_commands!(),
    after_long_help = concat!(
        exit::exit_codes! {
            0: "success",
            1: "error",
            2: "invalid command line",
            3: "some pairs failed or were not measured; check: problems found;\n       runs: some saved runs could not be read",
            4: "a gate failed: --fail-below, --fail-regression",
            130: "interrupted",
        },
        "\n\n",
        help_of_commands!()
    ),
    arg_required_else_help = true,
    subcommand_required = true,
    max_term_width = 100
)]
pub struct Cli {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
    /// What the terminal shows.
    #[command(flatten)]
    pub console: ConsoleArgs,
}

impl Cli {
    /// Checks that the options of the command can be used together.
    ///
    /// # Errors
    /// The first conflict.
    pub fn check(&self) -> Result<(), Conflict> {
        match &self.command {
            // the options of a resumed run are known once the run is loaded
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
            | Command::Options(_)
            | Command::Config(_)
            | Command::Completion(_)
            | Command::Complete(_) => Ok(()),
        }
    }

    /// An error in the arguments of a command, shown with its usage. `subcommands` is its path: `schedule`,
    /// `create`.
    pub(crate) fn usage_error<'a>(
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
    /// Measure the network between all nodes, in both directions
    Matrix(Box<MatrixArgs>),
    /// Measure one pair of nodes in both directions
    Pair(Box<PairArgs>),
    /// Check permissions and prerequisites without creating anything
    Check(Box<CheckArgs>),
    /// Show a saved run in any format
    Report(Box<ReportArgs>),
    /// Compare two runs
    Compare(CompareArgs),
    /// List, fetch or delete saved runs
    Runs(Box<RunsArgs>),
    /// Run measurements on a schedule in the cluster
    Schedule(ScheduleArgs),
    /// Serve the results of the latest run to Prometheus
    Exporter(ExporterArgs),
    /// Delete what killed runs left behind, and kept servers
    Cleanup(CleanupArgs),
    /// List the connection flags of all commands
    Options(OptionsArgs),
    /// Show the effective settings and their sources
    Config(Box<ConfigArgs>),
    /// Set up shell completion of commands, flags, node names and more
    Completion(CompletionArgs),
    /// Complete the last word, for kubectl
    #[command(name = "__complete", hide = true)]
    Complete(CompleteArgs),
}

/// `cleanup`.
#[derive(Debug, Args)]
#[command(after_help = exit::exit_codes! {
    0: "all leftovers were deleted, or there were none",
    1: "error, or some objects could not be deleted",
    2: "invalid command line",
})]
pub struct CleanupArgs {
    /// Also delete objects of runs that are, or may be, in progress
    #[arg(long)]
    pub all: bool,
    /// Only objects older than DURATION
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub older_than: Option<Duration>,
    /// Print what would be deleted without deleting it
    #[arg(long)]
    pub dry_run: bool,
    /// In which cluster.
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

/// `options`.
#[derive(Debug, Args)]
#[command(override_usage = "kubectl netbench COMMAND [OPTIONS]")]
pub struct OptionsArgs {
    /// Which cluster.
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Path;

    #[test]
    fn command_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn usage_names_the_plugin() {
        let error =
            Cli::try_parse_from(["kubectl-netbench", "matrix", "--tim", "5s"]).unwrap_err().to_string();
        assert!(error.contains("Usage: kubectl netbench matrix"), "{error}");
        assert!(error.contains("'--time'"), "{error}");
    }

    #[test]
    fn conflicting_pod_flags_are_rejected() {
        let why = |words: &str| read(words).map(drop).err().unwrap_or_default();
        assert!(why("matrix --local 2 --label team=a").contains("--local"));
        assert!(why("matrix --keep --network-policy").contains("cannot be used with"));
        assert!(why("matrix --service-account a").contains("add --namespace"));
        assert!(why("matrix --network-policy --path loadbalancer").contains("load balancer"));
        assert!(why("pair a b --server-context c --network-policy").contains("another cluster"));
        assert_eq!(why("matrix -n team-a --service-account a --image-pull-secret b --network-policy"), "");
    }

    #[test]
    fn pair_with_other_than_two_local_servers_is_rejected() {
        let read = |count: &str| read(&format!("pair --local {count}"));
        assert!(read("2").is_ok());
        assert!(read("3").unwrap_err().contains("--local 2"));
    }

    #[test]
    fn nodes_are_named_as_kubectl_prints_them() {
        let words = "matrix node/a nodes/b,c no/d e.example.org";
        let Command::Matrix(matrix) = read(words).unwrap().command else { panic!("it is a matrix") };
        assert_eq!(matrix.nodes, ["a", "b", "c", "d", "e.example.org"]);
        let Command::Pair(pair) = read("pair node/a b").unwrap().command else { panic!("it is a pair") };
        assert_eq!((pair.client.as_deref(), pair.server.as_deref()), (Some("a"), Some("b")));
    }

    /// The help of a command on a terminal of 80 columns.
    fn help(command: &str, flag: &str) -> String {
        let words = ["kubectl-netbench"].into_iter().chain(command.split_whitespace()).chain([flag]);
        Cli::command().term_width(80).try_get_matches_from(words).unwrap_err().to_string()
    }

    #[test]
    fn short_help_fits_on_a_screen_and_long_help_has_all_flags() {
        for command in Cli::command().get_subcommands().filter(|command| !command.is_hide_set()) {
            let name = command.get_name();
            let (short, long) = (help(name, "-h"), help(name, "--help"));
            assert!(short.lines().count() <= 48, "{name}: {} lines\n{short}", short.lines().count());
            let shown = command.get_arguments().filter(|flag| !flag.is_hide_set());
            for flag in shown.filter_map(clap::Arg::get_long) {
                assert!(long.contains(&format!("--{flag}")), "{name}: {flag}");
            }
        }
        assert!(help("", "-h").lines().count() <= 48);
    }

    #[test]
    fn short_help_of_measuring_commands_lists_exit_codes() {
        for command in ["matrix", "pair"] {
            assert!(help(command, "-h").contains("130 interrupted"), "{command}");
        }
        assert!(help("check", "-h").contains("3 problems found"));
    }

    #[test]
    fn long_help_lists_the_exit_codes_of_the_command() {
        let (success, measuring) = (&["0", "1", "2"][..], &["0", "1", "2", "3", "4", "130"][..]);
        let interruptible = &["0", "1", "2", "130"][..];
        for (command, expected) in [
            ("", measuring),
            ("matrix", measuring),
            ("pair", measuring),
            ("check", &["0", "1", "2", "3"]),
            ("report", &["0", "1", "2", "3", "4"]),
            ("compare", &["0", "1", "2", "4"]),
            ("runs", &["0", "1", "2", "3", "130"]),
            ("runs delete", success),
            ("schedule create", interruptible),
            ("schedule list", success),
            ("schedule run", measuring),
            ("schedule logs", measuring),
            ("schedule delete", success),
            ("exporter", interruptible),
            ("cleanup", success),
            ("config", success),
            ("completion", success),
            ("completion install", success),
        ] {
            let help = help(command, "--help");
            let (_, codes) = help.split_once("Exit codes:\n").unwrap_or_else(|| panic!("{command}: {help}"));
            let codes = codes.lines().take_while(|line| !line.is_empty());
            let codes =
                codes.filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')));
            let codes: Vec<&str> = codes.filter_map(|line| line.split(' ').next()).collect();
            assert_eq!(codes, expected, "{command}");
        }
    }

    fn read(words: &str) -> Result<Cli, String> {
        let words = std::iter::once("kubectl-netbench").chain(words.split_whitespace());
        let cli = Cli::try_parse_from(words).map_err(|error| error.to_string())?;
        cli.check().map_err(|conflict| conflict.message)?;
        Ok(cli)
    }

    #[test]
    fn host_is_one_of_the_paths() {
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
    fn conflicting_flags_are_rejected_with_help() {
        for (words, expected) in [
            ("matrix --engine iperf2 --udp", "--udp cannot be used with --engine iperf2"),
            ("matrix --engine iperf2 --bidir", "--bidir cannot be used with --engine iperf2"),
            ("matrix -- -J", "`-J` cannot be passed to iperf3: the report format is fixed"),
            ("matrix -- -p 7", "use --port before the `--`"),
            ("matrix --udp --length 70000", "65507"),
            ("matrix --udp --mss 1200", "--mss applies to TCP only"),
            ("pair a b --server-context c --path pod", "use --path host, nodeport or loadbalancer"),
            ("matrix --to x --rtt", "--rtt"),
            ("matrix --to x --path pod,service", "use --path pod or host"),
            ("matrix --to x --concurrency 2", "--concurrency"),
            ("matrix --to x --engine iperf2", "--to cannot be used with --engine iperf2"),
            ("pair a b --to x", "--to"),
            ("check --local 2", "--local"),
            ("check --dry-run", "--dry-run"),
            ("check --rbac -o json", "--output"),
            ("check --to x --path service", "use --path pod or host"),
            ("check --engine iperf2 --udp", "--udp cannot be used with --engine iperf2"),
        ] {
            let error = read(words).map(|_| ()).unwrap_err();
            assert!(error.contains(expected), "{words}: {error}");
        }
        assert!(read("pair a --to 192.0.2.7:5202 -- -Z").is_ok());
        assert!(read("matrix a b -- -Z").is_ok());
    }

    #[test]
    fn selector_with_node_names_is_rejected() {
        assert!(Cli::try_parse_from(["kubectl-netbench", "matrix", "a", "-l", "x=y"]).is_err());
        assert!(Cli::try_parse_from(["kubectl-netbench", "matrix", "a", "--local", "2"]).is_err());
    }
}
