//! The commands, from their arguments to their exit codes.

mod check;
mod cleanup;
mod completion;
mod config;
mod delivery;
mod error;
mod exporter;
mod fetch;
mod gates;
mod id;
mod interrupt;
mod measure;
mod output;
mod prepare;
mod report;
mod request;
mod resume;
mod retest;
mod runs;
mod saved;
mod schedule;
mod scheduled;
mod volume;

pub use completion::complete_for_shell;
pub use error::Error;
pub use scheduled::Origin;

use std::path::PathBuf;

use kubectl_netbench::check::NamespaceFlag;
use kubectl_netbench::cli::{ColorChoice, Command, CommonArgs, ExitCode};
use kubectl_netbench::cluster::Environment;
use kubectl_netbench::config::Effective;
use kubectl_netbench::delivery::volume::MountedDirectory;
use kubectl_netbench::store::{RunRegistry, Store};

use crate::console::{self, Console, Streams};
use request::Request;
use scheduled::ScheduledRun;

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
    let console = |quiet| Console::new(program.streams, settings.color, quiet);
    match command {
        Command::Matrix(arguments) => {
            let request = |arguments| Request::matrix(arguments, console, program);
            Box::pin(measure(*arguments, |matrix| &mut matrix.common, request, program)).await
        }
        Command::Pair(arguments) => {
            let request = |arguments| Request::pair(arguments, console, program);
            Box::pin(measure(*arguments, |pair| &mut pair.common, request, program)).await
        }
        Command::Check(arguments) => Box::pin(check::run(*arguments, console(false), program)).await,
        Command::Report(arguments) => report::report(*arguments, console(false), program).await,
        Command::Compare(arguments) => report::compare(arguments, console(false), program).await,
        Command::Runs(arguments) => Box::pin(runs::run(*arguments, console(false), program)).await,
        Command::Config(arguments) => {
            config::run(&arguments, &settings.effective, console(false), program).await
        }
        Command::Schedule(arguments) => Box::pin(schedule::run(arguments, console(false), program)).await,
        Command::Exporter(arguments) => Box::pin(exporter::run(arguments, program)).await,
        Command::Cleanup(arguments) => Box::pin(cleanup::run(&arguments, program)).await,
        Command::Completion(arguments) => completion::set_up(arguments).await,
        Command::Complete(arguments) => completion::complete(arguments, program).await,
    }
}

/// Runs `matrix` or `pair`.
async fn measure<A>(
    mut arguments: A,
    common: fn(&mut A) -> &mut CommonArgs,
    request: impl FnOnce(A) -> Result<Request, Error>,
    program: &ProgramContext,
) -> Result<ExitCode, Error> {
    // as PID 1 in a container, the process ignores signals that it does not handle
    let interrupt = interrupt::watch();
    let scheduled = Box::pin(find_schedule(common(&mut arguments), program));
    let Some(scheduled) = interrupt.unless(scheduled).await else { return Ok(ExitCode::Interrupted) };
    let mut request = Request { scheduled: scheduled?, ..request(arguments)? };
    if request.scheduled.is_some() {
        request.namespace_flag = NamespaceFlag::Required;
    }
    Box::pin(measure::run(request, program, &interrupt)).await
}

/// The schedule of a run; none if it is not a scheduled one. Fetches its baseline from the cluster; the first run
/// of a schedule has none.
async fn find_schedule(
    common: &mut CommonArgs,
    program: &ProgramContext,
) -> Result<Option<ScheduledRun>, Error> {
    let scheduled = ScheduledRun::begin(common, program).await?;
    if let (Some(_), Some(volume)) = (&scheduled, &common.delivery.volume) {
        MountedDirectory::new(volume).probe()?;
    }
    if let (Some(scheduled), Some(baseline)) = (&scheduled, common.gates.baseline.clone()) {
        common.gates.baseline = match scheduled.fetch_baseline(&baseline, program.store.as_ref()).await {
            Ok(Some(id)) => Some(id),
            Ok(None) => {
                console::note(&format!("not compared: no run {baseline} yet"));
                None
            }
            // measure even if the comparison is impossible
            Err(error) => {
                console::error(&error.explain());
                None
            }
        };
    }
    Ok(scheduled)
}
