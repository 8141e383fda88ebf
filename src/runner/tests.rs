//! Runs on a fake testbed, in paused time.

mod diagnosis;
mod fake_engine;
mod recovery;

pub(super) use fake_engine::FakeEngine;
use fake_engine::argument;

use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use tokio::time::Instant;

use super::*;
use crate::document::Path;
use crate::engine::{ClientExit, Flow};
use crate::options::Protocol;
use crate::plan::Step;
use crate::testbed::{
    ClientStarted, Output, Process, RestoreOutcome, RestoreReason, Server, ServerLines, StartProgress,
    TestbedError, Unusable,
};

const TIME: Duration = Duration::from_secs(2);
const PORT: u16 = 1000;
const REPORT: &str = "sample 1000\nsample 1000\nend 1000";
const REFUSED: &str = "fail unreachable connection refused";
const BUSY: &str = "fail busy the server is busy";
const STARVED: &str = "sample 0";
const SAMPLES: &str = "sample 1000\nsample 1000";
const NO_DATA: &str = "fail noData no data was received";

/// The behavior of a client, by its node and attempt.
type Script = dyn Fn(NodeId, u32) -> Behavior + Send + Sync;

/// The behavior of a client, by its command; none to leave it to the [`Script`].
type CommandScript = dyn Fn(&[String]) -> Option<Behavior> + Send + Sync;

enum Behavior {
    Reports(&'static str),
    Hangs,
    /// Reports a sample without data, and hangs.
    Starves,
    /// Reports samples with data, and hangs.
    LosesItsReport,
    IsLost,
    IsUnauthenticated,
}

struct FakeTestbed {
    /// The servers of the nodes.
    servers: Vec<Result<Server, Unusable>>,
    /// The path to them.
    path: Path,
    script: Box<Script>,
    /// The behavior of clients by their command, which comes before the script.
    by_command: Box<CommandScript>,
    attempts: Mutex<HashMap<(NodeId, String), u32>>,
    /// Start, end, node and target of each client.
    runs: Mutex<Vec<(Instant, Instant, NodeId, String)>>,
    commands: Mutex<Vec<Vec<String>>>,
    /// The result of restoring a node.
    restore: Box<dyn Fn(NodeId, RestoreReason) -> RestoreOutcome + Send + Sync>,
}

impl FakeTestbed {
    fn new(nodes: usize, script: impl Fn(NodeId, u32) -> Behavior + Send + Sync + 'static) -> Self {
        let server = |index: usize| {
            let host = format!("10.0.0.{}", index + 1);
            Ok(Server { host, port: PORT, latency_port: None, version: Some("2.0".to_owned()) })
        };
        Self {
            servers: (0..nodes).map(server).collect(),
            path: Path::Pod,
            script: Box::new(script),
            by_command: Box::new(|_| None),
            attempts: Mutex::default(),
            runs: Mutex::default(),
            commands: Mutex::default(),
            restore: Box::new(|_, _| RestoreOutcome::Intact),
        }
    }
}

#[async_trait]
impl Testbed for FakeTestbed {
    async fn start(
        &self,
        _progress: StartProgress<'_>,
    ) -> Result<HashMap<NodeId, NodeServers>, TestbedError> {
        let servers =
            self.servers.iter().map(|server| NodeServers::from([(self.path.into(), server.clone())]));
        Ok(nodes(self.servers.len()).into_iter().zip(servers).collect())
    }

    async fn read_server(
        &self,
        _server: NodeId,
        _route: Route,
        _lines: ServerLines<'_>,
    ) -> Result<(), Failure> {
        Ok(())
    }

