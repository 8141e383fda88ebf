//! Runs on a testbed that is made up, in a time that passes at once.

use std::collections::HashMap;
use std::sync::Mutex;

use tokio::time::Instant;

use super::*;
use crate::engine::iperf3::ClientExit;
use crate::testbed::{Enough, Output, StartProgress, TestbedError};

const TIME: Duration = Duration::from_secs(2);
const REPORT: &str = include_str!("../../tests/fixtures/iperf3/3.18-stream-two-streams.ndjson");
const BUSY: &str = include_str!("../../tests/fixtures/iperf3/3.18-stream-busy.ndjson");

/// What a client does at its nth attempt.
type Script = dyn Fn(usize, u32) -> Play + Send + Sync;

enum Play {
    Reports(&'static str),
    Hangs,
    IsLost,
}

struct MadeUp {
    servers: Vec<Result<Server, Unusable>>,
    script: Box<Script>,
    attempts: Mutex<HashMap<(usize, String), u32>>,
    /// When each client ran, on which node, towards which server.
    runs: Mutex<Vec<(Instant, Instant, usize, String)>>,
    commands: Mutex<Vec<Vec<String>>>,
}

impl MadeUp {
    fn new(nodes: usize, script: impl Fn(usize, u32) -> Play + Send + Sync + 'static) -> Self {
        let server = |index: usize| {
            Ok(Server { host: format!("10.0.0.{}", index + 1), port: 5201, version: Some("3.18".to_owned()) })
        };
        Self {
            servers: (0..nodes).map(server).collect(),
            script: Box::new(script),
            attempts: Mutex::default(),
            runs: Mutex::default(),
            commands: Mutex::default(),
        }
    }
}

impl Testbed for MadeUp {
    async fn start(
        &self,
        _progress: StartProgress<'_>,
    ) -> Result<Vec<Result<Server, Unusable>>, TestbedError> {
        Ok(self.servers.clone())
    }

    async fn run_client(
        &self,
        client: usize,
        command: &[String],
        output: Output<'_>,
    ) -> Result<ClientExit, Failure> {
        let began = Instant::now();
        let target = command[2].clone();
        self.commands.lock().unwrap().push(command.to_vec());
        let attempt = {
            let mut attempts = self.attempts.lock().unwrap();
            let attempt = attempts.entry((client, target.clone())).or_default();
            *attempt += 1;
            *attempt
        };
        let exit = match (self.script)(client, attempt) {
            Play::Reports(report) => {
                tokio::time::sleep(TIME).await;
                let _: Enough = output(report.as_bytes());
                Ok(ClientExit { code: Some(0), stderr: String::new() })
            }
            Play::Hangs => std::future::pending().await,
            Play::IsLost => Err(Failure::new(FailureKind::ClientLost, "the connection broke")),
        };
        self.runs.lock().unwrap().push((began, Instant::now(), client, target));
        exit
    }

