//! iperf3's command lines.

use std::net::IpAddr;
use std::time::Duration;

use crate::engine::{ClientSpec, Flow, ServerSpec};
use crate::options::{IpFamily, MeasurementOptions, Protocol};

pub(super) const PROGRAM: &str = "iperf3";

/// Connection timeout of a client.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long data may stay unacknowledged before the kernel drops the connection (3.12 and later).
/// An abandoned client whose network recovers must not send during later tests. Shorter than the time that a
/// test may transfer no data.
const UNACKNOWLEDGED_LIMIT: Duration = Duration::from_secs(8);

/// When the kernel probes the control connection, which is silent while a test runs (3.19 and later): after 10 s, then
/// every 5 s, 6 times.
const CONTROL_KEEPALIVE: &str = "10/5/6";

/// How a client reports its results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReportFormat {
    /// One JSON event a line, written as it happens (3.17 and later).
    Stream,
    /// One JSON document at the end of the test.
    Document,
}

impl ReportFormat {
    /// The best format of a version (`3.12`); for an unknown one, the format that every version has.
    pub(super) fn of_version(version: Option<&str>) -> Self {
        if is_at_least(version, (3, 17)) { Self::Stream } else { Self::Document }
    }
}

/// How many threads send `streams` streams: one for all up to 3.15, one each since.
pub(super) fn threads(version: Option<&str>, streams: u32) -> u32 {
    if is_at_least(version, (3, 16)) { streams } else { 1 }
}

