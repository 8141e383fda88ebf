//! `kubectl netbench matrix`.

use super::measure::Request;
use crate::console::{Console, Streams};
use kubectl_netbench::cli::MatrixArgs;
use kubectl_netbench::document::Command;
use kubectl_netbench::testbed::kubernetes::Wanted;

pub(super) fn request(arguments: MatrixArgs, streams: Streams) -> Request {
    let wanted = if arguments.nodes.is_empty() { Wanted::Usable } else { Wanted::Named(arguments.nodes) };
    Request {
        command: Command::Matrix,
        wanted,
        selector: arguments.selector,
        concurrency: arguments.concurrency.map(|limit| limit as usize),
        console: Console::new(streams, &arguments.output),
        format: arguments.output.output,
        measurement: arguments.measurement,
        connection: arguments.connection,
    }
}
