//! Executes plans on a testbed: starts the servers, runs the slots, records each test.

mod attempt;
mod diagnosis;
mod error;
mod event;
mod nodes;
mod recovery;
mod remedy;
mod stall;

pub use error::RunError;
pub use event::{Event, Observer, Observers};

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::document::{
    Direction, Failure, FailureKind, Measure, Measurement, NodeId, Note, Outcome, TestRecord, Throughput,
};
use crate::engine::{ClientSpec, Engine, Target};
use crate::options::{MeasurementOptions, Route};
use crate::plan::{Plan, Slot, Test, Variant};
use crate::testbed::{NodeServers, Processes, RestoreReason, ServerState, Testbed};
use attempt::{Failed, MAX_RESTORED_ATTEMPTS, Results};
use diagnosis::Diagnosis;
use nodes::{NodeHealth, Nodes};
use remedy::add_default_remedy;

/// Settings shared by all tests of a run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The nodes and the external server, if there is one, in the order of the plan.
    pub nodes: Vec<NodeId>,
    /// The external server, which the testbed does not start (`--to`).
    pub external_server: Option<NodeId>,
    /// The variants of the plan.
    pub variants: Vec<Variant>,
    /// The server processes of each node.
    pub processes: Processes,
    /// What clients do; the flow comes from the test.
    pub options: MeasurementOptions,
    /// How long a client may take beyond its test time, to start and to report.
    pub grace: Duration,
}

impl Settings {
    /// The engine of a measure.
    fn engine(&self, measure: Measure) -> &'static dyn Engine {
        match (measure, self.processes.latency) {
            (Measure::Latency, Some(process)) => process.engine,
            _ => self.processes.throughput.engine,
        }
    }

    /// Whether a test is preceded by a TCP probe that determines its bitrate.
    fn has_probe(&self, measure: Measure) -> bool {
        measure == Measure::Throughput && self.options.needs_probe()
    }

    /// The routes on which pairs are measured.
    pub fn routes(&self) -> Vec<Route> {
        let mut routes: Vec<Route> = self.variants.iter().map(|variant| variant.route).collect();
        // the variants of a route are consecutive
        routes.dedup();
        routes
    }

    /// The command of the first client of a test whose server is at `host` and, if not on the port of the servers,
    /// on `port`.
    pub fn command(&self, test: Test, host: &str, port: Option<u16>) -> Vec<String> {
        let variant = test.variant;
        let latency = self.processes.latency.filter(|_| variant.measure == Measure::Latency);
        let port = port.unwrap_or(latency.unwrap_or(self.processes.throughput).port);
        let target = Target { host, port, ip_family: variant.route.ip_family };
        let probe = self.has_probe(variant.measure).then(|| attempt::probe_options(&self.options));
        let options = probe.as_ref().unwrap_or(&self.options);
        let client = ClientSpec { target, flow: test.flow, options, version: None };
        self.engine(variant.measure).client_command(&client)
    }

    /// How long a client of `measure` sends.
    fn seconds(&self, measure: Measure) -> u32 {
        match measure {
            Measure::Throughput => self.options.time_seconds,
            Measure::Latency => self.options.latency_time_seconds.unwrap_or(self.options.time_seconds),
        }
    }

    /// How long a test of `measure` takes, without the start and end of its client.
    pub fn time(&self, measure: Measure) -> Duration {
        let omitted = if measure == Measure::Throughput { self.options.omit_seconds } else { 0 };
        let probe = if self.has_probe(measure) { attempt::PROBE_SECONDS } else { 0 };
        Duration::from_secs((self.seconds(measure) + omitted + probe).into())
    }
}

/// The results of a plan.
#[derive(Debug, Default)]
pub struct Measurements {
    /// One record per test, in the order in which they ended.
    pub tests: Vec<TestRecord>,
    /// What was noted meanwhile.
    pub notes: Vec<Note>,
    /// Why the plan was not completed; none if it was.
    pub stopped: Option<Stopped>,
}

/// Why a plan was not completed.
#[derive(Debug, Clone, PartialEq)]
pub enum Stopped {
    /// The user interrupted it.
    Interrupted,
    /// The credentials of the user are no longer accepted: no further test could start. The failure of the test that
    /// was not started is not among the results.
    Unauthenticated(Failure),
}

/// A testbed whose servers listen.
pub struct Started<'a> {
    testbed: &'a dyn Testbed,
    settings: &'a Settings,
    nodes: Nodes,
    /// What was noted while the servers started.
    pub notes: Vec<Note>,
}

