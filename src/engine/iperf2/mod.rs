//! iperf 2 (<https://sourceforge.net/projects/iperf2/>), 2.1 and later: any number of clients per server,
//! and latency tests.

mod bounceback;
mod command;
mod histogram;
mod line;
mod messages;
mod reserved;
mod server_log;
mod server_report;
mod streams;
mod throughput;

#[cfg(test)]
mod tests;

use bounceback::BouncebackReader;
use throughput::ThroughputReader;

use super::{Capabilities, ClientSpec, Engine, Flow, Reader, ReservedArguments, ServerLog, ServerSpec};
use crate::document::{Failure, FailureKind, Measure};
use crate::options::EngineId;

/// The part of its duration that a test must have run to count.
const MIN_COVERAGE: f64 = 0.9;

/// iperf 2, which measures throughput. Only the server reports what was received.
#[derive(Debug, Clone, Copy)]
pub(super) struct Iperf2;

/// iperf 2, which measures latency: it sends small requests, each after the reply to the previous one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounceback;

const THROUGHPUT: Capabilities = Capabilities {
    measure: Measure::Throughput,
    default_port: 5001,
    udp: false,
    flows: &[Flow::Forward],
    omit: false,
    server_report: true,
    requires: "iperf 2 (2.1 or later)",
};

impl Engine for Iperf2 {
    fn id(&self) -> EngineId {
        EngineId::Iperf2
    }

    fn program(&self) -> &'static str {
        command::PROGRAM
    }

    fn capabilities(&self) -> &'static Capabilities {
        &THROUGHPUT
    }

    fn reserved_arguments(&self) -> &'static ReservedArguments {
        &reserved::RESERVED
    }

    fn server_command(&self, server: &ServerSpec) -> Vec<String> {
        command::server(server)
    }

    fn server_log(&self) -> Box<dyn ServerLog> {
        Box::new(server_log::Iperf2ServerLog::default())
    }

    fn client_command(&self, client: &ClientSpec) -> Vec<String> {
        command::throughput(client)
    }

    fn reader(&self, client: &ClientSpec) -> Box<dyn Reader> {
        Box::new(ThroughputReader::new(client.options))
    }
}

impl Engine for Bounceback {
    fn id(&self) -> EngineId {
        Iperf2.id()
    }

    fn program(&self) -> &'static str {
        Iperf2.program()
    }

    fn capabilities(&self) -> &'static Capabilities {
        &Capabilities { measure: Measure::Latency, server_report: false, ..THROUGHPUT }
    }

    fn reserved_arguments(&self) -> &'static ReservedArguments {
        Iperf2.reserved_arguments()
    }

    fn server_command(&self, server: &ServerSpec) -> Vec<String> {
        Iperf2.server_command(server)
    }

    fn server_log(&self) -> Box<dyn ServerLog> {
        Iperf2.server_log()
    }

    fn client_command(&self, client: &ClientSpec) -> Vec<String> {
        command::bounceback(client)
    }

    fn reader(&self, client: &ClientSpec) -> Box<dyn Reader> {
        Box::new(BouncebackReader::new(client.options))
    }
}

/// Fails a test that was too short to count.
fn check_duration(seconds: f64, planned_seconds: u32) -> Result<(), Failure> {
    if seconds < f64::from(planned_seconds) * MIN_COVERAGE {
        return Err(incomplete(format!("the test ended after {seconds:.1} of {planned_seconds} seconds")));
    }
    Ok(())
}

fn incomplete(reason: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Incomplete, reason)
}
