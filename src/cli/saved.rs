//! The commands that need no cluster: they work on saved runs.

use clap::{Args, Subcommand, ValueEnum};

use super::exit;
use super::placement::DEFAULT_IMAGE;
use super::{ConnectionArgs, GateArgs, ObjectArgs, OutputArgs, RegressionArgs};

/// How a run is named, for the ends of help texts.
macro_rules! run_names {
    () => {
        "\
RUN is the id of a saved run, the beginning of one, `latest`, `latest~1` for the one before it,
or a file, as -o json, --save-to and the user's data directory have it."
    };
}

/// `report`.
#[derive(Debug, Args)]
#[command(
    after_help = run_names!(),
    after_long_help = concat!(
        run_names!(), "\n\n",
        "Examples:\n",
        "  kubectl netbench report                          the last run, as a table\n",
        "  kubectl netbench report -o html --output-file report.html\n",
        "  kubectl netbench report latest~1 -o markdown     for a ticket\n",
        "  kubectl netbench report run.json --fail-below 80%\n\n",
        exit::exit_codes!()
    )
)]
pub struct ReportArgs {
    /// The run.
    #[arg(value_name = "RUN", default_value = "latest")]
    pub run: String,
    /// What it had to reach.
    #[command(flatten)]
    pub gates: GateArgs,
    /// What to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `compare`.
#[derive(Debug, Args)]
#[command(
    after_help = run_names!(),
    after_long_help = concat!(
        run_names!(), "\n\n",
        "Examples:\n",
        "  kubectl netbench compare latest~1                    the last run against the one before\n",
        "  kubectl netbench compare monday.json friday.json -o markdown\n",
        "  kubectl netbench compare k3v9 latest --fail-regression 10%\n\n",
        exit::exit_codes!()
    )
)]
pub struct CompareArgs {
    /// The earlier run.
    #[arg(value_name = "BASE")]
    pub base: String,
    /// The later one.
    #[arg(value_name = "NEW", default_value = "latest")]
    pub new: String,
    /// How much slower it may be.
    #[command(flatten)]
    pub gates: RegressionArgs,
    /// What to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `runs`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_long_help = concat!(
        "Examples:\n",
        "  kubectl netbench runs                                     all saved runs, the newest first\n",
        "  kubectl netbench runs --from-cluster nightly -n network   those of a schedule, saved here from then on\n",
        "  kubectl netbench runs --from-cluster results:lab -n network\n",
        "                                                            those in a folder of a volume\n",
        "  kubectl netbench runs delete latest"
    )
)]
pub struct RunsArgs {
    /// What to do with them.
    #[command(subcommand)]
    pub command: Option<RunsCommand>,
    /// The form of the list.
    #[arg(short, long, value_enum, default_value_t = ListFormat::Table)]
    pub output: ListFormat,
    /// List the runs of this schedule, or on this volume, and save here those that are not yet.
    #[arg(long, value_name = "SCHEDULE|CLAIM[:PATH]")]
    pub from_cluster: Option<String>,
    /// The image of the pod through which a volume is read: one with sh.
    #[arg(long, value_name = "IMAGE", default_value = DEFAULT_IMAGE, hide_short_help = true)]
    pub image: String,
    /// What that pod is to have.
    #[command(flatten)]
    pub objects: ObjectArgs,
    /// In which cluster.
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

/// What to do with saved runs.
#[derive(Debug, Subcommand)]
pub enum RunsCommand {
    /// Delete runs.
    Delete(DeleteArgs),
}

/// `runs delete`.
#[derive(Debug, Args)]
pub struct DeleteArgs {
    /// Ids, beginnings of ids, `latest`, `latest~1`.
    #[arg(value_name = "RUN", required = true)]
    pub runs: Vec<String>,
}

/// The form of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For people.
    Table,
    /// For programs.
    Json,
    /// For programs.
    Yaml,
}