    async fn stop(&self) -> Result<(), TestbedError> {
        Ok(())
    }
}

struct Unobserved;

impl Observer for Unobserved {
    fn observe(&self, _event: &Event) {}
}

/// Interrupts when so many tests have ended.
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

fn settings(nodes: usize) -> Settings {
    Settings {
        nodes: (1..=nodes).map(|number| format!("node-{number}")).collect(),
        time_seconds: 2,
        parallel: 2,
        path: Path::Pod,
        grace: Duration::from_secs(5),
    }
}

async fn run_on(testbed: &MadeUp, nodes: usize) -> Result<Measurements, RunError> {
    let plan = Plan::matrix(nodes, 1, None);
    run(testbed, &plan, &settings(nodes), &Unobserved, &CancellationToken::new()).await
}

fn failures(measurements: &Measurements) -> Vec<(&str, &str, FailureKind)> {
    measurements
        .tests
        .iter()
        .filter_map(|test| match &test.outcome {
            Outcome::Failed(failure) => Some((test.client.as_str(), test.server.as_str(), failure.kind)),
            Outcome::Ok(_) => None,
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn slots_follow_each_other_and_no_node_is_used_twice_at_a_time() {
    let testbed = MadeUp::new(6, |_, _| Play::Reports(REPORT));
    let began = Instant::now();
    let measurements = run_on(&testbed, 6).await.unwrap();
    assert_eq!(measurements.tests.len(), 30);
    assert_eq!(began.elapsed(), TIME * 10, "2(N−1) slots, and nothing in between");
    let runs = testbed.runs.lock().unwrap();
    for (index, (began, ended, client, target)) in runs.iter().enumerate() {
        for (other_began, other_ended, other_client, other_target) in &runs[index + 1..] {
            let together = began < other_ended && other_began < ended;
            let address = |client: &usize| format!("10.0.0.{}", client + 1);
            let nodes = [address(client), target.clone()];
            let shared = nodes.contains(&address(other_client)) || nodes.contains(other_target);
            assert!(!(together && shared));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_cells_of_a_node_without_a_server_fail_and_the_others_are_measured() {
    let mut testbed = MadeUp::new(4, |_, _| Play::Reports(REPORT));
    testbed.servers[2] = Err(Unusable { reason: "no room".to_owned(), remedy: Some("make some".to_owned()) });
    let measurements = run_on(&testbed, 4).await.unwrap();
    let failures = failures(&measurements);
    assert_eq!((measurements.tests.len(), failures.len()), (12, 6));
    assert!(failures.iter().all(|(client, server, kind)| {
        *kind == FailureKind::NodeUnusable && (*client == "node-3" || *server == "node-3")
    }));
    let reason = measurements.tests.iter().find_map(|test| match &test.outcome {
        Outcome::Failed(failure) => Some(failure.reason.as_str()),
        Outcome::Ok(_) => None,
    });
    assert_eq!(reason, Some("node-3: no room; make some"));
}

#[tokio::test(start_paused = true)]
async fn fewer_than_two_servers_are_an_error() {
    let mut testbed = MadeUp::new(3, |_, _| Play::Reports(REPORT));
    testbed.servers[0] = Err(Unusable::because("no room"));
    testbed.servers[2] = Err(Unusable::because("no room"));
    let explanation = run_on(&testbed, 3).await.unwrap_err().explain();
    assert_eq!(explanation.why.as_deref(), Some("node-1, node-3: no room"));
}

#[tokio::test(start_paused = true)]
async fn a_busy_server_and_a_lost_client_are_tried_again_and_said_to_be() {
    for first in [|| Play::Reports(BUSY), || Play::IsLost] {
        let testbed =
            MadeUp::new(2, move |_, attempt| if attempt == 1 { first() } else { Play::Reports(REPORT) });
        let measurements = run_on(&testbed, 2).await.unwrap();
        assert!(failures(&measurements).is_empty());
        assert!(measurements.tests.iter().all(|test| test.attempt == 2));
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stays_busy_is_a_failure() {
    let testbed = MadeUp::new(2, |_, _| Play::Reports(BUSY));
    let measurements = run_on(&testbed, 2).await.unwrap();
    assert_eq!(failures(&measurements)[0], ("node-1", "node-2", FailureKind::Busy));
    assert_eq!(measurements.tests[0].attempt, 3);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_hangs_is_ended_after_its_time_and_a_margin() {
    let testbed = MadeUp::new(3, |client, _| if client == 0 { Play::Hangs } else { Play::Reports(REPORT) });
    let began = Instant::now();
    let measurements = run_on(&testbed, 3).await.unwrap();
    let failures = failures(&measurements);
    assert_eq!(failures.len(), 2);
    assert!(failures.iter().all(|(client, _, kind)| *client == "node-1" && *kind == FailureKind::TimedOut));
    assert!(began.elapsed() <= (TIME + Duration::from_secs(5)) * 6);
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_keeps_what_was_measured() {
    let testbed = MadeUp::new(4, |_, _| Play::Reports(REPORT));
    let interrupt = CancellationToken::new();
    let observer = InterruptAfter(Mutex::new(4), interrupt.clone());
    let plan = Plan::matrix(4, 1, None);
    let measurements = run(&testbed, &plan, &settings(4), &observer, &interrupt).await.unwrap();
    assert!(measurements.interrupted);
    assert_eq!(measurements.tests.len(), 4);
    assert!(failures(&measurements).is_empty());
}

#[tokio::test(start_paused = true)]
async fn one_old_server_and_all_clients_write_whole_documents() {
    let mut testbed = MadeUp::new(2, |_, _| Play::Reports(REPORT));
    if let Ok(server) = &mut testbed.servers[1] {
        server.version = Some("3.12".to_owned());
    }
    run_on(&testbed, 2).await.unwrap();
    let commands = testbed.commands.lock().unwrap();
    assert!(commands.iter().all(|command| command.contains(&"--json".to_owned())));
}
