//! `schedule`: recurring runs in the cluster.

use std::time::Duration;

use clap::{Args, Subcommand};

use super::conflict::Conflict;
use super::{ConnectionArgs, ListFormat, exit};
use crate::options::{Cron, CronError, number_in, parse_duration, parse_schedule_name};

/// `schedule`.
#[derive(Debug, Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct ScheduleArgs {
    /// The subcommand.
    #[command(subcommand)]
    pub command: ScheduleCommand,
}

impl ScheduleArgs {
    /// Checks the values that the parser cannot check one by one.
    ///
    /// # Errors
    /// The cron expression or the time zone is invalid.
    pub(super) fn check(&self) -> Result<(), Conflict> {
        match &self.command {
            ScheduleCommand::Create(arguments) => arguments.cron().map(drop).map_err(|error| {
                Conflict::of_line(match error {
                    CronError::Timezone(_) => {
                        format!("--timezone: {error}: use a name of the IANA database, such as Europe/Berlin")
                    }
                    CronError::Expression(_) => format!("--cron '{}': {error}", arguments.cron),
                })
            }),
            _ => Ok(()),
        }
    }
}

impl ScheduleCreateArgs {
    /// The times of the runs.
    ///
    /// # Errors
    /// The cron expression or the time zone is invalid.
    pub fn cron(&self) -> Result<Cron, CronError> {
        Cron::parse(&self.cron, self.timezone.as_deref())
    }
}

/// Parses the name of an image.
///
/// # Errors
/// It is empty, or contains white space.
fn parse_image(text: &str) -> Result<String, String> {
    if text.is_empty() || text.chars().any(char::is_whitespace) {
        return Err("not the name of an image: use registry.example.org/netbench:0.1.0".to_owned());
    }
    Ok(text.to_owned())
}

/// The exit codes of the commands that follow a run.
macro_rules! run_exit_codes {
    () => {
        exit::exit_codes! {
            0: "the run measured everything",
            1: "error: no such schedule or run, or the run failed",
            2: "invalid command line",
            3: "in the run, some pairs failed or were not measured",
            4: "in the run, a gate failed",
            130: "interrupted; the run continues",
        }
    };
}

/// The subcommands of `schedule`.
#[derive(Debug, Subcommand)]
pub enum ScheduleCommand {
    /// Create a schedule: a CronJob whose Jobs measure the network.
    Create(Box<ScheduleCreateArgs>),
    /// List schedules with their next run, last run, outcome and findings.
    List(ScheduleListArgs),
    /// Start a run now, follow its log, and exit with its exit code; Ctrl-C does not stop the run.
    #[command(after_help = run_exit_codes!())]
    Run(ScheduleNameArgs),
    /// Print the log of the last run, and follow it while the run is in progress.
    Logs(ScheduleLogsArgs),
    /// Delete a schedule with its runs and run documents; documents on a volume stay.
    #[command(after_help = exit::exit_codes! {
        0: "the schedule was deleted",
        1: "error: no such schedule, or some objects could not be deleted",
        2: "invalid command line",
    })]
    Delete(ScheduleNameArgs),
}