/// A requested flag that a version does not support, and the first version that does. An unknown version may support it.
pub(super) fn unsupported(
    version: &str,
    options: &MeasurementOptions,
) -> Option<(&'static str, &'static str)> {
    let is_before = |least| is_at_least(Some(version), (0, 0)) && !is_at_least(Some(version), least);
    [
        ("--omit over 60s", options.omit_seconds > MAX_OMIT_BEFORE_3_18, (3, 18), "3.18"),
        ("--bidir", options.bidirectional, (3, 7), "3.7"),
        ("--dscp", options.dscp.is_some(), (3, 2), "3.2"),
    ]
    .into_iter()
    .find_map(|(flag, is_set, least, since)| (is_set && is_before(least)).then_some((flag, since)))
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

/// The longest start that versions before 3.18 discard, in seconds.
const MAX_OMIT_BEFORE_3_18: u32 = 60;

/// The command of a server. Verbose, so that it reports its version before it reports that it listens, and
/// flushed line by line, so that both arrive immediately.
pub(super) fn server_command(server: &ServerSpec) -> Vec<String> {
    let port = server.port.to_string();
    let mut words: Vec<String> =
        [PROGRAM, "-s", "-p", &port, "-V", "--forceflush"].map(str::to_owned).to_vec();
    if let Some(address) = server.bind {
        words.extend(["-B".to_owned(), address.to_string()]);
    }
    words
}

/// The command of a client.
pub(super) fn client_command(client: &ClientSpec) -> Vec<String> {
    let ClientSpec { target, flow, options, version } = *client;
    let format = ReportFormat::of_version(version);
    let mut words = vec![PROGRAM.to_owned(), "-c".to_owned(), target.host.to_owned()];
    let mut flag = |name: &str, value: String| words.extend([name.to_owned(), value]);
    flag("-p", target.port.to_string());
    flag("-t", options.time_seconds.to_string());
    flag("-P", options.parallel.to_string());
    flag("-i", "1".to_owned());
    // an unknown version is that of a server that has printed nothing, as those before 3.7
    if is_at_least(version, (3, 2)) {
        flag("--connect-timeout", CONNECT_TIMEOUT.as_millis().to_string());
    }
    let udp = options.protocol == Protocol::Udp;
    // only Linux has the options of its kernel, and on loopback, where other systems measure, nothing is lost
    let is_remote = !target.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    if is_remote && !udp && is_at_least(version, (3, 12)) {
        flag("--snd-timeout", UNACKNOWLEDGED_LIMIT.as_millis().to_string());
    }
    // by default iperf3 sends UDP at 1 Mbit/s; its bitrate is per stream
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
    // connections that are silent for a while are forgotten by NAT and firewalls
    if is_remote && is_at_least(version, (3, 19)) {
        words.push(format!("--cntl-ka={CONTROL_KEEPALIVE}"));
    }
    let switches = [
        (target.ip_family == Some(IpFamily::Ipv4), "-4"),
        (target.ip_family == Some(IpFamily::Ipv6), "-6"),
        (udp, "-u"),
        (flow == Flow::Reverse, "-R"),
        (flow == Flow::Both, "--bidir"),
        (format == ReportFormat::Stream, "--json-stream"),
        (format == ReportFormat::Document, "--json"),
    ];
    words.extend(switches.iter().filter(|(on, _)| *on).map(|(_, switch)| (*switch).to_owned()));
    words.extend(options.client_arguments.iter().cloned());
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Target;

    const TARGET: Target = Target { host: "10.0.0.1", port: 5201, ip_family: None };

    fn line(flow: Flow, options: &MeasurementOptions) -> String {
        client_command(&ClientSpec { target: TARGET, flow, options, version: Some("3.18") }).join(" ")
    }

    #[test]
    fn ip_family_selects_the_address_of_a_name() {
        let target = Target { host: "example.org", port: 5201, ip_family: Some(IpFamily::Ipv6) };
        let options = &MeasurementOptions::for_seconds(1);
        let words =
            client_command(&ClientSpec { target, flow: Flow::Forward, options, version: Some("3.18") });
        assert!(words.contains(&"-6".to_owned()), "{words:?}");
    }

    #[test]
    fn flags_of_later_versions_are_unsupported() {
        let omit = |omit_seconds| MeasurementOptions { omit_seconds, ..MeasurementOptions::for_seconds(5) };
        assert_eq!(unsupported("3.12", &omit(61)), Some(("--omit over 60s", "3.18")));
        for (version, seconds) in [("3.12", 60), ("3.18", 90), ("3.18.1", 90), ("garbage", 90)] {
            assert_eq!(unsupported(version, &omit(seconds)), None, "{version}");
        }
        let both = MeasurementOptions { bidirectional: true, ..MeasurementOptions::for_seconds(5) };
        assert_eq!(unsupported("3.6", &both), Some(("--bidir", "3.7")));
        assert_eq!(unsupported("3.7", &both), None);
        let marked = MeasurementOptions { dscp: Some(46), ..MeasurementOptions::for_seconds(5) };
        assert_eq!(unsupported("3.1.7", &marked), Some(("--dscp", "3.2")));
    }

    #[test]
    fn report_format_depends_on_the_version() {
        let options = &MeasurementOptions::for_seconds(1);
        let format = |version| {
            let client = ClientSpec { target: TARGET, flow: Flow::Forward, options, version };
            client_command(&client).pop().unwrap()
        };
        assert_eq!(format(Some("3.18")), "--json-stream");
        assert_eq!([Some("3.12"), None].map(format), ["--json", "--json"]);
    }

    #[test]
    fn default_options_add_no_arguments() {
        assert_eq!(
            line(Flow::Forward, &MeasurementOptions::for_seconds(10)),
            "iperf3 -c 10.0.0.1 -p 5201 -t 10 -P 1 -i 1 --connect-timeout 5000 --snd-timeout 8000 --json-stream"
        );
    }

    #[test]
    fn every_option_becomes_an_argument() {
        let options = MeasurementOptions {
            omit_seconds: 2,
            parallel: 4,
            protocol: Protocol::Udp,
            target_bits_per_second: Some(1_000_000_000),
            length_bytes: Some(1400),
            mss_bytes: Some(1200),
            window_bytes: Some(262_144),
            congestion_control: Some("bbr".to_owned()),
            dscp: Some(46),
            client_arguments: vec!["-Z".to_owned()],
            ..MeasurementOptions::for_seconds(10)
        };
        let line = line(Flow::Both, &options);
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
    fn arguments_of_later_versions_are_left_out() {
        let options = &MeasurementOptions::for_seconds(1);
        let of = |version, host| {
            let target = Target { host, ..TARGET };
            client_command(&ClientSpec { target, flow: Flow::Forward, options, version }).join(" ")
        };
        let late = |line: String| {
            ["--connect-timeout", "--snd-timeout", "--json-stream", "--cntl-ka"]
                .into_iter()
                .filter(|argument| line.contains(argument))
                .count()
        };
        let versions = [None, Some("3.1.7"), Some("3.2"), Some("3.12"), Some("3.17"), Some("3.19.1")];
        assert_eq!(versions.map(|version| late(of(version, "10.0.0.1"))), [0, 0, 1, 2, 3, 4]);
        assert_eq!(late(of(Some("3.19.1"), "127.0.0.1")), 2);
    }

    #[test]
    fn udp_without_bitrate_is_unlimited() {
        let udp = MeasurementOptions { protocol: Protocol::Udp, ..MeasurementOptions::for_seconds(1) };
        assert!(line(Flow::Forward, &udp).contains(" -b 0 "));
    }

    #[test]
    fn local_server_listens_on_one_address() {
        let bind = Some(std::net::Ipv4Addr::LOCALHOST.into());
        let words = server_command(&ServerSpec { port: 5201, bind, ipv6: false });
        assert!(words.join(" ").ends_with(" -B 127.0.0.1"), "{words:?}");
    }

    #[test]
    fn events_are_streamed_since_3_17() {
        let formats = ["3.12", "3.16-beta1", "3.17", "3.17.1+", "3.20", "4.0"]
            .map(|version| (version, ReportFormat::of_version(Some(version)) == ReportFormat::Stream));
        let streamed: Vec<&str> = formats.iter().filter(|(_, is)| *is).map(|(v, _)| *v).collect();
        assert_eq!(streamed, ["3.17", "3.17.1+", "3.20", "4.0"]);
    }

    #[test]
    fn each_stream_has_a_thread_since_3_16() {
        assert_eq!(threads(Some("3.15"), 4), 1);
        assert_eq!(threads(Some("3.16"), 4), 4);
        assert_eq!(threads(None, 4), 1);
    }

    #[test]
    fn unknown_version_gets_the_document_format() {
        for version in [None, Some(""), Some("garbage"), Some("3"), Some("3.x")] {
            assert_eq!(ReportFormat::of_version(version), ReportFormat::Document);
        }
    }
}
