//! `kubectl netbench pair`: the matrix of two nodes, shown with what explains its figures.

use super::console::{Console, Streams};
use super::measure::{self, Request};
use kubectl_netbench::cli::{ExitCode, PairArgs};
use kubectl_netbench::document::Command;
use kubectl_netbench::error::Error;
use kubectl_netbench::testbed::kubernetes::{Environment, Wanted};

pub(super) async fn run(arguments: PairArgs, environment: &Environment, streams: Streams) -> Result<ExitCode, Error> {
    let request = Request {
        command: Command::Pair,
        wanted: Wanted::Named(arguments.client.into_iter().chain(arguments.server).collect()),
        selector: None,
        concurrency: None,
        console: Console::new(streams, &arguments.output),
        format: arguments.output.output,
        measurement: arguments.measurement,
        connection: arguments.connection,
    };
    measure::run(request, environment).await
}
