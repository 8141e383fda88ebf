//! Addresses of servers on the command line: `HOST`, `HOST:PORT`, `[IPV6]:PORT`.

use std::fmt;
use std::net::Ipv6Addr;

/// A server that runs already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Its name or address.
    pub host: String,
    /// Its port, if one was given.
    pub port: Option<u16>,
}

/// Reads an address.
///
/// # Errors
/// Anything else, with the forms that are understood.
pub(super) fn parse_address(text: &str) -> Result<Address, String> {
    let wrong = || format!("`{text}` is not an address: write HOST, HOST:PORT or [IPV6]:PORT");
    let (host, port) = if text.parse::<Ipv6Addr>().is_ok() {
        (text, None)
    } else if let Some(rest) = text.strip_prefix('[') {
        let (host, after) = rest.split_once(']').ok_or_else(wrong)?;
        host.parse::<Ipv6Addr>().map_err(|_| wrong())?;
        match after {
            "" => (host, None),
            after => (host, Some(after.strip_prefix(':').ok_or_else(wrong)?)),
        }
    } else {
        text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)))
    };
    let is_name = |character: char| character.is_ascii_alphanumeric() || "-._:%".contains(character);
    // one that begins with a dash would be an option of the client's
    if host.is_empty() || host.starts_with('-') || !host.chars().all(is_name) {
        return Err(wrong());
    }
    let port = port.map(|port| port.parse().ok().filter(|&port: &u16| port > 0).ok_or_else(wrong));
    Ok(Address { host: host.to_owned(), port: port.transpose()? })
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match self.port {
            None => formatter.write_str(&self.host),
            Some(port) if self.host.contains(':') => write!(formatter, "[{}]:{port}", self.host),
            Some(port) => write!(formatter, "{}:{port}", self.host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_have_ports_or_none() {
        let read = |text: &str| parse_address(text).map(|address| (address.host, address.port)).ok();
        let is = |host: &str, port| Some((host.to_owned(), port));
        assert_eq!(read("iperf.example.org"), is("iperf.example.org", None));
        assert_eq!(read("192.0.2.1:5202"), is("192.0.2.1", Some(5202)));
        assert_eq!(read("2001:db8::1"), is("2001:db8::1", None));
        assert_eq!(read("[2001:db8::1]:5202"), is("2001:db8::1", Some(5202)));
        for wrong in ["", ":5201", "host:", "host:0", "host:99999", "-c", "a b", "[::1", "[::1]x", "a:b:c"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn it_is_shown_as_it_is_written() {
        for text in ["host", "host:1", "2001:db8::1", "[2001:db8::1]:1"] {
            assert_eq!(parse_address(text).unwrap().to_string(), text);
        }
    }
}
