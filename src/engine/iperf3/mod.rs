//! iperf3 (<https://software.es.net/iperf/>): one client per server at a time.

mod command;
mod figures;
mod report;
mod server_log;
mod wire;

pub use command::{
    ClientOptions, DEFAULT_PORT, PROGRAM, ReportFormat, client_command, server_command, threads,
};
pub use report::{ClientExit, ReportReader};
pub use server_log::ServerLog;
