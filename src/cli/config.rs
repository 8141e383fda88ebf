//! `config`: the effective settings.

use clap::Args;

use super::{ConnectionArgs, DeliveryArgs, ListFormat, ProgramImageArgs, SavingArgs, exit};
use crate::options::{MeasurementOptions, PlacementOptions, PlanOptions, PodOptions};

/// `config`.
#[derive(Debug, Args)]
#[command(
    override_usage = "kubectl netbench config [-o json] [SETTING FLAG]...",
    after_help = "\
A setting has the name of its flag: `time: 5s` in the file, NETBENCH_TIME=5s in the
environment, --time 5s on the command line. Examples and all settings: --help",
    after_long_help = concat!("\
A setting has the name of its flag: `time: 5s` in the file, NETBENCH_TIME=5s in the environment,
--time 5s on the command line. The command line overrides the environment, the environment the
section of the context in the file, and the section the rest of the file:

  time: 5s
  contexts:
    production:
      namespace: network-tests
      image: registry.example.org/netbench:1

Examples:
  kubectl netbench config                       the effective settings and their sources
  kubectl netbench config --context production  the same for another context
  kubectl netbench config -t 30s -o json        the same with these flags, as JSON

",
        exit::exit_codes! {
            0: "success",
            1: "error: a setting is invalid, or the file cannot be read",
            2: "invalid command line",
        }
    )
)]
pub struct ConfigArgs {
    /// Output format
    #[arg(short, long, value_enum, default_value_t = ListFormat::Table)]
    pub output: ListFormat,
    /// What each test does.
    #[command(flatten)]
    pub measurement: MeasurementOptions,
    /// Where tests run.
    #[command(flatten)]
    pub placement: PlacementOptions,
    /// How the plan runs.
    #[command(flatten)]
    pub plan: PlanOptions,
    /// What the pods have.
    #[command(flatten)]
    pub pods: PodOptions,
    /// In which cluster.
    #[command(flatten)]
    pub connection: ConnectionArgs,
    /// Skip the isolated retest of suspicious pairs
    #[arg(long, help_heading = "Measuring", hide_short_help = true)]
    pub no_confirm: bool,
    /// Where a run is saved.
    #[command(flatten)]
    pub saving: SavingArgs,
    /// Where its results go beside that.
    #[command(flatten)]
    pub delivery: DeliveryArgs,
    /// The image of scheduled runs.
    #[command(flatten)]
    pub program: ProgramImageArgs,
    /// Print only the result and errors
    #[arg(short, long, help_heading = "Output", hide_short_help = true)]
    pub quiet: bool,
}
