//! `exporter`: serves the metrics of the latest run.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use kubectl_netbench::cli::{ExitCode, ExporterArgs};
use kubectl_netbench::cluster;
use kubectl_netbench::recurring::exporter::{Exporter, RunSource, SavedRuns, ScheduleRuns};
use kubectl_netbench::recurring::schedule::{ScheduleError, Schedules};
use kubectl_netbench::store::StoreError;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpSocket};

use super::{Error, ProgramContext, interrupt, schedule};
use crate::console;

/// Maximum time for open connections after an interrupt.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(3);

/// Maximum number of connections that are not accepted yet: the default of tokio.
const BACKLOG: u32 = 1024;

pub(super) async fn run(arguments: ExporterArgs, program: &ProgramContext) -> Result<ExitCode, Error> {
    let interrupt = interrupt::watch();
    let max_series = arguments.max_series as usize;
    let listen_error = |source| Error::Listen { address: arguments.listen.clone(), source };
    match arguments.schedule {
        Some(name) => {
            let connection = &arguments.connection;
            let options = connection.options();
            let connecting = cluster::connect(&options, &program.environment);
            let Some(cluster) = interrupt.unless(connecting).await else { return Ok(ExitCode::Interrupted) };
            let cluster = cluster?;
            let id = schedule::id(&name, connection, &cluster);
            let finding = async { Schedules::discover(&cluster).await?.find(&id).await };
            if let Some(Err(error @ ScheduleError::NotFound { .. })) = interrupt.unless(finding).await {
                // not fatal: it may be created later
                console::error(&error.explain());
            }
            let what = format!("the latest run of schedule {name} in namespace {}", id.namespace);
            let source = ScheduleRuns::new(cluster, id);
            let exporter = Exporter::new(source, Some(name), max_series, console::error);
            serve(exporter, &arguments.listen, &what, interrupt).await.map_err(listen_error)?;
        }
        None => {
            let store = program.store.clone().ok_or(StoreError::NoDirectory)?;
            let exporter = Exporter::new(SavedRuns::new(store), None, max_series, console::error);
            let what = "the latest saved run";
            serve(exporter, &arguments.listen, what, interrupt).await.map_err(listen_error)?;
        }
    }
    Ok(ExitCode::Success)
}

async fn serve<S: RunSource>(
    exporter: Exporter<S>,
    address: &str,
    what: &str,
    interrupt: interrupt::Interrupt,
) -> io::Result<()> {
    let listener = listen(address).await?;
    console::note(&format!("serving {what} at http://{}/metrics", listener.local_addr()?));
    let (first, second) = (interrupt.first.clone(), interrupt.second);
    let serving = exporter.serve(listener, async move { first.cancelled().await });
    tokio::select! {
        served = serving => served,
        () = second.cancelled() => Ok(()),
        // a client that does not read its response must not block the shutdown
        () = async { interrupt.first.cancelled().await; tokio::time::sleep(SHUTDOWN_TIMEOUT).await } => Ok(()),
    }
}

/// Listens on an address. `:PORT` means all addresses, also on machines without IPv6.
async fn listen(address: &str) -> io::Result<TcpListener> {
    let port = address.strip_prefix(':').and_then(|port| port.parse().ok());
    let Some(port) = port else { return TcpListener::bind(address).await };
    match listen_on_all(port) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(error),
        Err(_) => TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).await,
        listener => listener,
    }
}

/// Listens on all addresses of IPv6 and of IPv4.
fn listen_on_all(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v6()?;
    // the default of Windows is IPv6 only; that of Linux can be set
    SockRef::from(&socket).set_only_v6(false)?;
    // as `TcpListener::bind` does: on Windows it would allow several listeners on the port
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv6Addr::UNSPECIFIED, port).into())?;
    socket.listen(BACKLOG)
}