/// Starts the servers of `testbed`; none if that was interrupted. The caller deletes what the testbed has
/// created, in every case.
///
/// # Errors
/// The testbed cannot be used at all, or has fewer than two servers.
pub async fn start<'a>(
    testbed: &'a dyn Testbed,
    settings: &'a Settings,
    observer: &dyn Observer,
    interrupt: &CancellationToken,
) -> Result<Option<Started<'a>>, RunError> {
    let progress = |node: NodeId, state: ServerState| {
        observer.observe(&Event::Server { node, state });
    };
    let Some(servers) = interrupt.run_until_cancelled(testbed.start(&progress)).await else {
        return Ok(None);
    };
    let servers = servers?;
    check_servers(&servers, settings)?;
    let nodes = Nodes::new(servers);
    check_versions(&nodes, settings)?;
    Ok(Some(Started { testbed, settings, nodes, notes: take_notes(testbed, observer) }))
}

/// The notes of the testbed since the last call.
fn take_notes(testbed: &dyn Testbed, observer: &dyn Observer) -> Vec<Note> {
    let notes = testbed.take_notes();
    for note in &notes {
        observer.observe(&Event::Noted(note));
    }
    notes
}

impl Started<'_> {
    /// The version of the throughput engine on each node, where it is known.
    pub fn versions(&self) -> HashMap<NodeId, String> {
        self.nodes.versions()
    }

    /// Runs all tests of `plan`, slot by slot.
    ///
    /// When `interrupt` is cancelled, the tests in flight are aborted, and the results until then are returned. When the
    /// credentials are no longer accepted, no further slot starts.
    pub async fn measure(
        &self,
        plan: &Plan,
        observer: &dyn Observer,
        interrupt: &CancellationToken,
    ) -> Measurements {
        let mut measurements = Measurements::default();
        let Self { testbed, settings, nodes, .. } = self;
        let run = Run { testbed: *testbed, settings, observer, nodes };
        for slot in plan.slots() {
            observer.observe(&Event::SlotStarted {
                number: slot.number,
                of: plan.slot_count(),
                tests: slot.tests.len(),
            });
            let mut running: FuturesUnordered<_> =
                slot.tests.iter().map(|&test| run.test(test, &slot)).collect();
            loop {
                let records = interrupt.run_until_cancelled(running.next()).await;
                measurements.notes.extend(take_notes(*testbed, observer));
                match records {
                    Some(Some(records)) => {
                        for record in records {
                            if let Outcome::Failed(failure) = &record.outcome
                                && failure.kind == FailureKind::Unauthenticated
                            {
                                measurements.stopped = Some(Stopped::Unauthenticated(failure.clone()));
                                continue;
                            }
                            observer.observe(&Event::TestEnded { record: &record });
                            measurements.tests.push(record);
                        }
                    }
                    Some(None) => break,
                    None => {
                        measurements.stopped = Some(Stopped::Interrupted);
                        return measurements;
                    }
                }
            }
            if measurements.stopped.is_some() {
                break;
            }
        }
        measurements
    }
}

/// Pause between two attempts to reach a Service that not every node has programmed yet.
const SETTLE_PAUSE: Duration = Duration::from_millis(500);

struct Run<'a> {
    testbed: &'a dyn Testbed,
    settings: &'a Settings,
    observer: &'a dyn Observer,
    nodes: &'a Nodes,
}

