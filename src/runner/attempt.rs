//! One attempt at a test, and whether another is worth it.

use std::ops::ControlFlow;
use std::time::Duration;

use tokio::time::Instant;
use tracing::{debug, trace};

use super::nodes::Seen;
use super::silence::Silence;
use super::{Event, Run, Variant};
use crate::document::{Direction, Failure, FailureKind, Measure, Measurement, Protocol};
use crate::engine::{ClientExit, ClientOptions, Engine, Reader, Target};
use crate::plan::Test;
use crate::testbed::{Server, Testbed};

/// How long no data may go through before a test is given up.
const SILENCE_LIMIT: Duration = Duration::from_secs(10);

/// How often a test is tried before its failure stands.
pub(super) const MOST_ATTEMPTS: u32 = 3;

/// How long TCP is tried, in seconds, to find the rate of a UDP test.
pub(super) const PROBE_SECONDS: u32 = 1;

/// The part of TCP's throughput that a UDP test sends at unless told otherwise: little enough that
/// a healthy network loses nothing.
const PART_OF_TCP: f64 = 0.8;

/// How long the server's own account of a test may take after its client has ended.
const SERVER_LIMIT: Duration = Duration::from_secs(3);

/// How often it is asked for.
const SERVER_POLL: Duration = Duration::from_millis(100);

pub(super) type Results = Vec<(Direction, Measurement)>;

/// Measures `test` once.
pub(super) async fn attempt<T: Testbed>(
    run: &Run<'_, T>,
    test: Test,
    variant: Variant,
    server: &Server,
) -> Result<Results, Failure> {
    let names = &run.settings.nodes;
    let (client, server_name) = (names[test.client].as_str(), names[test.server].as_str());
    let (engine, options) = run.settings.engine(variant.measure);
    run.observer.observe(&Event::TestStarted {
        client,
        server: server_name,
        measure: variant.measure,
        way: run.settings.ways[variant.way],
        seconds: options.time_seconds,
    });
    let mut options = ClientOptions { flow: test.flow, ..options.clone() };
    if variant.measure == Measure::Throughput && run.settings.probes() {
        let probe = probe(&options);
        let attempt = Attempt { run, test, variant, server, engine, options: probe, tells: false };
        options.target_bits_per_second = Some(target(&attempt.measure().await?));
    }
    Attempt { run, test, variant, server, engine, options, tells: true }.measure().await
}

/// The short test of TCP that goes before a UDP test without a rate.
pub(super) fn probe(options: &ClientOptions) -> ClientOptions {
    ClientOptions {
        time_seconds: PROBE_SECONDS,
        omit_seconds: 0,
        protocol: Protocol::Tcp,
        // the size of a datagram is no size for a write
        length_bytes: None,
        ..options.clone()
    }
}

/// The rate of a UDP test, from what TCP got. With both directions, the slower one bounds both.
fn target(probed: &Results) -> u64 {
    let rates = probed.iter().filter_map(|(_, measurement)| match measurement {
        Measurement::Throughput(throughput) => Some(throughput.bits_per_second),
        Measurement::Latency(_) => None,
    });
    (rates.reduce(f64::min).unwrap_or_default() * PART_OF_TCP) as u64
}

/// One client against one server.
struct Attempt<'a, T> {
    run: &'a Run<'a, T>,
    test: Test,
    variant: Variant,
    server: &'a Server,
    engine: &'static dyn Engine,
    options: ClientOptions,
    /// Whether its samples are told to the observer.
    tells: bool,
}

