//! `kubectl netbench matrix`.

use super::console::{Console, Streams};
use super::measure::{self, Request};
use kubectl_netbench::cli::{ExitCode, MatrixArgs};
use kubectl_netbench::document::Command;
use kubectl_netbench::error::Error;
use kubectl_netbench::testbed::kubernetes::{Environment, Wanted};

pub(super) async fn run(arguments: MatrixArgs, environment: &Environment, streams: Streams) -> Result<ExitCode, Error> {
    let wanted = if arguments.nodes.is_empty() { Wanted::Usable } else { Wanted::Named(arguments.nodes) };
    let request = Request {
        command: Command::Matrix,
        wanted,
        selector: arguments.selector,
        concurrency: arguments.concurrency.map(|limit| limit as usize),
        console: Console::new(streams, &arguments.output),
        format: arguments.output.output,
        measurement: arguments.measurement,
        connection: arguments.connection,
    };
    measure::run(request, environment).await
}
