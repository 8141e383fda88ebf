//! The programs that measure. Pure: command lines out, lines of output in.
//!
//! An [`Engine`] knows what its program can do, builds its command lines and reads its output. A new one is
//! a folder here, a variant of [`EngineId`] and a line in [`ENGINES`]; nothing else names a program.

mod client;
mod iperf2;
mod iperf3;
mod lines;
mod reserved;

pub use client::{ClientSpec, Flow, Target};
pub use lines::{LineSplitter, MAX_LINE_BYTES};
pub use reserved::{Reserved, ReservedArguments};

use std::net::IpAddr;

use crate::document::{Direction, Failure, FailureKind, Measure, Measurement, Sample};
use crate::options::{EngineId, MeasurementOptions, Protocol};

/// Every engine, in the order of preference.
const ENGINES: [&dyn Engine; 3] = [&iperf3::Iperf3, &iperf2::Iperf2, &iperf2::Bounceback];

/// The engine that measures throughput with a program.
///
/// # Panics
/// Never: a test checks that each [`EngineId`] has one.
#[expect(clippy::expect_used, reason = "a test checks that each id has an engine")]
pub fn throughput_engine(id: EngineId) -> &'static dyn Engine {
    let is_it =
        |engine: &&&dyn Engine| engine.id() == id && engine.capabilities().measure == Measure::Throughput;
    *ENGINES.iter().find(is_it).expect("each id has an engine")
}

/// The engine that measures latency, whichever program measures throughput.
///
/// # Panics
/// Never: a test checks that there is one.
#[expect(clippy::expect_used, reason = "a test checks that there is one")]
pub fn latency_engine() -> &'static dyn Engine {
    *ENGINES
        .iter()
        .find(|engine| engine.capabilities().measure == Measure::Latency)
        .expect("one engine measures latency")
}

/// What an engine can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// What it measures.
    pub measure: Measure,
    /// The port that its servers listen on by default.
    pub default_port: u16,
    /// Whether it can send UDP.
    pub udp: bool,
    /// Which ways the data of a test can flow.
    pub flows: &'static [Flow],
    /// Whether it can discard the start of a test.
    pub omit: bool,
    /// Whether only the server's output says what was received.
    pub server_report: bool,
    /// The program and its oldest version, as a reader would install it.
    pub requires: &'static str,
}

impl Capabilities {
    /// The first requested flag that the engine cannot do.
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

/// A program that measures something between a server and a client of its own.
pub trait Engine: std::fmt::Debug + Send + Sync {
    /// Which program it is.
    fn id(&self) -> EngineId;

    /// The name of its executable, in images and on this machine's PATH.
    fn program(&self) -> &'static str;

    /// What it can do.
    fn capabilities(&self) -> &'static Capabilities;

    /// The options of the program that users may not pass to its clients.
    fn reserved_arguments(&self) -> &'static ReservedArguments;

    /// The command of a server.
    fn server_command(&self, server: &ServerSpec) -> Vec<String>;

    /// A reader for the output of a starting server.
    fn server_log(&self) -> Box<dyn ServerLog>;

    /// The command of a client.
    fn client_command(&self, client: &ClientSpec) -> Vec<String>;

    /// A reader for the output of that client.
    fn reader(&self, client: &ClientSpec) -> Box<dyn Reader>;

    /// How many processors the client can keep busy with so many streams. `version` is that of the
    /// program, if known.
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
    /// Whether to listen on IPv6 as well.
    pub ipv6: bool,
}

/// Reads the output of a server until its first test.
pub trait ServerLog: Send {
    /// Takes the next line.
    fn line(&mut self, line: &str);

    /// Whether the server has reported that it listens.
    fn is_listening(&self) -> bool;

    /// The version of the program, once it was reported.
    fn version(&self) -> Option<&str>;
}

/// Reads the output of one client.
pub trait Reader: Send {
    /// Takes the next line of the client's standard output, without its line feed, and returns the samples
    /// that it completed.
    fn line(&mut self, line: &str) -> &[Sample];

    /// Whether the report is complete, even if the client still runs.
    fn is_complete(&self) -> bool {
        false
    }

    /// Takes a line that the server wrote since the test began; returns whether more are needed. Called
    /// only with [`Capabilities::server_report`].
    fn server_line(&mut self, _line: &str) -> bool {
        false
    }

    /// The result, after the last complete line: one measurement per direction.
    ///
    /// # Errors
    /// Anything but a complete report of a complete test.
    fn finish(self: Box<Self>, exit: &ClientExit) -> Result<Vec<(Direction, Measurement)>, Failure>;
}

/// How a client process ended, as far as is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientExit {
    /// Its exit code. Neither iperf3 3.12 nor iperf 2 reports every error by it.
    pub code: Option<i32>,
    /// Its standard error.
    pub stderr: String,
    /// The end of its standard output, if that has no line feed: the line may be cut off.
    pub unfinished_line: Option<String>,
}

impl ClientExit {
    /// The kind of failure of a client that ended without a complete report.
    fn kind_without_report(code: i32) -> FailureKind {
        // after success or a signal, the report was lost on the way
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