/// `schedule create`.
#[derive(Debug, Args)]
#[command(
    override_usage = "kubectl netbench schedule create [OPTIONS] --cron EXPRESSION NAME -- COMMAND [FLAG]...",
    after_help = "COMMAND is `matrix` or `pair` with its flags. Your current settings apply to each run.",
    after_long_help = concat!(
        "COMMAND is `matrix` or `pair` with its flags. Before anything is created, it is checked\n",
        "like a run from this machine: nodes, permissions, quotas, policies. Your current\n",
        "settings apply to each run. The namespace is that of -n, or of the context. The\n",
        "documents of the latest runs are kept in ConfigMaps.\n\n",
        "Examples:\n",
        "  kubectl netbench schedule create nightly -n network --cron '0 3 * * *' -- \\\n",
        "      matrix --path pod,host -t 5s\n",
        "  kubectl netbench schedule create hourly -n network --cron @hourly --exporter -- \\\n",
        "      matrix -t 2s                      with an exporter for Prometheus\n",
        "  kubectl netbench schedule create weekly -n network --cron '0 4 * * sun' -- \\\n",
        "      matrix --volume results           with every document on a volume\n",
        "  kubectl netbench schedule create gate -n network --cron '0 5 * * *' --dry-run -- \\\n",
        "      matrix --baseline latest --fail-regression 20%    as YAML, for GitOps\n\n",
        exit::exit_codes! {
            0: "the schedule was created",
            1: "error: the runs could not succeed, or the schedule could not be created",
            2: "invalid command line",
            130: "interrupted",
        }
    )
)]
pub struct ScheduleCreateArgs {
    /// Name of the schedule.
    #[arg(value_name = "NAME", value_parser = parse_schedule_name)]
    pub name: String,
    /// Cron expression (minute, hour, day, month, day of the week), or @daily, @every 6h.
    #[arg(long, value_name = "EXPRESSION")]
    pub cron: String,
    /// Time zone of the expression, such as Europe/Berlin [default: that of the cluster, usually UTC].
    #[arg(long, value_name = "ZONE")]
    pub timezone: Option<String>,
    /// The image of the runs.
    #[command(flatten)]
    pub program: ProgramImageArgs,
    /// Number of runs to keep in ConfigMaps.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = number_in(1..=100u16))]
    pub keep_records: u16,
    /// Maximum duration of a run, including the wait for other runs.
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = parse_duration)]
    pub deadline: Duration,
    /// Deploy an exporter that serves the metrics of the latest run to Prometheus.
    #[arg(long)]
    pub exporter: bool,
    /// Create a ServiceMonitor for the exporter, for the Prometheus operator.
    #[arg(long, requires = "exporter")]
    pub service_monitor: bool,
    /// Print the objects as YAML instead of creating them.
    #[arg(long)]
    pub dry_run: bool,
    /// Command of each run: `matrix` or `pair` with its flags.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub words: Vec<String>,
    /// The connection to the cluster.
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

/// The image of scheduled runs.
#[derive(Debug, Args)]
pub struct ProgramImageArgs {
    /// Image with kubectl-netbench for scheduled runs and exporters [default: that of --image, in releases].
    #[arg(
        long = "program-image",
        value_name = "IMAGE",
        default_value = option_env!("NETBENCH_DEFAULT_IMAGE"),
        value_parser = parse_image
    )]
    pub program_image: Option<String>,
}

/// `schedule list`.
#[derive(Debug, Args)]
#[command(after_help = exit::exit_codes! {
    0: "success, also if there are no schedules",
    1: "error",
    2: "invalid command line",
})]
pub struct ScheduleListArgs {
    /// List the schedules of all namespaces.
    #[arg(short = 'A', long, conflicts_with = "namespace")]
    pub all_namespaces: bool,
    /// Output format.
    #[arg(short, long, value_enum, default_value_t = ListFormat::Table)]
    pub output: ListFormat,
    /// The connection to the cluster.
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

/// `schedule run` and `schedule delete`.
#[derive(Debug, Args)]
pub struct ScheduleNameArgs {
    /// Name of the schedule.
    #[arg(value_name = "NAME", value_parser = parse_schedule_name)]
    pub schedule: String,
    /// The connection to the cluster.
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

/// `schedule logs`.
#[derive(Debug, Args)]
#[command(after_help = run_exit_codes!())]
pub struct ScheduleLogsArgs {
    /// Name of the schedule.
    #[arg(value_name = "NAME", value_parser = parse_schedule_name)]
    pub schedule: String,
    /// Show an earlier run: 1 is the one before the last.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = number_in(0usize..))]
    pub back: usize,
    /// The connection to the cluster.
    #[command(flatten)]
    pub connection: ConnectionArgs,
}
