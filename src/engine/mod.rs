//! The engines: programs that measure. Pure: command lines out, lines of output in.
//!
//! An [`Engine`] knows the capabilities of its program, builds its command lines and reads its output. To add one,
//! add a module, a variant of [`EngineId`] and an entry in [`ENGINES`]; no other code names a program.

mod client;
mod iperf2;
mod iperf3;
mod lines;
mod reserved;

pub use client::{ClientSpec, Flow, Target};
pub use lines::{LineSplitter, MAX_LINE_BYTES};
pub use reserved::{Reserved, ReservedArguments};

use std::net::IpAddr;

use crate::document::{Direction, Failure, FailureKind, Measure, Measurement, Sample, Throughput};
use crate::options::{EngineId, MeasurementOptions, Protocol};

/// Every engine, in the order of preference.
const ENGINES: [&dyn Engine; 3] = [&iperf3::Iperf3, &iperf2::Iperf2, &iperf2::Bounceback];

/// All engines, in the order of preference. Several may use the same program.
pub fn engines() -> impl Iterator<Item = &'static dyn Engine> {
    ENGINES.into_iter()
}

/// The throughput engine of an ID.
///
/// # Panics
/// Never: a test checks that each [`EngineId`] has one.
#[expect(clippy::expect_used, reason = "a test checks that each ID has an engine")]
pub fn throughput_engine(id: EngineId) -> &'static dyn Engine {
    engines()
        .find(|engine| engine.id() == id && engine.capabilities().measure == Measure::Throughput)
        .expect("each ID has an engine")
}

/// The engine that measures latency, for any throughput engine.
///
/// # Panics
/// Never: a test checks that there is one.
#[expect(clippy::expect_used, reason = "a test checks that there is one")]
pub fn latency_engine() -> &'static dyn Engine {
    engines()
        .find(|engine| engine.capabilities().measure == Measure::Latency)
        .expect("one engine measures latency")
}

/// The capabilities of an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// Throughput or latency.
    pub measure: Measure,
    /// Default port of the servers.
    pub default_port: u16,
    /// Whether it supports UDP.
    pub udp: bool,
    /// The supported flows.
    pub flows: &'static [Flow],
    /// Whether it can discard the start of a test.
    pub omit: bool,
    /// Whether the received data is reported by the server only.
    pub server_report: bool,
    /// The package and its oldest version, as users would search for it.
    pub requires: &'static str,
}

impl Capabilities {
    /// The first requested flag that the engine does not support.
    pub fn missing(&self, options: &MeasurementOptions) -> Option<&'static str> {
        [
            ("--udp", options.protocol == Protocol::Udp && !self.udp),
            ("--bidir", options.bidirectional && !self.flows.contains(&Flow::Both)),
            ("--omit", options.omit_seconds > 0 && !self.omit),
        ]
        .into_iter()
        .find_map(|(flag, is_missing)| is_missing.then_some(flag))
    }
}

/// A program that measures between a server and a client.
pub trait Engine: std::fmt::Debug + Send + Sync {
    /// The name of the engine on the command line and in documents.
    fn id(&self) -> EngineId;

    /// The name of its executable, in images and on PATH.
    fn program(&self) -> &'static str;

    /// What it supports and requires.
    fn capabilities(&self) -> &'static Capabilities;

    /// The options of the program that users may not pass to its clients.
    fn reserved_arguments(&self) -> &'static ReservedArguments;

    /// The command line of a server.
    fn server_command(&self, server: &ServerSpec) -> Vec<String>;

    /// The command that prints the version, in a line that [`Engine::server_log`] reads.
    fn version_command(&self) -> Vec<String> {
        vec![self.program().to_owned(), "-v".to_owned()]
    }

    /// A reader for the output of a starting server.
    fn server_log(&self) -> Box<dyn ServerLog>;

    /// The command line of a client.
    fn client_command(&self, client: &ClientSpec) -> Vec<String>;

    /// A reader for the output of a client.
    fn reader(&self, client: &ClientSpec) -> Box<dyn Reader>;

    /// A requested flag that `version` of the program does not support, as on the command line, and the first version
    /// that does.
    fn unsupported(
        &self,
        _version: &str,
        _options: &MeasurementOptions,
    ) -> Option<(&'static str, &'static str)> {
        None
    }

    /// Number of CPUs that a client with `streams` streams can saturate. `version` is that of the program, if
    /// known.
    fn client_threads(&self, _version: Option<&str>, _streams: u32) -> u32 {
        1
    }
}

/// A server to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerSpec {
    /// The port to listen on.
    pub port: u16,
    /// The only address to listen on; `None` for all.
    pub bind: Option<IpAddr>,
    /// Whether to also listen on IPv6.
    pub ipv6: bool,
}

/// Reads the output of a server until its first test.
pub trait ServerLog: Send {
    /// Takes the next line.
    fn line(&mut self, line: &str);

    /// Whether the server has reported that it is listening.
    fn is_listening(&self) -> bool;

    /// The version of the program, once it is reported.
    fn version(&self) -> Option<&str>;
}

/// Reads the output of one client.
pub trait Reader: Send {
    /// Takes the next line of the client's standard output, without its line feed, and returns the samples
    /// that it completes.
    fn line(&mut self, line: &str) -> &[Sample];

    /// Whether the report is complete, even if the client is still running.
    fn is_complete(&self) -> bool {
        false
    }

    /// Takes a line that the server has printed since the test began; returns whether more are needed. Only
    /// called with [`Capabilities::server_report`].
    fn server_line(&mut self, _line: &str) -> bool {
        false
    }

    /// The result, after the last complete line: one measurement per direction.
    ///
    /// # Errors
    /// The test failed, or its report is incomplete.
    fn finish(&mut self, exit: &ClientExit) -> Result<Vec<(Direction, Measurement)>, Failure>;

    /// What the samples so far show of a test without a report: one result per direction. None if they do not show
    /// what arrived.
    fn partial(&self) -> Option<Vec<(Direction, Throughput)>> {
        None
    }
}

/// The end of a client process, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientExit {
    /// Its exit code. It can be 0 after an error (iperf3 3.12, iperf 2).
    pub code: Option<i32>,
    /// Its standard error.
    pub stderr: String,
    /// The rest of its standard output after the last line feed: the line may be cut off.
    pub unfinished_line: Option<String>,
}

impl ClientExit {
    /// The kind of failure of a client that ended without a complete report.
    fn kind_without_report(code: i32) -> FailureKind {
        // after success or a signal, the report was lost in transit
        if code == 0 || code > 128 { FailureKind::ClientLost } else { FailureKind::Engine }
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn every_engine_id_has_an_engine() {
        for id in EngineId::value_variants() {
            assert_eq!(throughput_engine(*id).id(), *id);
        }
        assert_eq!(latency_engine().capabilities().measure, Measure::Latency);
    }
}
