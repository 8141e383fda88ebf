//! What each command does, from its arguments to its exit code.

mod cleanup;
mod error;
mod interrupt;
mod measure;
mod prepare;
mod request;

pub use error::Error;

use kubectl_netbench::cli::{Command, ExitCode};
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
}

/// Carries out a command.
///
/// # Errors
/// The command could not do its work. What it made is removed all the same.
pub async fn run(command: Command, surroundings: &Surroundings) -> Result<ExitCode, Error> {
    let request = match command {
        Command::Matrix(arguments) => Request::matrix(arguments, surroundings),
        Command::Pair(arguments) => Request::pair(arguments, surroundings),
        Command::Cleanup(arguments) => {
            return Box::pin(cleanup::run(&arguments, &surroundings.environment)).await;
        }
    };
    Box::pin(measure::run(request, &surroundings.environment)).await
}
