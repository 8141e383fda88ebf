//! iperf3's command lines.

use std::time::Duration;

/// The program's name, in images and on this machine's PATH.
pub const PROGRAM: &str = "iperf3";

/// The port that iperf3 servers listen on unless told otherwise.
pub const DEFAULT_PORT: u16 = 5201;

/// How long a client waits for the server's answer to its first packet.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How a client tells its results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportFormat {
    /// One JSON event a line, written as it happens (3.17 and later).
    Stream,
    /// One JSON document at the end of the test.
    Document,
}

impl ReportFormat {
    /// The best format that a version of iperf3 (`3.12`) has. An unknown version gets the format
    /// that all versions have.
    pub fn of_version(version: Option<&str>) -> Self {
        if is_at_least(version, (3, 17)) { Self::Stream } else { Self::Document }
    }
}

/// How many threads a version of iperf3 sends `parallel` streams with: one for all of them up to
/// 3.15, one each since.
pub fn threads(version: Option<&str>, parallel: u32) -> u32 {
    if is_at_least(version, (3, 16)) { parallel } else { 1 }
}

fn is_at_least(version: Option<&str>, least: (u32, u32)) -> bool {
    let numbers = |version: &str| {
        let mut parts = version.split('.');
        let major: u32 = parts.next()?.parse().ok()?;
        let minor: String = parts.next()?.chars().take_while(char::is_ascii_digit).collect();
        Some((major, minor.parse::<u32>().ok()?))
    };
    version.and_then(numbers).is_some_and(|version| version >= least)
}

/// What is the same for all clients of a run.
#[derive(Debug, Clone, Copy)]
pub struct ClientOptions {
    /// How long a client sends, in whole seconds.
    pub time_seconds: u32,
    /// TCP streams at the same time.
    pub parallel: u32,
    /// How it tells its results.
    pub format: ReportFormat,
}

/// The command of a server that listens on `port`.
///
/// Verbose, so that it tells its version before it tells that it listens, and flushed line by
/// line, so that both are seen at once.
pub fn server_command(port: u16) -> Vec<String> {
    let port = port.to_string();
    to_strings(&[PROGRAM, "-s", "-p", &port, "-V", "--forceflush"])
}

/// The command of a client that sends to a server at `host` and `port`.
pub fn client_command(host: &str, port: u16, options: &ClientOptions) -> Vec<String> {
    let report = match options.format {
        ReportFormat::Stream => "--json-stream",
        ReportFormat::Document => "--json",
    };
    to_strings(&[
        PROGRAM,
        "-c",
        host,
        "-p",
        &port.to_string(),
        "-t",
        &options.time_seconds.to_string(),
        "-P",
        &options.parallel.to_string(),
        "-i",
        "1",
        "--connect-timeout",
        &CONNECT_TIMEOUT.as_millis().to_string(),
        report,
    ])
}

fn to_strings(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_streamed_from_3_17_on() {
        let formats = ["3.12", "3.16-beta1", "3.17", "3.17.1+", "3.20", "4.0"]
            .map(|version| (version, ReportFormat::of_version(Some(version)) == ReportFormat::Stream));
        let streamed: Vec<&str> = formats.iter().filter(|(_, is)| *is).map(|(v, _)| *v).collect();
        assert_eq!(streamed, ["3.17", "3.17.1+", "3.20", "4.0"]);
    }

    #[test]
    fn streams_have_threads_of_their_own_from_3_16_on() {
        assert_eq!(threads(Some("3.15"), 4), 1);
        assert_eq!(threads(Some("3.16"), 4), 4);
        assert_eq!(threads(None, 4), 1);
    }

    #[test]
    fn an_unknown_version_gets_what_every_version_has() {
        for version in [None, Some(""), Some("garbage"), Some("3"), Some("3.x")] {
            assert_eq!(ReportFormat::of_version(version), ReportFormat::Document);
        }
    }
}
