//! iperf3's command lines.

use std::time::Duration;

use crate::document::{IpFamily, Protocol};
use crate::engine::{ClientOptions, Flow, Target};

pub(super) const PROGRAM: &str = "iperf3";

/// How long a client waits for the server's answer to its first packet.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long data may stay unacknowledged before the kernel gives the connection up (3.12 and later).
/// A client whose network went away, and which nobody waits for any more, must not send on into the
/// tests of others when that is back. Less than how long a test may be without data.
const UNACKNOWLEDGED_LIMIT: Duration = Duration::from_secs(8);

/// How a client tells its results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReportFormat {
    /// One JSON event a line, written as it happens (3.17 and later).
    Stream,
    /// One JSON document at the end of the test.
    Document,
}

impl ReportFormat {
    /// The best format that a version of iperf3 (`3.12`) has. An unknown version gets the format
    /// that all versions have.
    pub(super) fn of_version(version: Option<&str>) -> Self {
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

/// The command of a server that listens on `port`.
///
/// Verbose, so that it tells its version before it tells that it listens, and flushed line by
/// line, so that both are seen at once.
pub(super) fn server_command(port: u16) -> Vec<String> {
    let port = port.to_string();
    to_strings(&[PROGRAM, "-s", "-p", &port, "-V", "--forceflush"])
}

/// The command of a client.
pub(super) fn client_command(target: &Target, options: &ClientOptions, version: Option<&str>) -> Vec<String> {
    let format = ReportFormat::of_version(version);
    let mut words = vec![PROGRAM.to_owned(), "-c".to_owned(), target.host.to_owned()];
    let mut flag = |name: &str, value: String| words.extend([name.to_owned(), value]);
    flag("-p", target.port.to_string());
    flag("-t", options.time_seconds.to_string());
    flag("-P", options.parallel.to_string());
    flag("-i", "1".to_owned());
    flag("--connect-timeout", CONNECT_TIMEOUT.as_millis().to_string());
    let udp = options.protocol == Protocol::Udp;
    if !udp && is_at_least(version, (3, 12)) {
        flag("--snd-timeout", UNACKNOWLEDGED_LIMIT.as_millis().to_string());
    }
    // iperf3's own default for UDP is 1 Mbit/s; its rate is that of each stream
    let rate = options.target_bits_per_second.map(|rate| rate.div_ceil(options.parallel.into()));
    if let Some(rate) = rate.or(udp.then_some(0)) {
        flag("-b", rate.to_string());
    }
    if options.omit_seconds > 0 {
        flag("-O", options.omit_seconds.to_string());
    }
    let given = [
        ("-l", options.length_bytes),
        ("-M", options.mss_bytes.map(u64::from)),
        ("-w", options.window_bytes),
        ("--dscp", options.dscp.map(u64::from)),
    ];
    for (name, value) in given {
        if let Some(value) = value {
            flag(name, value.to_string());
        }
    }
    if let Some(congestion_control) = &options.congestion_control {
        flag("-C", congestion_control.clone());
    }
    let switches = [
        (target.ip_family == Some(IpFamily::Ipv4), "-4"),
        (target.ip_family == Some(IpFamily::Ipv6), "-6"),
        (udp, "-u"),
        (options.flow == Flow::Reverse, "-R"),
        (options.flow == Flow::Both, "--bidir"),
        (format == ReportFormat::Stream, "--json-stream"),
        (format == ReportFormat::Document, "--json"),
    ];
    words.extend(switches.iter().filter(|(on, _)| *on).map(|(_, switch)| (*switch).to_owned()));
    words.extend(options.arguments.iter().cloned());
    words
}

fn to_strings(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(options: &ClientOptions) -> String {
        let target = Target { host: "10.0.0.1", port: 5201, ip_family: None };
        client_command(&target, options, Some("3.18")).join(" ")
    }

    #[test]
    fn a_name_is_reached_by_the_version_of_ip_that_was_asked_for() {
        let target = Target { host: "example.org", port: 5201, ip_family: Some(IpFamily::Ipv6) };
        let line = client_command(&target, &ClientOptions::tcp(1), Some("3.18"));
        assert!(line.contains(&"-6".to_owned()), "{line:?}");
    }

    #[test]
    fn what_is_not_asked_for_is_not_said() {
        assert_eq!(
            line(&ClientOptions::tcp(10)),
            "iperf3 -c 10.0.0.1 -p 5201 -t 10 -P 1 -i 1 --connect-timeout 5000 --snd-timeout 8000 --json-stream"
        );
    }

    #[test]
    fn everything_that_can_be_asked_for_is_said() {
        let options = ClientOptions {
            omit_seconds: 2,
            parallel: 4,
            flow: Flow::Both,
            protocol: Protocol::Udp,
            target_bits_per_second: Some(1_000_000_000),
            length_bytes: Some(1400),
            mss_bytes: Some(1200),
            window_bytes: Some(262_144),
            congestion_control: Some("bbr".to_owned()),
            dscp: Some(46),
            arguments: vec!["-Z".to_owned()],
            ..ClientOptions::tcp(10)
        };
        let line = line(&options);
        for words in [
            "-b 250000000",
            "-O 2",
            "-l 1400",
            "-M 1200",
            "-w 262144",
            "--dscp 46",
            "-C bbr",
            "-u",
            "--bidir",
        ] {
            assert!(line.contains(&format!(" {words} ")), "{words}: {line}");
        }
        assert!(line.ends_with(" --json-stream -Z"), "{line}");
    }

    #[test]
    fn udp_is_not_left_to_the_programs_own_idea_of_a_rate() {
        let udp = ClientOptions { protocol: Protocol::Udp, ..ClientOptions::tcp(1) };
        assert!(line(&udp).contains(" -b 0 "));
    }

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
