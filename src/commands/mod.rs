//! The commands, from their arguments to their exit codes.

mod check;
mod cleanup;
mod compare;
mod completion;
mod config;
mod error;
mod exporter;
mod fetch;
mod gates;
mod id;
mod interrupt;
mod matrix;
mod measure;
mod options;
mod output;
mod pair;
mod report;
mod runs;
mod schedule;
mod volume;

pub use completion::complete_for_shell;
pub use error::Error;
pub use measure::Origin;

use std::path::PathBuf;

use kubectl_netbench::cli::{ColorChoice, Command, ExitCode};
use kubectl_netbench::cluster::Environment;
use kubectl_netbench::config::Effective;
use kubectl_netbench::store::{RunRegistry, Store};

use crate::console::{Console, Streams};

/// The environment of the process, as `main` has found it.
pub struct ProgramContext {
    /// The environment variables about clusters.
    pub environment: Environment,
    pub streams: Streams,
    /// The path of the settings file, which may not exist; none if there is no configuration directory.
    pub configuration_file: Option<PathBuf>,
    /// The saved runs; none if there is no data directory.
    pub store: Option<Store>,
    /// The schedule of this run, if it is a scheduled one.
    pub origin: Option<Origin>,
    /// The runs in progress on this machine; none if there is no data directory.
    pub registry: Option<RunRegistry>,
}

/// The settings after flags, environment and file are merged.
pub struct ResolvedSettings {
    /// The value and source of each setting.
    pub effective: Vec<Effective>,
    pub color: ColorChoice,
}

/// Runs a command.
///
/// # Errors
/// The command failed. The objects that it created are deleted nevertheless.
pub async fn run(
    command: Command,
    settings: &ResolvedSettings,
    program: &ProgramContext,
) -> Result<ExitCode, Error> {
    let console = Console::new(program.streams, settings.color);
    match command {
        Command::Matrix(arguments) => Box::pin(matrix::run(*arguments, console, program)).await,
        Command::Pair(arguments) => Box::pin(pair::run(*arguments, console, program)).await,
        Command::Check(arguments) => Box::pin(check::run(*arguments, console, program)).await,
        Command::Report(arguments) => report::run(*arguments, console, program).await,
        Command::Compare(arguments) => compare::run(arguments, console, program).await,
        Command::Runs(arguments) => Box::pin(runs::run(*arguments, console, program)).await,
        Command::Options(_) => options::run().await,
        Command::Config(arguments) => config::run(&arguments, &settings.effective, console, program).await,
        Command::Schedule(arguments) => Box::pin(schedule::run(arguments, console, program)).await,
        Command::Exporter(arguments) => Box::pin(exporter::run(arguments, program)).await,
        Command::Cleanup(arguments) => Box::pin(cleanup::run(&arguments, program)).await,
        Command::Completion(arguments) => completion::set_up(arguments).await,
        Command::Complete(arguments) => completion::complete(arguments, program).await,
    }
}
