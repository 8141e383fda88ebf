//! What each command does, from its arguments to its exit code.

mod again;
mod check;
mod cleanup;
mod completion;
mod config;
mod delivery;
mod error;
mod exporter;
mod fetch;
mod id;
mod interrupt;
mod judged;
mod measure;
mod output;
mod prepare;
mod report;
mod request;
mod resume;
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
use kubectl_netbench::store::{Processes, Store};

use crate::console::{self, Console, Streams};
use request::Request;
use scheduled::ScheduledRun;

/// What `main` has found around the process.
pub struct Surroundings {
    /// What the environment says about clusters.
    pub environment: Environment,
    /// The streams.
    pub streams: Streams,
    /// The file with the user's settings, which may not be there; none where there is no place for it.
    pub configuration_file: Option<PathBuf>,
    /// The user's saved runs; none where there is no place for them.
    pub store: Option<Store>,
    /// The schedule that has made this run, if one has.
    pub origin: Option<Origin>,
    /// The user's runs that go on; none where there is no place for them.
    pub processes: Option<Processes>,
}

/// What the settings come to.
pub struct Settled {
    /// The value of each of them.
    pub effective: Vec<Effective>,
    /// When to use colours.
    pub color: ColorChoice,
}

/// Carries out a command.
///
/// # Errors
/// The command could not do its work. What it made is removed all the same.
pub async fn run(
    command: Command,
    settled: &Settled,
    surroundings: &Surroundings,
) -> Result<ExitCode, Error> {
    let console = |quiet| Console::new(surroundings.streams, settled.color, quiet);
    match command {
        Command::Matrix(arguments) => {
            let request = |arguments| Request::matrix(arguments, console, surroundings);
            Box::pin(measured(*arguments, |matrix| &mut matrix.common, request, surroundings)).await
        }
        Command::Pair(arguments) => {
            let request = |arguments| Request::pair(arguments, console, surroundings);
            Box::pin(measured(*arguments, |pair| &mut pair.common, request, surroundings)).await
        }
        Command::Check(arguments) => Box::pin(check::run(*arguments, console(false), surroundings)).await,
        Command::Report(arguments) => report::report(*arguments, console(false), surroundings).await,
        Command::Compare(arguments) => report::compare(arguments, console(false), surroundings).await,
        Command::Runs(arguments) => Box::pin(runs::run(*arguments, console(false), surroundings)).await,
        Command::Config(arguments) => {
            config::run(&arguments, &settled.effective, console(false), surroundings).await
        }
        Command::Schedule(arguments) => {
            Box::pin(schedule::run(arguments, console(false), surroundings)).await
        }
        Command::Exporter(arguments) => Box::pin(exporter::run(arguments, surroundings)).await,
        Command::Cleanup(arguments) => Box::pin(cleanup::run(&arguments, surroundings)).await,
        Command::Completion(arguments) => completion::set_up(arguments).await,
        Command::Complete(arguments) => completion::complete(arguments, surroundings).await,
    }
}

/// Makes the run that the arguments of a measuring command ask for.
async fn measured<A>(
    mut arguments: A,
    common: fn(&mut A) -> &mut CommonArgs,
    request: impl FnOnce(A) -> Result<Request, Error>,
    surroundings: &Surroundings,
) -> Result<ExitCode, Error> {
    // in a container, where this is the first process, nothing but a watch lets a signal end it
    let interrupt = interrupt::watch();
    let scheduled = Box::pin(scheduled(common(&mut arguments), surroundings));
    let Some(scheduled) = interrupt.unless(scheduled).await else { return Ok(ExitCode::Interrupted) };
    let mut request = Request { scheduled: scheduled?, ..request(arguments)? };
    if request.scheduled.is_some() {
        request.namespace_flag = NamespaceFlag::Required;
    }
    Box::pin(measure::run(request, surroundings, &interrupt)).await
}

/// The schedule of a run, with the runs before it at hand if it is compared with one. The first run of all is
/// compared with none.
async fn scheduled(
    common: &mut CommonArgs,
    surroundings: &Surroundings,
) -> Result<Option<ScheduledRun>, Error> {
    let scheduled = ScheduledRun::begin(common, surroundings).await?;
    if let (Some(_), Some(volume)) = (&scheduled, &common.delivery.volume) {
        MountedDirectory::new(volume).probe()?;
    }
    if let (Some(scheduled), Some(baseline)) = (&scheduled, common.gates.baseline.clone()) {
        common.gates.baseline = match scheduled.fetch_baseline(&baseline, surroundings.store.as_ref()).await {
            Ok(Some(id)) => Some(id),
            Ok(None) => {
                console::note(&format!("not compared: there is no run {baseline} yet"));
                None
            }
            // a comparison is no reason not to measure
            Err(error) => {
                console::error(&error.explain());
                None
            }
        };
    }
    Ok(scheduled)
}
