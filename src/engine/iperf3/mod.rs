//! iperf3 (<https://software.es.net/iperf/>): one client per server at a time.

mod command;
mod figures;
mod report;
mod reserved;
mod server_log;
mod wire;

use command::ReportFormat;
use report::ReportReader;

use super::{Capabilities, ClientSpec, Engine, Flow, Reader, ReservedArguments, ServerLog, ServerSpec};
use crate::document::Measure;
use crate::options::{EngineId, MeasurementOptions};

/// iperf3, which measures throughput.
#[derive(Debug, Clone, Copy)]
pub(super) struct Iperf3;

impl Engine for Iperf3 {
    fn id(&self) -> EngineId {
        EngineId::Iperf3
    }

    fn program(&self) -> &'static str {
        command::PROGRAM
    }

    fn capabilities(&self) -> &'static Capabilities {
        &Capabilities {
            measure: Measure::Throughput,
            default_port: 5201,
            udp: true,
            flows: &[Flow::Forward, Flow::Reverse, Flow::Both],
            omit: true,
            server_report: false,
            requires: "iperf3",
        }
    }

    fn reserved_arguments(&self) -> &'static ReservedArguments {
        &reserved::RESERVED
    }

    fn server_command(&self, server: &ServerSpec) -> Vec<String> {
        command::server_command(server)
    }

    fn server_log(&self) -> Box<dyn ServerLog> {
        Box::new(server_log::Iperf3ServerLog::default())
    }

    fn client_command(&self, client: &ClientSpec) -> Vec<String> {
        command::client_command(client)
    }

    fn reader(&self, client: &ClientSpec) -> Box<dyn Reader> {
        Box::new(ReportReader::new(ReportFormat::of_version(client.version), client))
    }

    fn unsupported(
        &self,
        version: &str,
        options: &MeasurementOptions,
    ) -> Option<(&'static str, &'static str)> {
        command::unsupported(version, options)
    }

    fn client_threads(&self, version: Option<&str>, streams: u32) -> u32 {
        command::threads(version, streams)
    }
}
