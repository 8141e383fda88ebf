//! `matrix`: measures all ordered pairs of nodes.

use kubectl_netbench::cli::{CommonArgs, ExitCode, MatrixArgs, TargetArgs};
use kubectl_netbench::document::{Command, Run};
use kubectl_netbench::engine::throughput_engine;
use kubectl_netbench::options::{ClientMode, Path, PlacementOptions};
use kubectl_netbench::store;
use kubectl_netbench::testbed::kubernetes::{Scope, Wanted};

use super::measure::{self, Request};
use super::{Error, ProgramContext};
use crate::console::Console;

pub(super) async fn run(
    arguments: MatrixArgs,
    console: Console,
    program: &ProgramContext,
) -> Result<ExitCode, Error> {
    measure::run(request(arguments, console, program)?, program).await
}

/// # Errors
/// The run to resume cannot be read or resumed, or the results cannot be written.
pub(super) fn request(
    mut arguments: MatrixArgs,
    console: Console,
    program: &ProgramContext,
) -> Result<Request, Error> {
    let resumed = arguments.resume.as_deref();
    let resumed = resumed.map(|reference| store::load(program.store.as_ref(), reference)).transpose()?;
    if let Some(run) = &resumed {
        measure::check_resumable(run)?;
        arguments.nodes = run.nodes.iter().map(|node| node.name.to_string()).collect();
        arguments.plan = run.parameters.plan.clone();
        let cluster = run.cluster.clone();
        let context = cluster.as_ref().and_then(|cluster| cluster.context.clone());
        // the run's own namespace no longer exists
        let namespace = cluster.map(|cluster| cluster.namespace).filter(|name| !is_created(name, &run.id));
        let node_count = u16::try_from(run.nodes.len()).unwrap_or(u16::MAX);
        arguments.common = CommonArgs {
            measurement: run.parameters.measurement.clone(),
            placement: requested_placement(run),
            pods: run.parameters.pods.clone(),
            target: TargetArgs { dry_run: false, local: run.cluster.is_none().then_some(node_count) },
            connection: arguments.common.connection.or(context, namespace),
            ..arguments.common
        };
        // another program may have written the file
        let checked = arguments.common.check();
        checked.map_err(|conflict| Error::Resume { id: run.id.clone(), why: conflict.message })?;
    }
    let wanted = if arguments.nodes.is_empty() {
        Wanted::usable(&arguments.common.pods)
    } else {
        Wanted::Named(arguments.nodes)
    };
    Ok(Request {
        selector: arguments.selector,
        plan: arguments.plan,
        resumed,
        ..Request::new(Command::Matrix, wanted, arguments.common, console, program)?
    })
}

/// Whether this program created the namespace of the run `id`, or that of kept servers, by itself.
fn is_created(namespace: &str, id: &str) -> bool {
    [Scope::new(id, None), Scope::kept(None)].iter().any(|scope| scope.namespace() == namespace)
}

/// The placement that the user requested for a run, without the values that the run resolved.
fn requested_placement(run: &Run) -> PlacementOptions {
    let placement = run.parameters.placement.clone();
    let default_port = throughput_engine(run.parameters.measurement.engine).capabilities().default_port;
    let is_local = run.cluster.is_none();
    PlacementOptions {
        paths: placement.paths.iter().copied().filter(|path| *path != Path::Loopback).collect(),
        // with latency, the second port follows from the first only if that was requested
        port: placement.port.filter(|port| is_local || *port != default_port),
        via: match placement.via {
            ClientMode::Job => ClientMode::Job,
            ClientMode::Auto | ClientMode::Exec | ClientMode::Process => ClientMode::Auto,
        },
        ..placement
    }
}
