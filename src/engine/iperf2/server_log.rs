//! Reads the output of a starting server.

use crate::engine::ServerLog;

/// Reads the log of a server, which does not contain its version.
#[derive(Debug, Default)]
pub(super) struct Iperf2ServerLog {
    is_listening: bool,
}

impl ServerLog for Iperf2ServerLog {
    fn line(&mut self, line: &str) {
        // `… on TCP port 5001`, or, 2.2 with `-V`, `… on TCP (v6) port 5001`
        self.is_listening |= line.starts_with("Server listening on TCP ");
    }

    fn is_listening(&self) -> bool {
        self.is_listening
    }

    fn version(&self) -> Option<&str> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! recorded {
        ($name:literal) => {
            include_str!(concat!("../../../tests/fixtures/iperf2/", $name))
        };
    }

    #[test]
    fn recorded_servers_are_listening_without_a_version() {
        for log in [
            recorded!("2.1-server-start.log"),
            recorded!("2.2-server-start.log"),
            recorded!("2.1-server-start-ipv6.log"),
            recorded!("2.2-server-start-ipv6.log"),
        ] {
            let mut reader = Iperf2ServerLog::default();
            let listening: Vec<bool> = log
                .lines()
                .map(|line| {
                    reader.line(line);
                    reader.is_listening()
                })
                .collect();
            assert_eq!(listening[..3], [false, true, true]);
            assert_eq!(reader.version(), None);
        }
    }

    #[test]
    fn server_whose_port_is_in_use_is_not_listening() {
        for log in [recorded!("2.1-server-port-taken.stderr"), recorded!("2.2-server-port-taken.stderr")] {
            let mut reader = Iperf2ServerLog::default();
            log.lines().for_each(|line| reader.line(line));
            assert!(!reader.is_listening());
        }
    }
}
