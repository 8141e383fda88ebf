//! iperf 2's command lines.

use crate::engine::{ClientSpec, ServerSpec};

pub(super) const PROGRAM: &str = "iperf";

/// The latency histogram of a client: bins of 10 µs up to a second. 2.1 ignores the width and uses 100 µs.
const HISTOGRAM: &str = "--histograms=10u,100000";

/// The default size of a write, in bytes.
const DEFAULT_LENGTH_BYTES: u64 = 128 << 10;

/// The command of a server. It reports as clients do: in bits and bytes, which are exact. By default its
/// socket is IPv4 only; `-V` makes it listen on both families.
pub(super) fn server(server: &ServerSpec) -> Vec<String> {
    let port = server.port.to_string();
    let mut words: Vec<String> = [PROGRAM, "-s", "-p", &port, "-e", "-f", "b"].map(str::to_owned).into();
    if server.ipv6 {
        words.push("-V".to_owned());
    }
    if let Some(address) = server.bind {
        words.extend(["-B".to_owned(), address.to_string()]);
    }
    words
}

/// The command of a client that measures throughput.
pub(super) fn throughput(spec: &ClientSpec) -> Vec<String> {
    let options = spec.options;
    let mut words = client(spec, options.time_seconds);
    let mut flag = |name: &str, value: String| words.extend([name.to_owned(), value]);
    flag("-P", options.parallel.to_string());
    flag("-f", "b".to_owned());
    // the bitrate is per stream
    let rate = options.target_bits_per_second.map(|rate| rate.div_ceil(options.parallel.max(1).into()));
    // it rejects a bitrate of zero, and writes of more than a second's worth; with a tenth of a second's
    // worth, the last write exceeds the bitrate little
    let rate = rate.filter(|rate| *rate > 0);
    let most = rate.map(|rate| (rate / 80).max(1)).filter(|most| *most < DEFAULT_LENGTH_BYTES);
    let given = [
        ("-b", rate),
        ("-l", options.length_bytes.or(most)),
        ("-M", options.mss_bytes.map(u64::from)),
        ("-w", options.window_bytes),
    ];
    for (name, value) in given {
        if let Some(value) = value {
            flag(name, value.to_string());
        }
    }
    if let Some(congestion_control) = &options.congestion_control {
        flag("-Z", congestion_control.clone());
    }
    words.extend(options.client_arguments.iter().cloned());
    words
}

/// The command of a client that measures latency: it sends each request as soon as it has the reply to the
/// previous one.
pub(super) fn bounceback(spec: &ClientSpec) -> Vec<String> {
    let mut words = client(spec, spec.options.latency_time_seconds.unwrap_or(spec.options.time_seconds));
    words.extend(["--bounceback", "--bounceback-period", "0", HISTOGRAM].map(str::to_owned));
    words
}

/// The arguments of both kinds of client.
fn client(spec: &ClientSpec, time_seconds: u32) -> Vec<String> {
    let ClientSpec { target, options, .. } = spec;
    let (port, time) = (target.port.to_string(), time_seconds.to_string());
    let mut words: Vec<String> =
        [PROGRAM, "-c", target.host, "-p", &port, "-t", &time, "-i", "1", "-e"].map(str::to_owned).into();
    if target.is_ipv6() {
        words.push("-V".to_owned());
    }
    if let Some(dscp) = options.dscp {
        // the DSCP is the upper six bits of the ToS byte
        words.extend(["-S".to_owned(), (u32::from(dscp) << 2).to_string()]);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Flow, Target};
    use crate::options::MeasurementOptions;

    const V4: Target = Target { host: "10.0.0.1", port: 5001, ip_family: None };
    const V6: Target = Target { host: "fd00::1", port: 5001, ip_family: None };

    fn line(command: fn(&ClientSpec) -> Vec<String>, target: Target, options: &MeasurementOptions) -> String {
        command(&ClientSpec { target, flow: Flow::Forward, options, version: None }).join(" ")
    }

    #[test]
    fn default_options_add_no_arguments() {
        assert_eq!(
            line(throughput, V4, &MeasurementOptions::for_seconds(10)),
            "iperf -c 10.0.0.1 -p 5001 -t 10 -i 1 -e -P 1 -f b"
        );
    }

    #[test]
    fn every_option_becomes_an_argument() {
        let options = MeasurementOptions {
            parallel: 4,
            target_bits_per_second: Some(1_000_000_001),
            length_bytes: Some(1400),
            mss_bytes: Some(1200),
            window_bytes: Some(262_144),
            congestion_control: Some("bbr".to_owned()),
            dscp: Some(46),
            client_arguments: vec!["-N".to_owned()],
            ..MeasurementOptions::for_seconds(10)
        };
        assert_eq!(
            line(throughput, V6, &options),
            "iperf -c fd00::1 -p 5001 -t 10 -i 1 -e -V -S 184 -P 4 -f b \
             -b 250000001 -l 1400 -M 1200 -w 262144 -Z bbr -N"
        );
    }

    #[test]
    fn unlimited_bitrate_adds_no_argument() {
        let default = MeasurementOptions::for_seconds(1);
        let options = MeasurementOptions { target_bits_per_second: Some(0), ..default.clone() };
        assert_eq!(line(throughput, V4, &options), line(throughput, V4, &default));
    }

    #[test]
    fn low_bitrate_shortens_writes() {
        let options = MeasurementOptions {
            target_bits_per_second: Some(1_000_000),
            ..MeasurementOptions::for_seconds(1)
        };
        assert!(line(throughput, V4, &options).ends_with(" -b 1000000 -l 12500"));
    }

    #[test]
    fn latency_client_sends_requests_without_pause() {
        let options =
            MeasurementOptions { latency_time_seconds: Some(2), ..MeasurementOptions::for_seconds(10) };
        assert_eq!(
            line(bounceback, V4, &options),
            "iperf -c 10.0.0.1 -p 5001 -t 2 -i 1 -e \
             --bounceback --bounceback-period 0 --histograms=10u,100000"
        );
        let options = MeasurementOptions { dscp: Some(8), ..options };
        assert!(line(bounceback, V6, &options).contains(" -e -V -S 32 --bounceback "));
    }

    #[test]
    fn server_listens_on_ipv6_and_one_address_if_specified() {
        let spec = ServerSpec { port: 5001, bind: None, ipv6: false };
        assert_eq!(server(&spec).join(" "), "iperf -s -p 5001 -e -f b");
        assert_eq!(server(&ServerSpec { ipv6: true, ..spec }).join(" "), "iperf -s -p 5001 -e -f b -V");
        let bind = Some(std::net::Ipv4Addr::LOCALHOST.into());
        assert_eq!(server(&ServerSpec { bind, ..spec }).join(" "), "iperf -s -p 5001 -e -f b -B 127.0.0.1");
    }
}