impl Run<'_> {
    /// Decides what follows a failed attempt whose nodes are healthy. A reason that goes by itself is waited for once.
    async fn examine(&self, test: Test, failed: &Failed, was_transient: bool) -> Next {
        let Failed { failure, partial } = failed;
        let accept = |cut_by: Failure| match partial {
            Some(partial) => Next::Accept(cut(partial, &add_default_remedy(cut_by, self, test))),
            None => Next::Unknown,
        };
        match failure.kind {
            FailureKind::ConnectionLost => return accept(failure.clone()),
            FailureKind::TimedOut | FailureKind::NoData => {}
            _ => return Next::Unknown,
        }
        let has_data = partial.is_some();
        let silent = || {
            let reason =
                "the control connection was lost: data arrived until the end of the test, but no report";
            Failure::new(FailureKind::ConnectionLost, reason)
        };
        let replace = async |reason, otherwise: Next| match self.recover_both(test, reason).await {
            NodeHealth::Healthy => otherwise,
            NodeHealth::Lost => self.server(test).err().map_or(Next::Unknown, Next::Fail),
            NodeHealth::Recovered => Next::Retry { is_transient: false },
        };
        match self.diagnose(test, failure).await {
            Diagnosis::Unresponsive => {
                let reason = "the server accepts connections, but does not respond";
                let failure = Failure::new(FailureKind::Unresponsive, reason);
                replace(RestoreReason::Unresponsive, Next::Fail(failure)).await
            }
            Diagnosis::Stuck if has_data => {
                // it would be busy for the next test as well
                self.recover_both(test, RestoreReason::Stuck).await;
                accept(silent())
            }
            Diagnosis::Stuck => replace(RestoreReason::Stuck, Next::Unknown).await,
            Diagnosis::Transient if has_data => accept(silent()),
            Diagnosis::Transient if !was_transient => Next::Retry { is_transient: true },
            Diagnosis::Transient | Diagnosis::Unknown => Next::Unknown,
            Diagnosis::Cause(failure) => Next::Fail(failure),
        }
    }

    /// Runs a test until its outcome is final. Returns one record per direction.
    async fn test(&self, test: Test, slot: &Slot) -> Vec<TestRecord> {
        let Variant { route, measure } = test.variant;
        let mut started_at = Timestamp::now();
        let mut attempt = 1;
        let mut was_transient = false;
        let result = loop {
            let failed = match self.try_once(test).await {
                Ok(results) => break Ok(results),
                Err(failed) => failed,
            };
            let failure = &failed.failure;
            if failure.kind == FailureKind::Unreachable
                && route.path.has_service()
                && !self.nodes.is_settled(test.server)
            {
                // the node has not programmed the Service yet: no traffic was sent, the attempt does not count
                tokio::time::sleep(SETTLE_PAUSE).await;
            } else {
                let pause = match self.recover(test, attempt, failure).await {
                    NodeHealth::Lost => break Err(self.server(test).err().unwrap_or(failed.failure)),
                    // the reason of the failure is gone
                    NodeHealth::Recovered if attempt < MAX_RESTORED_ATTEMPTS => Some(Duration::ZERO),
                    NodeHealth::Recovered => None,
                    NodeHealth::Healthy => match self.examine(test, &failed, was_transient).await {
                        Next::Accept(results) => break Ok(results),
                        Next::Fail(failure) => break Err(failure),
                        Next::Retry { is_transient } if attempt < MAX_RESTORED_ATTEMPTS => {
                            was_transient |= is_transient;
                            Some(Duration::ZERO)
                        }
                        Next::Retry { .. } => None,
                        Next::Unknown => {
                            attempt::pause_before_next(attempt, failure, self.settings.time(measure))
                        }
                    },
                };
                let Some(pause) = pause else { break Err(failed.failure) };
                tokio::time::sleep(pause).await;
                attempt += 1;
            }
            started_at = Timestamp::now();
        };
        let finished_at = Timestamp::now();
        let outcomes = match result {
            Ok(results) => {
                results.into_iter().map(|(direction, figures)| (direction, Outcome::Ok(figures))).collect()
            }
            Err(failure) => {
                let failure = add_default_remedy(failure, self, test);
                let failed = |direction| (direction, Outcome::Failed(failure.clone()));
                test.flow.directions().iter().copied().map(failed).collect::<Vec<_>>()
            }
        };
        let record = |(direction, outcome)| TestRecord {
            client: test.client,
            server: test.server,
            measure,
            direction,
            route,
            slot: slot.number,
            repetition: test.repetition,
            attempt,
            started_at,
            finished_at,
            outcome,
        };
        outcomes.into_iter().map(record).collect()
    }
}

/// The results of a test whose report is missing because of `cut_by`.
fn cut(partial: &[(Direction, Throughput)], cut_by: &Failure) -> Results {
    let result = |(direction, throughput): &(Direction, Throughput)| {
        let throughput = Throughput { cut_by: Some(cut_by.clone()), ..throughput.clone() };
        (*direction, Measurement::Throughput(throughput))
    };
    partial.iter().map(result).collect()
}

/// What follows a failed attempt whose nodes are healthy.
enum Next {
    /// Its samples are the result.
    Accept(Results),
    /// The test has failed, for this reason.
    Fail(Failure),
    /// The test is repeated at once.
    Retry {
        /// Whether the reason of the failure has gone by itself.
        is_transient: bool,
    },
    /// The rules for its kind apply.
    Unknown,
}

/// # Errors
/// The program on a node does not support a requested flag.
fn check_versions(nodes: &Nodes, settings: &Settings) -> Result<(), RunError> {
    let engine = settings.processes.throughput.engine;
    let versions: BTreeMap<NodeId, String> = nodes.versions().into_iter().collect();
    let unsupported = versions.into_iter().find_map(|(node, version)| {
        let (flag, since) = engine.unsupported(&version, &settings.options)?;
        Some(RunError::Unsupported { program: engine.program(), version, node, flag, since })
    });
    unsupported.map_or(Ok(()), Err)
}

/// # Errors
/// Fewer than two nodes have a server.
fn check_servers(servers: &HashMap<NodeId, NodeServers>, settings: &Settings) -> Result<(), RunError> {
    let is_usable = |servers: &&NodeServers| servers.values().any(Result::is_ok);
    if servers.values().filter(is_usable).count() >= 2 {
        return Ok(());
    }
    let failed = settings.nodes.iter().filter_map(|node| {
        let unusable = servers.get(node)?.values().next()?.as_ref().err()?;
        Some((*node, unusable.clone()))
    });
    Err(RunError::TooFewServers { nodes: settings.nodes.len(), failed: failed.collect() })
}

#[cfg(test)]
mod tests;