    async fn run_client(
        &self,
        client: NodeId,
        _route: Route,
        command: &[String],
        started: ClientStarted<'_>,
        output: Output<'_>,
    ) -> Result<ClientExit, Failure> {
        started();
        let began = Instant::now();
        let target = argument(command, "host").to_owned();
        self.commands.lock().unwrap().push(command.to_vec());
        let attempt = {
            let mut attempts = self.attempts.lock().unwrap();
            let attempt = attempts.entry((client, target.clone())).or_default();
            *attempt += 1;
            *attempt
        };
        let exit = match (self.by_command)(command).unwrap_or_else(|| (self.script)(client, attempt)) {
            Behavior::Reports(report) => {
                tokio::time::sleep(TIME).await;
                let _ = report.lines().try_for_each(&mut *output);
                Ok(ClientExit { code: Some(0), ..ClientExit::default() })
            }
            Behavior::Hangs => std::future::pending().await,
            Behavior::Starves => {
                let _ = STARVED.lines().try_for_each(&mut *output);
                std::future::pending().await
            }
            Behavior::LosesItsReport => {
                let _ = SAMPLES.lines().try_for_each(&mut *output);
                std::future::pending().await
            }
            Behavior::IsLost => Err(Failure::new(FailureKind::ClientLost, "the connection broke")),
            Behavior::IsUnauthenticated => Err(Failure::new(FailureKind::Unauthenticated, "Unauthorized")),
        };
        self.runs.lock().unwrap().push((began, Instant::now(), client, target));
        exit
    }

    async fn restore(&self, node: NodeId, reason: RestoreReason) -> RestoreOutcome {
        (self.restore)(node, reason)
    }

    async fn stop(&self) -> Result<(), TestbedError> {
        Ok(())
    }
}

/// Starts the servers and executes a plan.
async fn run(
    testbed: &FakeTestbed,
    plan: &Plan,
    settings: &Settings,
    observer: &dyn Observer,
    interrupt: &CancellationToken,
) -> Result<Measurements, RunError> {
    let started = start(testbed, settings, observer, interrupt).await?.expect("nothing interrupts the start");
    Ok(started.measure(plan, observer, interrupt).await)
}

struct Unobserved;

impl Observer for Unobserved {
    fn observe(&self, _event: &Event) {}
}

/// Interrupts after this many tests.
struct InterruptAfter(Mutex<usize>, CancellationToken);

impl Observer for InterruptAfter {
    fn observe(&self, event: &Event) {
        if let Event::TestEnded { .. } = event {
            let mut left = self.0.lock().unwrap();
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.1.cancel();
            }
        }
    }
}

fn nodes(count: usize) -> Vec<NodeId> {
    (1..=count).map(|number| NodeId::from(format!("node-{number}").as_str())).collect()
}

fn throughput_over(path: Path) -> Variant {
    Variant { route: path.into(), measure: Measure::Throughput }
}

fn settings(nodes: usize) -> Settings {
    over(Path::Pod, nodes)
}

fn over(path: Path, count: usize) -> Settings {
    Settings {
        nodes: nodes(count),
        external_server: None,
        variants: vec![throughput_over(path)],
        processes: Processes { throughput: Process { engine: &FakeEngine, port: PORT }, latency: None },
        options: MeasurementOptions::for_seconds(2),
        grace: Duration::from_secs(5),
    }
}

/// Each node as the client of each other.
fn mesh(nodes: usize) -> Plan {
    mesh_over(Path::Pod, nodes)
}

fn mesh_over(path: Path, count: usize) -> Plan {
    let variant = throughput_over(path);
    let steps = [false, true].map(|backward| Step { variant, backward, flow: Flow::Forward });
    Plan::mesh(&nodes(count), steps.to_vec(), 1, None)
}

async fn run_on(testbed: &FakeTestbed, nodes: usize) -> Result<Measurements, RunError> {
    run(testbed, &mesh(nodes), &settings(nodes), &Unobserved, &CancellationToken::new()).await
}

