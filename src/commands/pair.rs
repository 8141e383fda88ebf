//! `kubectl netbench pair`: the matrix of two nodes, shown with what explains its figures.

use super::Surroundings;
use super::measure::Request;
use crate::console::Console;
use kubectl_netbench::cli::PairArgs;
use kubectl_netbench::document::Command;
use kubectl_netbench::testbed::kubernetes::Wanted;

pub(super) fn request(arguments: PairArgs, surroundings: &Surroundings) -> Request {
    Request {
        command: Command::Pair,
        wanted: Wanted::Named(arguments.client.into_iter().chain(arguments.server).collect()),
        selector: None,
        concurrency: None,
        console: Console::new(surroundings.streams, &arguments.output),
        format: arguments.output.output,
        environment_image: surroundings.image.clone(),
        measurement: arguments.measurement,
        connection: arguments.connection,
    }
}
