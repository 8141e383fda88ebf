//! `schedule`: runs that the cluster makes by itself.

use std::time::Duration;

use clap::{Args, Subcommand};

use super::conflict::Conflict;
use super::{ConnectionArgs, ListFormat};
use crate::options::parse_duration;
use crate::schedule::{Cron, CronError, parse_name};

/// `schedule`.
#[derive(Debug, Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct ScheduleArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: ScheduleCommand,
}

impl ScheduleArgs {
    /// Why these flags make no sense.
    ///
    /// # Errors
    /// What is wrong, with what to do.
    pub(super) fn check(&self) -> Result<(), Conflict> {
        match &self.command {
            ScheduleCommand::Create(arguments) => arguments.times().map(drop).map_err(|error| match error {
                CronError::Timezone(_) => Conflict::of_line(format!(
                    "--timezone: {error}: use a name of the IANA's database, as Europe/Berlin"
                )),
                CronError::Expression(_) => {
                    Conflict::of_line(format!("--cron '{}': {error}", arguments.cron))
                }
            }),
            _ => Ok(()),
        }
    }
}

impl ScheduleCreateArgs {
    /// When it comes.
    ///
    /// # Errors
    /// That makes no sense.
    pub fn times(&self) -> Result<Cron, CronError> {
        Cron::parse(&self.cron, self.timezone.as_deref())
    }
}

/// Reads the name of an image.
///
/// # Errors
/// No image can be called so.
fn parse_image(text: &str) -> Result<String, String> {
    if text.is_empty() || text.chars().any(char::is_whitespace) {
        return Err("write the name of an image: registry.example.org/netbench:0.1.0".to_owned());
    }
    Ok(text.to_owned())
}

/// What to do with schedules.
#[derive(Debug, Subcommand)]
pub enum ScheduleCommand {
    /// Have the cluster make a run again and again.
    Create(Box<ScheduleCreateArgs>),
    /// Tell when each schedule comes, what came of its last run, and what that found.
    List(ScheduleListArgs),
    /// Make a run of a schedule now, follow its log, and exit as it does; Ctrl-C leaves it to go on.
    Run(ScheduleNameArgs),
    /// Show the log of a schedule's last run, and follow it while that goes on.
    Logs(ScheduleLogsArgs),
    /// Remove a schedule, its runs that go on, and its documents; what is on a volume stays.
    Delete(ScheduleNameArgs),
}

/// `schedule create`.
#[derive(Debug, Args)]
#[command(
    override_usage = "kubectl netbench schedule create [OPTIONS] --cron EXPRESSION NAME -- COMMAND [FLAG]...",
    after_help = "COMMAND is `matrix` or `pair`, with the flags it takes; the settings in force here are its own.",
    after_long_help = concat!(
        "COMMAND is `matrix` or `pair`, with the flags it takes, and is checked before\n",
        "anything is made. The settings in force here are its own. The namespace is that of\n",
        "-n, or of the context. Documents of the newest runs are kept in ConfigMaps.\n\n",
        "Examples:\n",
        "  kubectl netbench schedule create nightly -n network --cron '0 3 * * *' -- \\\n",
        "      matrix --path pod,host -t 5s\n",
        "  kubectl netbench schedule create hourly -n network --cron @hourly --exporter -- \\\n",
        "      matrix -t 2s                      and a server for Prometheus beside it\n",
        "  kubectl netbench schedule create weekly -n network --cron '0 4 * * sun' -- \\\n",
        "      matrix --volume results           every document on a volume as well\n",
        "  kubectl netbench schedule create gate -n network --cron '0 5 * * *' --dry-run -- \\\n",
        "      matrix --baseline latest --fail-regression 20%    the manifests, for Git"
    )
)]
pub struct ScheduleCreateArgs {
    /// The name of the schedule.
    #[arg(value_name = "NAME", value_parser = parse_name)]
    pub name: String,
    /// When it comes, as in a CronJob: minute, hour, day, month, day of the week; or @daily, @every 6h.
    #[arg(long, value_name = "EXPRESSION")]
    pub cron: String,
    /// The time zone of that, as Europe/Berlin [default: that of the cluster's controllers, mostly UTC].
    #[arg(long, value_name = "ZONE")]
    pub timezone: Option<String>,
    /// What its runs consist of.
    #[command(flatten)]
    pub program: ProgramImageArgs,
    /// How many documents are kept in the cluster.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub keep_records: u16,
    /// When the cluster ends a run that takes too long.
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = parse_duration)]
    pub deadline: Duration,
    /// Serve the figures of the newest run to Prometheus.
    #[arg(long)]
    pub exporter: bool,
    /// With --exporter: tell Prometheus' operator of it, by a ServiceMonitor.
    #[arg(long, requires = "exporter")]
    pub service_monitor: bool,
    /// Print the objects of the schedule as YAML, make none.
    #[arg(long)]
    pub dry_run: bool,
    /// `matrix` or `pair` with its flags: what each run does.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub words: Vec<String>,
    /// In which cluster.
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

/// The image of scheduled runs.
#[derive(Debug, Args)]
pub struct ProgramImageArgs {
    /// The image of scheduled runs, which has this program [default: in releases, that of the pods].
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
pub struct ScheduleListArgs {
    /// Those of all namespaces.
    #[arg(short = 'A', long, conflicts_with = "namespace")]
    pub all_namespaces: bool,
    /// The form of the list.
    #[arg(short, long, value_enum, default_value_t = ListFormat::Table)]
    pub output: ListFormat,
    /// In which cluster.
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

/// `schedule run` and `schedule delete`.
#[derive(Debug, Args)]
pub struct ScheduleNameArgs {
    /// The schedule.
    #[arg(value_name = "NAME", value_parser = parse_name)]
    pub schedule: String,
    /// In which cluster.
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

/// `schedule logs`.
#[derive(Debug, Args)]
pub struct ScheduleLogsArgs {
    /// The schedule.
    #[arg(value_name = "NAME", value_parser = parse_name)]
    pub schedule: String,
    /// Show the run before the last one with 1, and so on.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub back: usize,
    /// In which cluster.
    #[command(flatten)]
    pub connection: ConnectionArgs,
}
