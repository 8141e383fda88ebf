//! What a server says before its first test.

use crate::engine::ServerLog;

/// Reads the first lines of a server's output.
#[derive(Debug, Default)]
pub(super) struct Iperf3ServerLog {
    version: Option<String>,
    listening: bool,
}

impl ServerLog for Iperf3ServerLog {
    fn line(&mut self, line: &str) {
        if let Some(version) = line.strip_prefix("iperf ")
            && self.version.is_none()
        {
            // `iperf 3.12 (cJSON 1.7.15)` in some builds, `iperf 3.18` in others
            self.version =
                version.split_whitespace().next().filter(|word| is_version(word)).map(str::to_owned);
        }
        self.listening |= line.starts_with("Server listening on ");
    }

    fn is_listening(&self) -> bool {
        self.listening
    }

    fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }
}

/// An image may have any program under this name: what looks like no version is none.
fn is_version(word: &str) -> bool {
    let is_usual = |character: char| character.is_ascii_alphanumeric() || ".+-_~".contains(character);
    word.starts_with(|first: char| first.is_ascii_digit()) && word.len() <= 32 && word.chars().all(is_usual)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_no_version_is_none() {
        for line in ["iperf 3.1\u{1b}[2J", "iperf <b>", "iperf ", &format!("iperf 3.{}", "1".repeat(99))] {
            let mut reader = Iperf3ServerLog::default();
            reader.line(line);
            assert_eq!(reader.version(), None, "{line}");
        }
    }

    #[test]
    fn real_servers_tell_their_version_and_that_they_listen() {
        for (log, version) in [
            (include_str!("../../../tests/fixtures/iperf3/3.12-server.log"), "3.12"),
            (include_str!("../../../tests/fixtures/iperf3/3.16-server.log"), "3.16"),
            (include_str!("../../../tests/fixtures/iperf3/3.18-server.log"), "3.18"),
            (include_str!("../../../tests/fixtures/iperf3/3.21-server.log"), "3.21"),
        ] {
            let mut reader = Iperf3ServerLog::default();
            let listening: Vec<bool> = log
                .lines()
                .map(|line| {
                    reader.line(line);
                    reader.is_listening()
                })
                .collect();
            assert_eq!(listening, [false, false, false, true, true]);
            assert_eq!(reader.version(), Some(version));
        }
    }
}
