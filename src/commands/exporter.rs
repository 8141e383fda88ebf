//! `exporter`: serves the metrics of the newest run.

use std::io;
use std::time::Duration;

use kubectl_netbench::cli::{ExitCode, ExporterArgs};
use kubectl_netbench::cluster;
use kubectl_netbench::exporter::{Exporter, OfSchedule, Saved, Source};
use kubectl_netbench::schedule::{ScheduleError, Schedules};
use kubectl_netbench::store::StoreError;
use tokio::net::TcpListener;

use super::{Error, ProgramContext, interrupt, schedule};
use crate::console;

/// How long answers that are on their way may take when it ends.
const LAST_ANSWERS: Duration = Duration::from_secs(3);

pub(super) async fn run(arguments: ExporterArgs, program: &ProgramContext) -> Result<ExitCode, Error> {
    let interrupt = interrupt::watch();
    let max_series = arguments.max_series as usize;
    let of = |error| Error::Listen { address: arguments.listen.clone(), source: error };
    match arguments.schedule {
        Some(name) => {
            let connection = &arguments.connection;
            let options = connection.options();
            let connecting = cluster::connect(&options, &program.environment);
            let Some(cluster) = interrupt.unless(connecting).await else { return Ok(ExitCode::Interrupted) };
            let cluster = cluster?;
            let id = schedule::id(&name, connection, &cluster);
            let finding = async { Schedules::of(&cluster).await?.find(&id).await };
            if let Some(Err(unknown @ ScheduleError::Unknown { .. })) = interrupt.unless(finding).await {
                // it may still be made
                console::error(&unknown.explain());
            }
            let what = format!("the newest run of the schedule {name} in the namespace {}", id.namespace);
            let exporter = Exporter::new(OfSchedule::of(cluster, id), Some(name), max_series, console::error);
            serve(exporter, &arguments.listen, &what, interrupt).await.map_err(of)?;
        }
        None => {
            let store = program.store.clone().ok_or(StoreError::NoDirectory)?;
            let exporter = Exporter::new(Saved::of(store), None, max_series, console::error);
            serve(exporter, &arguments.listen, "the newest saved run", interrupt).await.map_err(of)?;
        }
    }
    Ok(ExitCode::Success)
}

async fn serve<S: Source>(
    exporter: Exporter<S>,
    address: &str,
    what: &str,
    interrupt: interrupt::Interrupt,
) -> io::Result<()> {
    let listener = listener(address).await?;
    console::note(&format!("serving {what} at http://{}/metrics", listener.local_addr()?));
    let (first, second) = (interrupt.first.clone(), interrupt.second);
    let serving = exporter.serve(listener, async move { first.cancelled().await });
    tokio::select! {
        served = serving => served,
        // a reader that does not read keeps nobody waiting
        () = second.cancelled() => Ok(()),
        () = async { interrupt.first.cancelled().await; tokio::time::sleep(LAST_ANSWERS).await } => Ok(()),
    }
}

/// Listens at an address or, without one, at all of this machine, of which some have IPv4 only.
async fn listener(address: &str) -> io::Result<TcpListener> {
    let Some(port) = address.strip_prefix(':') else { return TcpListener::bind(address).await };
    match TcpListener::bind(format!("[::]:{port}")).await {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(error),
        Err(_) => TcpListener::bind(format!("0.0.0.0:{port}")).await,
        listener => listener,
    }
}
