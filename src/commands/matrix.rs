//! `kubectl netbench matrix`.

use super::Surroundings;
use super::measure::Request;
use crate::console::Console;
use kubectl_netbench::cli::MatrixArgs;
use kubectl_netbench::document::Command;
use kubectl_netbench::testbed::kubernetes::Wanted;

pub(super) fn request(arguments: MatrixArgs, surroundings: &Surroundings) -> Request {
    let wanted = if arguments.nodes.is_empty() { Wanted::Usable } else { Wanted::Named(arguments.nodes) };
    Request {
        command: Command::Matrix,
        wanted,
        selector: arguments.selector,
        concurrency: arguments.concurrency.map(|limit| limit as usize),
        console: Console::new(surroundings.streams, &arguments.output),
        format: arguments.output.output,
        environment_image: surroundings.image.clone(),
        measurement: arguments.measurement,
        connection: arguments.connection,
    }
}
