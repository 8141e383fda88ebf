//! Puts a plan on a testbed: starts the servers, runs the slots, records each test.

mod attempt;
mod error;
mod event;

pub use error::RunError;
pub use event::{Event, Observer};

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::document::{Direction, Failure, FailureKind, Outcome, Path, TestRecord};
use crate::engine::iperf3::{ClientOptions, ReportFormat};
use crate::plan::{Plan, Slot, Test};
use crate::testbed::{Server, Starting, Testbed, Unusable};

/// What is the same for all tests of a run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The names of the nodes, in the order of the plan.
    pub nodes: Vec<String>,
    /// How long each test sends, in seconds.
    pub time_seconds: u32,
    /// TCP streams in each test.
    pub parallel: u32,
    /// The way of the packets.
    pub path: Path,
    /// How long a client may take beyond its sending time, to start and to report.
    pub grace: Duration,
}

/// What a run has found out.
#[derive(Debug, Default)]
pub struct Measurements {
    /// The version of iperf3 on each node, where it is known.
    pub versions: Vec<Option<String>>,
    /// One record per test, in the order in which they ended.
    pub tests: Vec<TestRecord>,
    /// Whether the run was interrupted before its end.
    pub interrupted: bool,
}

/// Runs all tests of `plan`, slot by slot: a slot starts when the one before has ended.
///
/// When `interrupt` is cancelled, the tests in flight are given up, and what was measured until
/// then is returned. Removing what the testbed made is left to the caller, in every case.
///
/// # Errors
/// The testbed cannot be used at all, or has fewer than two servers.
pub async fn run<T: Testbed>(
    testbed: &T,
    plan: &Plan,
    settings: &Settings,
    observer: &dyn Observer,
    interrupt: &CancellationToken,
) -> Result<Measurements, RunError> {
    let mut measurements = Measurements::default();
    let progress = |node: usize, starting: Starting| {
        observer.observe(&Event::Server { node: &settings.nodes[node], starting });
    };
    let Some(servers) = interrupt.run_until_cancelled(testbed.start(&progress)).await else {
        measurements.interrupted = true;
        return Ok(measurements);
    };
    let servers = servers?;
    check_enough(&servers, settings)?;
    let version =
        |server: &Result<Server, Unusable>| server.as_ref().ok().and_then(|server| server.version.clone());
    measurements.versions = servers.iter().map(version).collect();

    let run = Run {
        testbed,
        settings,
        observer,
        options: ClientOptions {
            time_seconds: settings.time_seconds,
            parallel: settings.parallel,
            format: common_format(&servers),
        },
        servers,
    };
    for slot in plan.slots() {
        observer.observe(&Event::SlotStarted {
            number: slot.number,
            of: plan.slot_count(),
            tests: slot.tests.len(),
        });
        let mut running: FuturesUnordered<_> = slot.tests.iter().map(|&test| run.test(test, &slot)).collect();
        loop {
            match interrupt.run_until_cancelled(running.next()).await {
                Some(Some(record)) => {
                    observer.observe(&Event::TestEnded { record: &record });
                    measurements.tests.push(record);
                }
                Some(None) => break,
                None => {
                    measurements.interrupted = true;
                    return Ok(measurements);
                }
            }
        }
    }
    Ok(measurements)
}

struct Run<'a, T> {
    testbed: &'a T,
    settings: &'a Settings,
    observer: &'a dyn Observer,
    options: ClientOptions,
    servers: Vec<Result<Server, Unusable>>,
}

impl<T: Testbed> Run<'_, T> {
    async fn test(&self, test: Test, slot: &Slot) -> TestRecord {
        let name = |node: usize| self.settings.nodes[node].clone();
        let mut started_at = Timestamp::now();
        let mut attempt = 1;
        let outcome = loop {
            let outcome = match self.usable_server(test) {
                Ok(server) => attempt::attempt(self, test, server).await,
                Err(failure) => Outcome::Failed(failure),
            };
            let Some(pause) = attempt::pause_before_next(attempt, &outcome, self.settings.time_seconds)
            else {
                break outcome;
            };
            tokio::time::sleep(pause).await;
            attempt += 1;
            started_at = Timestamp::now();
        };
        TestRecord {
            client: name(test.client),
            server: name(test.server),
            direction: Direction::ClientToServer,
            path: self.settings.path,
            slot: slot.number,
            repetition: test.repetition,
            attempt,
            started_at,
            finished_at: Timestamp::now(),
            outcome,
        }
    }

    /// The server of a test, if both of its nodes are usable.
    fn usable_server(&self, test: Test) -> Result<&Server, Failure> {
        let server = |node: usize| {
            self.servers[node].as_ref().map_err(|unusable| {
                let name = &self.settings.nodes[node];
                Failure::new(FailureKind::NodeUnusable, format!("{name}: {unusable}"))
            })
        };
        server(test.client)?;
        server(test.server)
    }
}

fn check_enough(servers: &[Result<Server, Unusable>], settings: &Settings) -> Result<(), RunError> {
    if servers.iter().filter(|server| server.is_ok()).count() >= 2 {
        return Ok(());
    }
    let failed = settings.nodes.iter().zip(servers).filter_map(|(node, server)| {
        let unusable = server.as_ref().err()?;
        Some((node.clone(), unusable.clone()))
    });
    Err(RunError::TooFewServers { failed: failed.collect() })
}

/// The best format that all servers' versions have. Clients run the same image as the servers.
fn common_format(servers: &[Result<Server, Unusable>]) -> ReportFormat {
    let mut formats =
        servers.iter().flatten().map(|server| ReportFormat::of_version(server.version.as_deref()));
    if formats.all(|format| format == ReportFormat::Stream) {
        ReportFormat::Stream
    } else {
        ReportFormat::Document
    }
}

#[cfg(test)]
mod tests;
