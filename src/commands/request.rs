//! What a measuring command was asked for: the arguments of `matrix` and of `pair` in one form.

use kubectl_netbench::cli::{CommonArgs, ConnectionArgs, MatrixArgs, MeasurementArgs, PairArgs};
use kubectl_netbench::document::Command;
use kubectl_netbench::testbed::kubernetes::Wanted;
use kubectl_netbench::view::Format;

use super::Surroundings;
use crate::console::Console;

/// What a measuring command was asked for.
pub(super) struct Request {
    pub command: Command,
    pub wanted: Wanted,
    /// A label selector for the nodes.
    pub selector: Option<String>,
    /// The most tests at the same time.
    pub concurrency: Option<usize>,
    pub measurement: MeasurementArgs,
    pub connection: ConnectionArgs,
    pub console: Console,
    pub format: Format,
    /// The image that the environment names.
    pub environment_image: Option<String>,
}

impl Request {
    /// All ordered pairs of the nodes.
    pub fn matrix(arguments: MatrixArgs, surroundings: &Surroundings) -> Self {
        let wanted = if arguments.nodes.is_empty() { Wanted::Usable } else { Wanted::Named(arguments.nodes) };
        Self {
            selector: arguments.selector,
            concurrency: arguments.concurrency.map(|limit| limit as usize),
            ..Self::new(Command::Matrix, wanted, arguments.common, surroundings)
        }
    }

    /// The matrix of two nodes, shown with what explains its figures.
    pub fn pair(arguments: PairArgs, surroundings: &Surroundings) -> Self {
        let names = arguments.client.into_iter().chain(arguments.server).collect();
        Self::new(Command::Pair, Wanted::Named(names), arguments.common, surroundings)
    }

    fn new(command: Command, wanted: Wanted, common: CommonArgs, surroundings: &Surroundings) -> Self {
        Self {
            command,
            wanted,
            selector: None,
            concurrency: None,
            console: Console::new(surroundings.streams, &common.output),
            format: common.output.output,
            measurement: common.measurement,
            connection: common.connection,
            environment_image: surroundings.image.clone(),
        }
    }
}
