//! What a client is to do, whichever program it is of.

use crate::document::{Direction, IpFamily, Protocol};

/// Which way the data of a test flows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flow {
    /// From the client to the server.
    Forward,
    /// From the server to the client.
    Reverse,
    /// Both ways at the same time.
    Both,
}

impl Flow {
    /// The directions that have figures of their own.
    pub fn directions(self) -> &'static [Direction] {
        match self {
            Self::Forward => &[Direction::ClientToServer],
            Self::Reverse => &[Direction::ServerToClient],
            Self::Both => &[Direction::ClientToServer, Direction::ServerToClient],
        }
    }
}

/// Where a client connects to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target<'a> {
    /// An address, or a name.
    pub host: &'a str,
    /// The port.
    pub port: u16,
    /// The version of IP to use, where a name has addresses of both.
    pub ip_family: Option<IpFamily>,
}

impl Target<'_> {
    /// Whether the host is reached by IPv6.
    pub fn is_ipv6(&self) -> bool {
        self.ip_family == Some(IpFamily::Ipv6) || self.host.parse::<std::net::Ipv6Addr>().is_ok()
    }
}

/// What a client is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientOptions {
    /// How long it measures, in whole seconds.
    pub time_seconds: u32,
    /// How much of the start is left out, in seconds, before that time.
    pub omit_seconds: u32,
    /// Streams at the same time.
    pub parallel: u32,
    /// Which way the data flows.
    pub flow: Flow,
    /// TCP or UDP.
    pub protocol: Protocol,
    /// The rate to keep to, in bits per second, all streams together; none for as fast as possible.
    pub target_bits_per_second: Option<u64>,
    /// The bytes of one write, or of one datagram.
    pub length_bytes: Option<u64>,
    /// TCP's maximum segment size.
    pub mss_bytes: Option<u32>,
    /// The size of the sockets' buffers.
    pub window_bytes: Option<u64>,
    /// TCP's congestion control.
    pub congestion_control: Option<String>,
    /// The differentiated services code point.
    pub dscp: Option<u8>,
    /// Further arguments, as they are.
    pub arguments: Vec<String>,
}

impl ClientOptions {
    /// One TCP stream for so many seconds.
    pub fn tcp(time_seconds: u32) -> Self {
        Self {
            time_seconds,
            omit_seconds: 0,
            parallel: 1,
            flow: Flow::Forward,
            protocol: Protocol::Tcp,
            target_bits_per_second: None,
            length_bytes: None,
            mss_bytes: None,
            window_bytes: None,
            congestion_control: None,
            dscp: None,
            arguments: Vec::new(),
        }
    }
}
