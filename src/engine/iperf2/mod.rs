//! iperf 2 (<https://sourceforge.net/projects/iperf2/>), 2.1 and later: any number of clients per
//! server, and tests of latency.

mod arguments;
mod bounceback;
mod command;
mod histogram;
mod line;
mod received;
mod server_log;
mod streams;
mod throughput;
mod words;

#[cfg(test)]
mod tests;

use bounceback::BouncebackReader;
use throughput::ThroughputReader;

use super::{ClientOptions, Engine, Flow, Options, Reader, ServerLog, Target};
use crate::document::{Failure, FailureKind, Protocol};

/// The part of its time that a test must have run to count.
const LEAST_PART: f64 = 0.9;

/// iperf 2, which measures throughput. What was received is told by the server only.
#[derive(Debug, Clone, Copy)]
pub struct Iperf2;

/// iperf 2 where it measures latency: it sends small requests, one after the answer to the other.
#[derive(Debug, Clone, Copy)]
pub struct Bounceback;

impl Engine for Iperf2 {
    fn program(&self) -> &'static str {
        command::PROGRAM
    }

    fn default_port(&self) -> u16 {
        5001
    }

    fn server_command(&self, port: u16, ipv6: bool) -> Vec<String> {
        command::server(port, ipv6)
    }

    fn server_log(&self) -> Box<dyn ServerLog> {
        Box::new(server_log::Iperf2ServerLog::default())
    }

    fn unsupported(&self, options: &ClientOptions) -> Option<&'static str> {
        match (options.protocol, options.flow) {
            (Protocol::Udp, _) => Some("--udp"),
            (_, Flow::Both) => Some("--bidir"),
            (_, Flow::Reverse) => Some("--reverse"),
            (_, Flow::Forward) => (options.omit_seconds > 0).then_some("--omit"),
        }
    }

    fn options(&self) -> &'static Options {
        &arguments::OPTIONS
    }

    fn client_command(
        &self,
        target: &Target,
        options: &ClientOptions,
        _version: Option<&str>,
    ) -> Vec<String> {
        command::throughput(target, options)
    }

    fn reader(&self, options: &ClientOptions, _version: Option<&str>) -> Box<dyn Reader> {
        Box::new(ThroughputReader::new(options))
    }

    fn reads_server(&self) -> bool {
        true
    }
}

impl Engine for Bounceback {
    fn program(&self) -> &'static str {
        Iperf2.program()
    }

    fn default_port(&self) -> u16 {
        Iperf2.default_port()
    }

    fn server_command(&self, port: u16, ipv6: bool) -> Vec<String> {
        Iperf2.server_command(port, ipv6)
    }

    fn server_log(&self) -> Box<dyn ServerLog> {
        Iperf2.server_log()
    }

    fn unsupported(&self, _options: &ClientOptions) -> Option<&'static str> {
        None
    }

    fn options(&self) -> &'static Options {
        Iperf2.options()
    }

    fn client_command(
        &self,
        target: &Target,
        options: &ClientOptions,
        _version: Option<&str>,
    ) -> Vec<String> {
        command::bounceback(target, options)
    }

    fn reader(&self, options: &ClientOptions, _version: Option<&str>) -> Box<dyn Reader> {
        Box::new(BouncebackReader::new(options))
    }
}

/// The failure of a test that ran for `ran` seconds, if that is too short to count.
fn ended_early(ran: f64, asked_seconds: u32) -> Result<(), Failure> {
    if ran < f64::from(asked_seconds) * LEAST_PART {
        return Err(incomplete(format!("the test ended after {ran:.1} of {asked_seconds} seconds")));
    }
    Ok(())
}

fn incomplete(reason: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Incomplete, reason)
}
