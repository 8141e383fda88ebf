//! iperf3 (<https://software.es.net/iperf/>): one client per server at a time.

mod arguments;
mod command;
mod figures;
mod report;
mod server_log;
mod wire;

use command::ReportFormat;
pub use command::threads;
use report::ReportReader;

use super::{ClientOptions, Engine, Options, Reader, ServerLog, Target};

/// iperf3, which measures throughput.
#[derive(Debug, Clone, Copy)]
pub struct Iperf3;

impl Engine for Iperf3 {
    fn program(&self) -> &'static str {
        command::PROGRAM
    }

    fn default_port(&self) -> u16 {
        5201
    }

    fn server_command(&self, port: u16, _ipv6: bool) -> Vec<String> {
        command::server_command(port)
    }

    fn server_log(&self) -> Box<dyn ServerLog> {
        Box::new(server_log::Iperf3ServerLog::default())
    }

    fn unsupported(&self, _options: &ClientOptions) -> Option<&'static str> {
        None
    }

    fn options(&self) -> &'static Options {
        &arguments::OPTIONS
    }

    fn client_command(&self, target: &Target, options: &ClientOptions, version: Option<&str>) -> Vec<String> {
        command::client_command(target, options, version)
    }

    fn reader(&self, options: &ClientOptions, version: Option<&str>) -> Box<dyn Reader> {
        Box::new(ReportReader::new(ReportFormat::of_version(version), options))
    }
}
