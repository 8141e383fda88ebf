//! Reads the output of a starting server.

use crate::engine::ServerLog;

/// Reads the log of a server.
#[derive(Debug, Default)]
pub(super) struct Iperf3ServerLog {
    version: Option<String>,
    is_listening: bool,
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
        self.is_listening |= line.starts_with("Server listening on ");
    }

    fn is_listening(&self) -> bool {
        self.is_listening
    }

    fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }
}

/// Rejects anything that does not look like a version: the program in the image may be any.
fn is_version(word: &str) -> bool {
    let is_allowed = |character: char| character.is_ascii_alphanumeric() || ".+-_~".contains(character);
    word.starts_with(|first: char| first.is_ascii_digit()) && word.len() <= 32 && word.chars().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_is_no_version_is_ignored() {
        for line in ["iperf 3.1\u{1b}[2J", "iperf <b>", "iperf ", &format!("iperf 3.{}", "1".repeat(99))] {
            let mut reader = Iperf3ServerLog::default();
            reader.line(line);
            assert_eq!(reader.version(), None, "{line}");
        }
    }

    #[test]
    fn recorded_servers_are_listening_with_their_version() {
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
