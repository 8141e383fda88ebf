//! What each command does, from its arguments to its exit code.

mod error;
mod interrupt;
mod matrix;
mod measure;
mod pair;

pub use error::Error;

use crate::console::Streams;

use kubectl_netbench::cli::{Command, ExitCode};
use kubectl_netbench::testbed::kubernetes::Environment;

/// Carries out a command.
///
/// # Errors
/// The command could not do its work. What it made is removed all the same.
pub async fn run(command: Command, environment: &Environment, streams: Streams) -> Result<ExitCode, Error> {
    let request = match command {
        Command::Matrix(arguments) => matrix::request(arguments, streams),
        Command::Pair(arguments) => pair::request(arguments, streams),
    };
    Box::pin(measure::run(request, environment)).await
}
