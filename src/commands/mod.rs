//! What each command does, from its arguments to its exit code.

mod again;
mod check;
mod cleanup;
mod completion;
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

use kubectl_netbench::cli::{Command, ExitCode};
use kubectl_netbench::store::{Processes, Store};
use kubectl_netbench::testbed::kubernetes::Environment;

use crate::console::Streams;
use request::Request;

/// What `main` has found around the process.
pub struct Surroundings {
    /// What the environment says about clusters.
    pub environment: Environment,
    /// The streams.
    pub streams: Streams,
    /// `NETBENCH_IMAGE`.
    pub image: Option<String>,
    /// The user's saved runs; none where there is no place for them.
    pub store: Option<Store>,
    /// The user's runs that go on; none where there is no place for them.
    pub processes: Option<Processes>,
}

/// Carries out a command.
///
/// # Errors
/// The command could not do its work. What it made is removed all the same.
pub async fn run(command: Command, surroundings: &Surroundings) -> Result<ExitCode, Error> {
    let request = match command {
        Command::Matrix(arguments) => Request::matrix(*arguments, surroundings)?,
        Command::Pair(arguments) => Request::pair(*arguments, surroundings)?,
        Command::Check(arguments) => return Box::pin(check::run(*arguments, surroundings)).await,
        Command::Report(arguments) => return report::report(*arguments, surroundings).await,
        Command::Compare(arguments) => return report::compare(arguments, surroundings).await,
        Command::Runs(arguments) => return runs::run(arguments, surroundings).await,
        Command::Cleanup(arguments) => {
            return Box::pin(cleanup::run(&arguments, surroundings)).await;
        }
        Command::Completion(arguments) => return completion::set_up(arguments).await,
        Command::Complete(arguments) => return completion::complete(arguments, surroundings).await,
    };
    Box::pin(measure::run(request, surroundings)).await
}
