//! One attempt at a test, and whether to retry it.

use std::ops::ControlFlow;
use std::time::Duration;

use tokio::time::Instant;
use tracing::{debug, trace};

use super::nodes::NodeHealth;
use super::stall::StallTimer;
use super::{Event, Run};
use crate::document::{Direction, Failure, FailureKind, Measure, Measurement, Throughput};
use crate::engine::{ClientExit, ClientSpec, Engine, Reader, Target};
use crate::options::{MeasurementOptions, Protocol};
use crate::plan::{Test, Variant};
use crate::testbed::Server;

/// How long a test may transfer no data before it is aborted.
const STALL_LIMIT: Duration = Duration::from_secs(10);

/// Attempts at a test before the failure of a busy server is final.
pub(super) const MAX_BUSY_ATTEMPTS: u32 = 3;

/// Attempts at a test before the loss of its client is final. A cluster that recovers from an outage of its control
/// plane may lose several in a row.
const MAX_LOST_ATTEMPTS: u32 = 5;

/// Attempts at a test before credentials count as no longer accepted, and the pause between two of them.
const MAX_UNAUTHENTICATED_ATTEMPTS: u32 = 3;
const UNAUTHENTICATED_PAUSE: Duration = Duration::from_secs(2);

/// Attempts at a test whose servers are restored each time.
pub(super) const MAX_RESTORED_ATTEMPTS: u32 = 6;

/// Duration of the TCP probe that determines the rate of a UDP test.
pub(super) const PROBE_SECONDS: u32 = 1;

/// The default rate of a UDP test, as a fraction of TCP's throughput: low enough that a healthy network
/// drops nothing.
const FRACTION_OF_TCP: f64 = 0.8;

/// How long the server may take to report a test after its client has ended.
const SERVER_REPORT_LIMIT: Duration = Duration::from_secs(3);

/// Pause between two reads of the server's output.
const SERVER_POLL: Duration = Duration::from_millis(100);

/// How long a client may take to report after its time, from its start on.
const REPORT_LIMIT: Duration = Duration::from_secs(10);

/// A check of the nodes that takes this long has waited for the control plane. Output that passes it was late as well.
const OUTAGE: Duration = Duration::from_secs(1);

pub(super) type Results = Vec<(Direction, Measurement)>;

/// Why an attempt has no result.
pub(super) struct Failed {
    pub failure: Failure,
    /// What its samples show, if data arrived until the last one.
    pub partial: Option<Vec<(Direction, Throughput)>>,
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        Self { failure, partial: None }
    }
}

/// Runs `test` once.
pub(super) async fn attempt(run: &Run<'_>, test: Test, server: &Server) -> Result<Results, Failed> {
    let settings = run.settings;
    let Variant { route, measure } = test.variant;
    let engine = settings.engine(measure);
    run.observer.observe(&Event::TestStarted {
        client: test.client,
        server: test.server,
        measure,
        route,
        seconds: settings.seconds(measure),
    });
    let attempt = |options, reports_samples| Attempt {
        run,
        test,
        server,
        engine,
        options,
        reports_samples,
        report_limit: REPORT_LIMIT,
    };
    if !settings.has_probe(measure) {
        return attempt(&settings.options, true).measure().await;
    }
    let probe = probe_options(&settings.options);
    // what the probe measured before it failed is no part of the test
    let probed = attempt(&probe, false).measure().await.map_err(|failed| failed.failure)?;
    let rate = udp_rate(&probed);
    let options = MeasurementOptions { target_bits_per_second: Some(rate), ..settings.options.clone() };
    attempt(&options, true).measure().await
}

/// Runs a short test with the ends and the flow of `test`. Its client may take `report_limit` longer than its time.
pub(super) async fn short_test(
    run: &Run<'_>,
    test: Test,
    options: &MeasurementOptions,
    report_limit: Duration,
) -> Result<Results, Failure> {
    let server = &run.server(test)?;
    let engine = run.settings.engine(test.variant.measure);
    let attempt = Attempt { run, test, server, engine, options, reports_samples: false, report_limit };
    attempt.measure().await.map_err(|failed| failed.failure)
}

