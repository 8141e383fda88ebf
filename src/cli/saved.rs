//! The commands that work on saved runs.

use clap::{Args, Subcommand, ValueEnum};

use super::exit;
use super::{ConnectionArgs, GateArgs, OutputArgs, RegressionArgs};
use crate::options::{DEFAULT_IMAGE, ObjectOptions};

/// How a run is named, for the end of help texts.
macro_rules! run_names {
    ($subject:literal) => {
        concat!(
            $subject,
            " the ID of a saved run or a prefix of it, `latest`, `latest~1` for the run before, or a file\n\
             written by -o json or --save-to."
        )
    };
}

/// `report`.
#[derive(Debug, Args)]
#[command(
    after_help = run_names!("RUN is"),
    after_long_help = concat!(
        run_names!("RUN is"), "\n\n",
        "Examples:\n",
        "  kubectl netbench report                          the latest run as a table\n",
        "  kubectl netbench report -o html --output-file report.html\n",
        "  kubectl netbench report latest~1 -o markdown     for a ticket\n",
        "  kubectl netbench report run.json --fail-below 80%\n\n",
        exit::exit_codes! {
            0: "everything was measured in this run",
            1: "error: no such run, or nothing was measured in it, or the report could\n       not be written or compared (even if 3 or 4 applies)",
            2: "invalid command line",
            3: "some pairs failed or were not measured",
            4: "a gate failed: --fail-below, --fail-regression",
        }
    )
)]
pub struct ReportArgs {
    /// Run to show
    #[arg(value_name = "RUN", default_value = "latest")]
    pub run: String,
    /// The gates.
    #[command(flatten)]
    pub gates: GateArgs,
    /// What to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `compare`.
#[derive(Debug, Args)]
#[command(
    after_help = run_names!("BASE and NEW are each"),
    after_long_help = concat!(
        run_names!("BASE and NEW are each"), "\n\n",
        "Examples:\n",
        "  kubectl netbench compare latest~1                    the latest run with the one before\n",
        "  kubectl netbench compare monday.json friday.json -o markdown\n",
        "  kubectl netbench compare k3v9 latest --fail-regression 10%\n\n",
        exit::exit_codes! {
            0: "compared, with or without regressions",
            1: "error: no such run, or the runs could not be compared, or the result\n       could not be written",
            2: "invalid command line",
            4: "a gate failed: --fail-regression",
        }
    )
)]
pub struct CompareArgs {
    /// Earlier run
    #[arg(value_name = "BASE")]
    pub base: String,
    /// Later run
    #[arg(value_name = "NEW", default_value = "latest")]
    pub new: String,
    /// The gate.
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
        "  kubectl netbench runs                                     all saved runs, newest first\n",
        "  kubectl netbench runs --from-cluster nightly -n network   the runs of a schedule, saved here as well\n",
        "  kubectl netbench runs --from-cluster results:lab -n network\n",
        "                                                            the runs in a directory of a volume\n",
        "  kubectl netbench runs delete latest\n\n",
        exit::exit_codes! {
            0: "success",
            1: "error",
            2: "invalid command line",
            3: "--from-cluster: some runs could not be read",
            130: "--from-cluster: interrupted",
        }
    )
)]
pub struct RunsArgs {
    /// The command.
    #[command(subcommand)]
    pub command: Option<RunsCommand>,
    /// Output format
    #[arg(short, long, value_enum, default_value_t = ListFormat::Table)]
    pub output: ListFormat,
    /// List the runs of this schedule or volume, and save the new ones here
    #[arg(long, value_name = "SCHEDULE|CLAIM[:PATH]")]
    pub from_cluster: Option<String>,
    /// Image of the pod that reads the volume; needs sh
    #[arg(long, value_name = "IMAGE", default_value = DEFAULT_IMAGE, hide_short_help = true)]
    pub image: String,
    /// What that pod has.
    #[command(flatten)]
    pub objects: ObjectOptions,
    /// In which cluster.
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

/// The commands on saved runs.
#[derive(Debug, Subcommand)]
pub enum RunsCommand {
    /// Delete saved runs
    Delete(DeleteArgs),
}

/// `runs delete`.
#[derive(Debug, Args)]
#[command(after_help = exit::exit_codes! {
    0: "the runs were deleted",
    1: "error: no such run, or it could not be deleted",
    2: "invalid command line",
})]
pub struct DeleteArgs {
    /// IDs, prefixes of IDs, `latest`, `latest~1`
    #[arg(value_name = "RUN", required = true)]
    pub runs: Vec<String>,
}

/// The format of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For people
    Table,
    /// For programs
    Json,
    /// For programs
    Yaml,
}
