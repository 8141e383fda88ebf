//! The programs that measure: what they are told, and what they answer. Pure.
//!
//! Each is an [`Engine`]: it knows its command lines, and reads its own output.

mod arguments;
pub mod iperf2;
pub mod iperf3;
mod options;

pub use arguments::{Options, Refused, Reserved};

pub use options::{ClientOptions, Flow, Target};

use crate::document::{Direction, Failure, FailureKind, Measurement, Sample};

/// How a client process ended, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientExit {
    /// Its exit code. Neither iperf3 3.12 nor iperf 2 tells every error by it.
    pub code: Option<i32>,
    /// What it wrote to its standard error.
    pub stderr: String,
}

/// The kind of failure of a client that ended with this exit code and without a whole report: one
/// that succeeded, or was killed by a signal, has lost it on the way.
fn kind_without_report(code: i32) -> FailureKind {
    if code == 0 || code > 128 { FailureKind::ClientLost } else { FailureKind::Engine }
}

/// A program that measures something between a server and a client of its own.
pub trait Engine: std::fmt::Debug + Send + Sync {
    /// The program's name, in images and on this machine's PATH.
    fn program(&self) -> &'static str;

    /// The port that its servers listen on unless told otherwise.
    fn default_port(&self) -> u16;

    /// The command of a server that listens on `port` of all addresses, of IPv6 as well where
    /// `ipv6` says so. It tells that it listens, line by line and at once.
    fn server_command(&self, port: u16, ipv6: bool) -> Vec<String>;

    /// A reader for the output of a server that starts.
    fn server_log(&self) -> Box<dyn ServerLog>;

    /// The flag of this program's that it has no counterpart for, among those that `options` ask
    /// for; none if it can do all of it.
    fn unsupported(&self, options: &ClientOptions) -> Option<&'static str>;

    /// The program's options, as far as users may not hand them to its clients.
    fn options(&self) -> &'static Options;

    /// The command of a client. `version` is that of the program, if it is known.
    fn client_command(&self, target: &Target, options: &ClientOptions, version: Option<&str>) -> Vec<String>;

    /// A reader for the output of that client.
    fn reader(&self, options: &ClientOptions, version: Option<&str>) -> Box<dyn Reader>;

    /// Whether what the receiver counted is told by the server's output only.
    fn reads_server(&self) -> bool {
        false
    }
}

/// Reads what a server says before its first test.
pub trait ServerLog: Send {
    /// Takes one more line.
    fn line(&mut self, line: &str);

    /// Whether the server has said that it listens.
    fn is_listening(&self) -> bool;

    /// Its version, if it told.
    fn version(&self) -> Option<&str>;
}

/// Reads the output of one client as it comes.
pub trait Reader: Send {
    /// Takes the next bytes of the output and returns the samples that they completed.
    fn push(&mut self, bytes: &[u8]) -> &[Sample];

    /// Whether the report is whole: no more output is needed, even if the client still runs.
    fn is_complete(&self) -> bool;

    /// Takes a line that the server wrote since the test began. Returns whether more are needed.
    /// Only called where [`Engine::reads_server`].
    fn push_server(&mut self, _line: &str) -> bool {
        false
    }

    /// The result, when no more output will come: one measurement for each direction.
    ///
    /// # Errors
    /// A [`Failure`] for everything but a whole report of a whole test.
    fn finish(self: Box<Self>, exit: &ClientExit) -> Result<Vec<(Direction, Measurement)>, Failure>;
}