impl<T: Testbed> Attempt<'_, T> {
    async fn measure(&self) -> Result<Results, Failure> {
        let port = match self.variant.measure {
            Measure::Throughput => self.server.port,
            Measure::Latency => self.server.latency_port.unwrap_or(self.server.port),
        };
        // the client's output is that of the version on its own node, which has the same image
        let own = self.run.nodes.server(self.test.client, self.variant.way).ok();
        let version = own.as_ref().and_then(|own| own.version.as_deref());
        let ip_family = self.run.settings.ways[self.variant.way].ip_family;
        let target = Target { host: &self.server.host, port, ip_family };
        let command = self.engine.client_command(&target, &self.options, version);
        let mut reader = self.engine.reader(&self.options, version);
        if self.engine.reads_server() {
            // what it has said until now belongs to other tests
            self.read_server(&mut |_| true).await?;
        }
        let names = &self.run.settings.nodes;
        let (on, to) = (names[self.test.client].as_str(), names[self.test.server].as_str());
        debug!("{on} → {to}: {}", command.join(" "));
        let seconds = u64::from(self.options.time_seconds) + u64::from(self.options.omit_seconds);
        let time = Duration::from_secs(seconds) + self.run.settings.grace;
        let silence = Silence::new();
        let exit = tokio::select! {
            exit = self.run_client(&command, reader.as_mut(), &silence) => exit?,
            failure = self.too_silent(&silence) => return Err(failure),
            () = tokio::time::sleep(time) => {
                let reason = format!("the client had not ended after {} seconds", time.as_secs());
                return Err(Failure::new(FailureKind::TimedOut, reason));
            }
        };
        if self.engine.reads_server() {
            self.hear_server(reader.as_mut()).await?;
        }
        let results = reader.finish(&exit);
        if let Err(failure) = &results {
            debug!("{on} → {to}: {}", failure.reason);
        }
        results
    }

    /// Ends when a client has been silent for so long that nothing can come of it: one of its nodes
    /// is gone, or no data goes through.
    async fn too_silent(&self, silence: &Silence) -> Failure {
        loop {
            silence.has_lasted(SILENCE_LIMIT).await;
            match self.run.look(self.test, 1, &no_data()).await {
                Seen::Well => {}
                // it is tried again with what is there now
                Seen::Back => return Failure::new(FailureKind::ClientLost, "its server went away"),
                Seen::Lost => {
                    if let Err(failure) = self.run.server(self.test, self.variant) {
                        return failure;
                    }
                }
            }
            if silence.is_of_zeros() {
                return no_data();
            }
            silence.broken();
        }
    }

    async fn run_client(
        &self,
        command: &[String],
        reader: &mut dyn Reader,
        silence: &Silence,
    ) -> Result<ClientExit, Failure> {
        let names = &self.run.settings.nodes;
        let (client, server) = (names[self.test.client].as_str(), names[self.test.server].as_str());
        let mut output = |bytes: &[u8]| {
            if !bytes.trim_ascii().is_empty() {
                trace!("{client} says: {}", String::from_utf8_lossy(bytes).trim_end());
            }
            for sample in reader.push(bytes) {
                silence.sample(sample);
                if self.tells {
                    self.run.observer.observe(&Event::Sampled { client, server, sample });
                }
            }
            if reader.is_complete() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        self.run.testbed.run_client(self.test.client, self.variant.way, command, &mut output).await
    }

    /// Waits for what the server says of the test.
    async fn hear_server(&self, reader: &mut dyn Reader) -> Result<(), Failure> {
        let give_up = Instant::now() + SERVER_LIMIT;
        let mut wants_more = true;
        loop {
            self.read_server(&mut |line| {
                wants_more = reader.push_server(line);
                wants_more
            })
            .await?;
            // what is missing in the end is told by the reader
            if !wants_more || Instant::now() >= give_up {
                return Ok(());
            }
            tokio::time::sleep(SERVER_POLL).await;
        }
    }

    async fn read_server(&self, wants_more: &mut (dyn FnMut(&str) -> bool + Send)) -> Result<(), Failure> {
        let server = &self.run.settings.nodes[self.test.server];
        let mut take = |line: &str| {
            trace!("the server on {server} says: {line}");
            if wants_more(line) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        self.run.testbed.read_server(self.test.server, self.variant.way, &mut take).await
    }
}

fn no_data() -> Failure {
    let seconds = SILENCE_LIMIT.as_secs();
    Failure::new(FailureKind::TimedOut, format!("no data went through for {seconds} seconds"))
}

/// How long to wait before the next attempt; none if the failure stands.
///
/// Only what may be over in a moment is tried again: a server that has not yet put away the test
/// before, and a client that was lost on the way to it. A lost client may still be sending, and is
/// given its time.
pub(super) fn pause_before_next(attempt: u32, failure: &Failure, time: Duration) -> Option<Duration> {
    let pause = match failure.kind {
        FailureKind::Busy => Duration::from_millis(500) * attempt,
        FailureKind::ClientLost => time,
        _ => return None,
    };
    (attempt < MOST_ATTEMPTS).then_some(pause)
}