/// The options of the short TCP test that precedes a UDP test without a rate.
pub(super) fn probe_options(options: &MeasurementOptions) -> MeasurementOptions {
    MeasurementOptions {
        time_seconds: PROBE_SECONDS,
        omit_seconds: 0,
        protocol: Protocol::Tcp,
        // a datagram size is no sensible write size
        length_bytes: None,
        ..options.clone()
    }
}

/// The rate of a UDP test, in bits per second, from the throughput of TCP. Of two directions, the slower one
/// bounds both.
fn udp_rate(probed: &Results) -> u64 {
    let rates = probed.iter().filter_map(|(_, measurement)| match measurement {
        Measurement::Throughput(throughput) => Some(throughput.bits_per_second),
        Measurement::Latency(_) => None,
    });
    (rates.reduce(f64::min).unwrap_or_default() * FRACTION_OF_TCP) as u64
}

/// One client against one server.
struct Attempt<'a> {
    run: &'a Run<'a>,
    test: Test,
    server: &'a Server,
    engine: &'static dyn Engine,
    options: &'a MeasurementOptions,
    /// Whether its samples are reported to the observer.
    reports_samples: bool,
    /// How long the client may take to report after its time, from its start on.
    report_limit: Duration,
}

impl Attempt<'_> {
    async fn measure(&self) -> Result<Results, Failed> {
        let port = match self.test.variant.measure {
            Measure::Throughput => self.server.port,
            Measure::Latency => self.server.latency_port.unwrap_or(self.server.port),
        };
        // the format of the client's output depends on the version on its own node
        let own = self.run.nodes.server(self.test.client, self.test.variant.route).ok();
        let version = own.as_ref().and_then(|own| own.version.as_deref());
        let ip_family = self.test.variant.route.ip_family;
        let target = Target { host: &self.server.host, port, ip_family };
        let client = ClientSpec { target, flow: self.test.flow, options: self.options, version };
        let command = self.engine.client_command(&client);
        let mut reader = self.engine.reader(&client);
        let has_server_report = self.engine.capabilities().server_report;
        if has_server_report {
            // output until now belongs to earlier tests
            self.read_server(&mut |_| true).await?;
        }
        let (on, to) = (self.test.client, self.test.server);
        debug!("{on} → {to}: {}", command.join(" "));
        let result = match self.run_in_time(&command, reader.as_mut()).await {
            Ok(exit) => {
                if has_server_report {
                    self.read_server_report(reader.as_mut()).await?;
                }
                reader.finish(&exit)
            }
            Err(failure) => Err(failure),
        };
        result.map_err(|failure| {
            debug!("{on} → {to}: {}", failure.reason);
            let has_lost_its_end =
                matches!(failure.kind, FailureKind::ConnectionLost | FailureKind::TimedOut);
            Failed { partial: if has_lost_its_end { reader.partial() } else { None }, failure }
        })
    }

    /// Runs the client until its end, or until it cannot succeed any more.
    async fn run_in_time(&self, command: &[String], reader: &mut dyn Reader) -> Result<ClientExit, Failure> {
        let seconds = match self.test.variant.measure {
            Measure::Throughput => self.options.time_seconds + self.options.omit_seconds,
            Measure::Latency => self.run.settings.seconds(Measure::Latency),
        };
        let time = Duration::from_secs(seconds.into());
        let (with_grace, with_report) = (time + self.run.settings.grace, time + self.report_limit);
        let stall = StallTimer::new();
        tokio::select! {
            exit = self.run_client(command, reader, &stall) => exit,
            failure = self.wait_for_stall(&stall) => Err(failure),
            failure = self.wait_for_overrun(&stall, with_report) => Err(failure),
            () = tokio::time::sleep(with_grace) => Err(overrun(&stall, with_grace)),
        }
    }

    /// Returns when the client cannot succeed any more: one of its nodes is lost, or no data is transferred.
    async fn wait_for_stall(&self, stall: &StallTimer) -> Failure {
        loop {
            stall.wait_for_stall(STALL_LIMIT).await;
            match self.run.recover(self.test, 1, &no_data()).await {
                NodeHealth::Healthy => {}
                NodeHealth::Recovered => return lost_server(),
                NodeHealth::Lost => {
                    if let Err(failure) = self.run.server(self.test) {
                        return failure;
                    }
                }
            }
            if stall.has_zero_samples() {
                return no_data();
            }
            stall.reset();
        }
    }

    /// Returns when the client has run for too long, although its output could arrive.
    async fn wait_for_overrun(&self, stall: &StallTimer, limit: Duration) -> Failure {
        stall.wait_for_overrun(limit).await;
        loop {
            let asked = Instant::now();
            match self.run.recover(self.test, 1, &too_late(limit)).await {
                NodeHealth::Healthy => {}
                NodeHealth::Recovered => return lost_server(),
                NodeHealth::Lost => {
                    if let Err(failure) = self.run.server(self.test) {
                        return failure;
                    }
                }
            }
            if asked.elapsed() < OUTAGE {
                return overrun(stall, limit);
            }
            tokio::time::sleep(self.report_limit).await;
        }
    }

    async fn run_client(
        &self,
        command: &[String],
        reader: &mut dyn Reader,
        stall: &StallTimer,
    ) -> Result<ClientExit, Failure> {
        let (client, server) = (self.test.client, self.test.server);
        let mut output = |line: &str| {
            trace!("{client} output: {line}");
            for sample in reader.line(line) {
                stall.record(sample);
                if self.reports_samples {
                    self.run.observer.observe(&Event::Sampled { client, server, sample });
                }
            }
            if reader.is_complete() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let started = || stall.record_start();
        self.run.testbed.run_client(client, self.test.variant.route, command, &started, &mut output).await
    }

    /// Waits until the server has reported the test.
    async fn read_server_report(&self, reader: &mut dyn Reader) -> Result<(), Failure> {
        let deadline = Instant::now() + SERVER_REPORT_LIMIT;
        let mut wants_more = true;
        loop {
            self.read_server(&mut |line| {
                wants_more = reader.server_line(line);
                wants_more
            })
            .await?;
            // the reader reports what is missing
            if !wants_more || Instant::now() >= deadline {
                return Ok(());
            }
            tokio::time::sleep(SERVER_POLL).await;
        }
    }

    async fn read_server(&self, wants_more: &mut (dyn FnMut(&str) -> bool + Send)) -> Result<(), Failure> {
        let server = self.test.server;
        let mut take = |line: &str| {
            trace!("server on {server} output: {line}");
            if wants_more(line) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        self.run.testbed.read_server(server, self.test.variant.route, &mut take).await
    }
}

/// Why a client that has run for too long is aborted.
fn overrun(stall: &StallTimer, limit: Duration) -> Failure {
    if stall.has_zero_samples() { no_data() } else { too_late(limit) }
}

fn too_late(limit: Duration) -> Failure {
    let reason = format!("the client did not exit within {} seconds", limit.as_secs());
    Failure::new(FailureKind::TimedOut, reason)
}

/// The retry uses the restored server.
fn lost_server() -> Failure {
    Failure::new(FailureKind::ClientLost, "the server was lost during the test")
}

fn no_data() -> Failure {
    Failure::new(FailureKind::NoData, "no data arrived any more, and the test did not end")
}

/// How long to wait before the next attempt; none if the failure is final.
///
/// Only transient failures are retried: a server that still finishes the previous test, and a client that was
/// lost. A lost client may still be sending, so the next attempt waits for a whole `time`.
pub(super) fn pause_before_next(attempt: u32, failure: &Failure, time: Duration) -> Option<Duration> {
    let (pause, max_attempts) = match failure.kind {
        FailureKind::Busy => (Duration::from_millis(500) * attempt, MAX_BUSY_ATTEMPTS),
        FailureKind::ClientLost => (time, MAX_LOST_ATTEMPTS),
        // an API server that recovers may reject valid credentials for a moment
        FailureKind::Unauthenticated => (UNAUTHENTICATED_PAUSE, MAX_UNAUTHENTICATED_ATTEMPTS),
        _ => return None,
    };
    (attempt < max_attempts).then_some(pause)
}
