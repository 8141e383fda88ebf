//! Clients of any engine.

use crate::document::Direction;
use crate::options::{IpFamily, MeasurementOptions};

/// The direction of the data of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flow {
    /// From the client to the server.
    Forward,
    /// From the server to the client.
    Reverse,
    /// In both directions at the same time.
    Both,
}

impl Flow {
    /// The directions that have a result.
    pub fn directions(self) -> &'static [Direction] {
        match self {
            Self::Forward => &[Direction::ClientToServer],
            Self::Reverse => &[Direction::ServerToClient],
            Self::Both => &[Direction::ClientToServer, Direction::ServerToClient],
        }
    }
}

/// The server that a client connects to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target<'a> {
    /// A host name or an IP address.
    pub host: &'a str,
    /// The port of the server.
    pub port: u16,
    /// The IP family, for a name with addresses of both.
    pub ip_family: Option<IpFamily>,
}

impl Target<'_> {
    /// Whether the host is reached over IPv6.
    pub fn is_ipv6(&self) -> bool {
        self.ip_family == Some(IpFamily::Ipv6) || self.host.parse::<std::net::Ipv6Addr>().is_ok()
    }
}

/// One client to run.
#[derive(Debug, Clone, Copy)]
pub struct ClientSpec<'a> {
    /// The server to connect to.
    pub target: Target<'a>,
    /// The direction of the data.
    pub flow: Flow,
    /// The options of the test.
    pub options: &'a MeasurementOptions,
    /// The version of its program, if known.
    pub version: Option<&'a str>,
}
