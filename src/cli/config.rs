//! `config`: the settings in force.

use clap::Args;

use super::{
    ConnectionArgs, DeliveryArgs, ListFormat, MeasurementArgs, PlacementArgs, PodArgs, ProgramImageArgs,
    SavingArgs,
};

/// `config`.
#[derive(Debug, Args)]
#[command(
    override_usage = "kubectl netbench config [-o json] [FLAG OF A SETTING]...",
    after_help = "\
A setting is named as its flag: `time: 5s` in the file, NETBENCH_TIME=5s in the
environment, --time 5s on the command line. Examples and all settings: --help",
    after_long_help = "\
A setting is named as its flag: `time: 5s` in the file, NETBENCH_TIME=5s in the environment,
--time 5s on the command line. The command line goes before the environment, that before the
section of the context in the file, and that before the rest of the file:

  time: 5s
  contexts:
    production:
      namespace: network-tests
      image: registry.example.org/netbench:1

Examples:
  kubectl netbench config                       what a run would use, and who says so
  kubectl netbench config --context production  the same in another context
  kubectl netbench config -t 30s -o json        the same for these flags, for programs"
)]
pub struct ConfigArgs {
    /// The form of the list.
    #[arg(short, long, value_enum, default_value_t = ListFormat::Table)]
    pub output: ListFormat,
    /// How to measure.
    #[command(flatten)]
    pub measurement: MeasurementArgs,
    /// Where tests take place.
    #[command(flatten)]
    pub placement: PlacementArgs,
    /// What the pods are to have.
    #[command(flatten)]
    pub pods: PodArgs,
    /// In which cluster.
    #[command(flatten)]
    pub connection: ConnectionArgs,
    /// The most tests at the same time.
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..),
        help_heading = "Measuring",
        hide_short_help = true
    )]
    pub concurrency: Option<u32>,
    /// Do not measure suspicious pairs again.
    #[arg(long, help_heading = "Measuring", hide_short_help = true)]
    pub no_confirm: bool,
    /// Where a run is kept.
    #[command(flatten)]
    pub saving: SavingArgs,
    /// Where its results go beside that.
    #[command(flatten)]
    pub delivery: DeliveryArgs,
    /// What scheduled runs consist of.
    #[command(flatten)]
    pub program: ProgramImageArgs,
    /// Print the result and errors only.
    #[arg(short, long, help_heading = "Output", hide_short_help = true)]
    pub quiet: bool,
}