fn failures(measurements: &Measurements) -> Vec<(NodeId, NodeId, FailureKind)> {
    measurements
        .tests
        .iter()
        .filter_map(|test| match &test.outcome {
            Outcome::Failed(failure) => Some((test.client, test.server, failure.kind)),
            Outcome::Ok(_) => None,
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn slots_run_in_sequence_without_sharing_a_node() {
    let testbed = FakeTestbed::new(6, |_, _| Behavior::Reports(REPORT));
    let began = Instant::now();
    let measurements = run_on(&testbed, 6).await.unwrap();
    assert_eq!(measurements.tests.len(), 30);
    assert_eq!(began.elapsed(), TIME * 10, "2(N−1) slots without pauses");
    let runs = testbed.runs.lock().unwrap();
    for (index, (began, ended, client, target)) in runs.iter().enumerate() {
        for (other_began, other_ended, other_client, other_target) in &runs[index + 1..] {
            let together = began < other_ended && other_began < ended;
            let address = |client: &NodeId| client.replace("node-", "10.0.0.");
            let nodes = [address(client), target.clone()];
            let shared = nodes.contains(&address(other_client)) || nodes.contains(other_target);
            assert!(!(together && shared));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn node_without_server_fails_only_its_own_cells() {
    let mut testbed = FakeTestbed::new(4, |_, _| Behavior::Reports(REPORT));
    testbed.servers[2] = Err(Unusable::because("no room").with_remedy(Some("make some")));
    let measurements = run_on(&testbed, 4).await.unwrap();
    let failures = failures(&measurements);
    assert_eq!((measurements.tests.len(), failures.len()), (12, 6));
    assert!(failures.iter().all(|(client, server, kind)| {
        *kind == FailureKind::NodeUnusable && (*client == "node-3" || *server == "node-3")
    }));
    let reason = measurements.tests.iter().find_map(|test| match &test.outcome {
        Outcome::Failed(failure) => Some(failure.to_string()),
        Outcome::Ok(_) => None,
    });
    assert_eq!(reason.as_deref(), Some("node-3: no room"));
}

#[tokio::test(start_paused = true)]
async fn single_server_is_an_error() {
    let mut testbed = FakeTestbed::new(3, |_, _| Behavior::Reports(REPORT));
    testbed.servers[0] = Err(Unusable::because("no room"));
    testbed.servers[2] = Err(Unusable::because("no room"));
    let explanation = run_on(&testbed, 3).await.unwrap_err().explain();
    assert_eq!(explanation.cause.as_deref(), Some("node-1, node-3: no room"));
}

#[tokio::test(start_paused = true)]
async fn busy_server_and_lost_client_are_retried_and_counted() {
    for first in [|| Behavior::Reports(BUSY), || Behavior::IsLost] {
        let testbed = FakeTestbed::new(
            2,
            move |_, attempt| if attempt == 1 { first() } else { Behavior::Reports(REPORT) },
        );
        let measurements = run_on(&testbed, 2).await.unwrap();
        assert!(failures(&measurements).is_empty());
        assert!(measurements.tests.iter().all(|test| test.attempt == 2));
    }
}

#[tokio::test(start_paused = true)]
async fn server_that_stays_busy_fails_its_test() {
    let testbed = FakeTestbed::new(2, |_, _| Behavior::Reports(BUSY));
    let measurements = run_on(&testbed, 2).await.unwrap();
    assert_eq!(failures(&measurements)[0], ("node-1".into(), "node-2".into(), FailureKind::Busy));
    assert_eq!(measurements.tests[0].attempt, 3);
}

#[tokio::test(start_paused = true)]
async fn test_without_a_response_fails_soon_after_its_time() {
    let testbed =
        FakeTestbed::new(
            3,
            |client, _| if client == "node-1" { Behavior::Hangs } else { Behavior::Reports(REPORT) },
        );
    let began = Instant::now();
    let measurements = run_on(&testbed, 3).await.unwrap();
    let failures = failures(&measurements);
    assert_eq!(failures.len(), 2);
    assert!(
        failures.iter().all(|(client, _, kind)| *client == "node-1" && *kind == FailureKind::Unresponsive)
    );
    let short_test = Duration::from_secs(6);
    assert!(began.elapsed() <= (TIME + Duration::from_secs(5) + short_test) * 2 + TIME * 4);
}

#[tokio::test(start_paused = true)]
async fn expired_credentials_stop_the_run_and_keep_its_results() {
    let testbed = FakeTestbed::new(4, |client, _| {
        if client == "node-4" { Behavior::IsUnauthenticated } else { Behavior::Reports(REPORT) }
    });
    let measurements = run_on(&testbed, 4).await.unwrap();
    assert!(matches!(measurements.stopped, Some(Stopped::Unauthenticated(_))), "{:?}", measurements.stopped);
    assert!(failures(&measurements).is_empty());
    // the other test of the slot ends, and no further slot starts
    let last_slot = measurements.tests.iter().map(|test| test.slot).max().unwrap_or(1);
    assert!(measurements.tests.len() < 12 && last_slot < 6, "{:?}", measurements.tests);
}

#[tokio::test(start_paused = true)]
async fn rejection_during_a_recovery_of_the_api_server_is_retried() {
    let testbed = FakeTestbed::new(2, |_, attempt| match attempt {
        1 => Behavior::IsUnauthenticated,
        _ => Behavior::Reports(REPORT),
    });
    let measurements = run_on(&testbed, 2).await.unwrap();
    assert_eq!((measurements.stopped.clone(), measurements.tests.len()), (None, 2));
}

#[tokio::test(start_paused = true)]
async fn interrupt_keeps_finished_tests() {
    let testbed = FakeTestbed::new(4, |_, _| Behavior::Reports(REPORT));
    let interrupt = CancellationToken::new();
    let observer = InterruptAfter(Mutex::new(4), interrupt.clone());
    let measurements = run(&testbed, &mesh(4), &settings(4), &observer, &interrupt).await.unwrap();
    assert_eq!(measurements.stopped, Some(Stopped::Interrupted));
    assert_eq!(measurements.tests.len(), 4);
    assert!(failures(&measurements).is_empty());
}

#[tokio::test(start_paused = true)]
async fn client_command_depends_on_version_of_its_own_node() {
    let mut testbed = FakeTestbed::new(2, |_, _| Behavior::Reports(REPORT));
    if let Ok(server) = &mut testbed.servers[1] {
        server.version = Some("1.0".to_owned());
    }
    run_on(&testbed, 2).await.unwrap();
    let commands = testbed.commands.lock().unwrap();
    let to = |host: &str| commands.iter().find(|command| argument(command, "host") == host).unwrap();
    assert_eq!(argument(to("10.0.0.2"), "version"), "2.0");
    assert_eq!(argument(to("10.0.0.1"), "version"), "1.0");
}

#[tokio::test(start_paused = true)]
async fn unprogrammed_service_is_retried_without_counting_attempts() {
    let mut testbed = FakeTestbed::new(2, |_, attempt| {
        if attempt <= 2 { Behavior::Reports(REFUSED) } else { Behavior::Reports(REPORT) }
    });
    testbed.path = Path::Service;
    let token = CancellationToken::new();
    let (plan, settings) = (mesh_over(Path::Service, 2), over(Path::Service, 2));
    let service = run(&testbed, &plan, &settings, &Unobserved, &token).await.unwrap();
    assert!(failures(&service).is_empty());
    assert!(service.tests.iter().all(|test| test.attempt == 1));
    let testbed = FakeTestbed::new(2, |_, _| Behavior::Reports(REFUSED));
    let pod = run(&testbed, &mesh(2), &over(Path::Pod, 2), &Unobserved, &token).await.unwrap();
    assert_eq!((failures(&pod).len(), testbed.commands.lock().unwrap().len()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn udp_test_without_rate_sends_at_80_percent_of_tcp() {
    let testbed = FakeTestbed::new(2, |_, _| Behavior::Reports(REPORT));
    let options = MeasurementOptions { protocol: Protocol::Udp, ..settings(2).options };
    let settings = Settings { options, ..settings(2) };
    assert_eq!(settings.time(Measure::Throughput), TIME + Duration::from_secs(1));
    run(&testbed, &mesh(2), &settings, &Unobserved, &CancellationToken::new()).await.unwrap();
    let commands = testbed.commands.lock().unwrap();
    let options =
        |command: &[String]| ["protocol", "seconds", "rate"].map(|name| argument(command, name).to_owned());
    assert_eq!(options(&commands[0]), ["TCP", "1", "0"]);
    assert_eq!(options(&commands[1]), ["UDP", "2", "800"]);
}

#[tokio::test(start_paused = true)]
async fn failed_bidirectional_test_fails_both_directions() {
    let testbed = FakeTestbed::new(2, |_, _| Behavior::Reports(REFUSED));
    let steps = vec![Step { variant: throughput_over(Path::Pod), backward: false, flow: Flow::Both }];
    let plan = Plan::mesh(&nodes(2), steps, 1, None);
    let measured = run(&testbed, &plan, &settings(2), &Unobserved, &CancellationToken::new()).await.unwrap();
    let ends: Vec<_> = measured.tests.iter().map(TestRecord::sender_and_receiver).collect();
    let [first, second] = [0, 1].map(|index| nodes(2)[index]);
    assert_eq!(ends, [(first, second), (second, first)]);
    assert_eq!(failures(&measured).len(), 2);
}
