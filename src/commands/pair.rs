//! `pair`: measures both directions between two nodes.

use kubectl_netbench::cli::{ExitCode, PairArgs};
use kubectl_netbench::document::Command;
use kubectl_netbench::testbed::kubernetes::Wanted;

use super::measure::{self, Request, ServerCluster};
use super::{Error, ProgramContext};
use crate::console::Console;

pub(super) async fn run(
    arguments: PairArgs,
    console: Console,
    program: &ProgramContext,
) -> Result<ExitCode, Error> {
    measure::run(request(arguments, console, program)?, program).await
}

/// # Errors
/// The results cannot be written.
pub(super) fn request(
    arguments: PairArgs,
    console: Console,
    program: &ProgramContext,
) -> Result<Request, Error> {
    let options = arguments
        .server_context
        .map(|context| arguments.common.connection.options_of(context, arguments.server_kubeconfig));
    let (server, here) = match (options, arguments.server) {
        (Some(options), Some(node)) => (Some(ServerCluster { node, options }), None),
        (_, server) => (None, server),
    };
    let names = arguments.client.into_iter().chain(here).collect();
    let request = Request::new(Command::Pair, Wanted::Named(names), arguments.common, console, program)?;
    Ok(Request { server, ..request })
}
