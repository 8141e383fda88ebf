//! What each command does, from its arguments to its exit code.

mod again;
mod check;
mod cleanup;
mod completion;
mod config;
mod error;
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

pub use completion::complete_for_shell;
pub use error::Error;

use std::path::PathBuf;

use kubectl_netbench::cli::{ColorChoice, Command, ExitCode};
use kubectl_netbench::cluster::Environment;
use kubectl_netbench::config::Effective;
use kubectl_netbench::store::{Processes, Store};

use crate::console::{Console, Streams};
use request::Request;

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
    let request = match command {
        Command::Matrix(arguments) => Request::matrix(*arguments, console, surroundings)?,
        Command::Pair(arguments) => Request::pair(*arguments, console, surroundings)?,
        Command::Check(arguments) => {
            return Box::pin(check::run(*arguments, console(false), surroundings)).await;
        }
        Command::Report(arguments) => {
            return report::report(*arguments, console(false), surroundings).await;
        }
        Command::Compare(arguments) => {
            return report::compare(arguments, console(false), surroundings).await;
        }
        Command::Runs(arguments) => return runs::run(arguments, console(false), surroundings).await,
        Command::Config(arguments) => {
            return config::run(&arguments, &settled.effective, console(false), surroundings).await;
        }
        Command::Cleanup(arguments) => {
            return Box::pin(cleanup::run(&arguments, surroundings)).await;
        }
        Command::Completion(arguments) => return completion::set_up(arguments).await,
        Command::Complete(arguments) => return completion::complete(arguments, surroundings).await,
    };
    Box::pin(measure::run(request, surroundings)).await
}
