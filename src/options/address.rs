//! Addresses of servers: `HOST`, `HOST:PORT`, `[IPV6]:PORT`.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The address of a server that runs already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Address {
    text: String,
    /// A host name or an IP address.
    pub host: String,
    /// `None` for the engine's default port.
    pub port: Option<u16>,
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let invalid = || format!("`{text}` is not an address: use HOST, HOST:PORT or [IPV6]:PORT");
        let (host, port) = if text.parse::<Ipv6Addr>().is_ok() {
            (text, None)
        } else if let Some(rest) = text.strip_prefix('[') {
            let (host, after) = rest.split_once(']').ok_or_else(invalid)?;
            host.parse::<Ipv6Addr>().map_err(|_| invalid())?;
            match after {
                "" => (host, None),
                after => (host, Some(after.strip_prefix(':').ok_or_else(invalid)?)),
            }
        } else {
            text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)))
        };
        let is_host_character =
            |character: char| character.is_ascii_alphanumeric() || "-._:%".contains(character);
        // a leading dash would make it an option of the client
        if host.is_empty() || host.starts_with('-') || !host.chars().all(is_host_character) {
            return Err(invalid());
        }
        let port = port.map(|port| port.parse().ok().filter(|&port: &u16| port > 0).ok_or_else(invalid));
        Ok(Self { text: text.to_owned(), host: host.to_owned(), port: port.transpose()? })
    }
}

impl TryFrom<String> for Address {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.text
    }
}

impl Address {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The same address with its port, or with `default` if it has none.
    #[must_use]
    pub fn with_port(&self, default: u16) -> Self {
        let port = self.port.unwrap_or(default);
        let is_ipv6 = self.host.contains(':');
        let text = if is_ipv6 { format!("[{}]:{port}", self.host) } else { format!("{}:{port}", self.host) };
        Self { text, host: self.host.clone(), port: Some(port) }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_with_and_without_port_is_parsed() {
        let parse = |text: &str| text.parse().map(|Address { host, port, .. }| (host, port)).ok();
        let is = |host: &str, port| Some((host.to_owned(), port));
        assert_eq!(parse("server.example.org"), is("server.example.org", None));
        assert_eq!(parse("192.0.2.1:5202"), is("192.0.2.1", Some(5202)));
        assert_eq!(parse("2001:db8::1"), is("2001:db8::1", None));
        assert_eq!(parse("[2001:db8::1]:5202"), is("2001:db8::1", Some(5202)));
    }

    #[test]
    fn malformed_address_is_rejected() {
        for text in ["", ":5201", "host:", "host:0", "host:99999", "-c", "a b", "[::1", "[::1]x", "a:b:c"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }

    #[test]
    fn port_is_written_out() {
        for (text, with_port) in [
            ("host", "host:5201"),
            ("host:1", "host:1"),
            ("2001:db8::1", "[2001:db8::1]:5201"),
            ("[::1]:1", "[::1]:1"),
        ] {
            let address = text.parse::<Address>().unwrap().with_port(5201);
            assert_eq!(address.to_string(), with_port);
            assert_eq!(address, with_port.parse().unwrap());
        }
    }

    #[test]
    fn address_is_displayed_as_written() {
        for text in ["host", "host:1", "2001:db8::1", "[2001:db8::1]:1"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
    }
}
