//! iperf 2's command lines.

use crate::engine::{ClientOptions, Target};

pub(super) const PROGRAM: &str = "iperf";

/// How a client sorts the times of the answers: in bins of 10 µs up to a second. 2.1 ignores the
/// width and takes 100 µs.
const HISTOGRAM: &str = "--histograms=10u,100000";

/// The bytes of one write unless told otherwise.
const DEFAULT_LENGTH_BYTES: u64 = 128 << 10;

/// The command of a server that listens on `port`.
///
/// Told to report as clients are: in bits and bytes, which are exact. It is an IPv4 socket that it
/// listens on unless told otherwise, and one for both with `-V`.
pub(super) fn server(port: u16, ipv6: bool) -> Vec<String> {
    let port = port.to_string();
    let mut words: Vec<String> = [PROGRAM, "-s", "-p", &port, "-e", "-f", "b"].map(str::to_owned).into();
    if ipv6 {
        words.push("-V".to_owned());
    }
    words
}

/// The command of a client that measures throughput.
pub(super) fn throughput(target: &Target, options: &ClientOptions) -> Vec<String> {
    let mut words = client(target, options);
    let mut flag = |name: &str, value: String| words.extend([name.to_owned(), value]);
    flag("-P", options.parallel.to_string());
    flag("-f", "b".to_owned());
    // the rate is that of each stream
    let rate = options.target_bits_per_second.map(|rate| rate.div_ceil(options.parallel.max(1).into()));
    // it refuses a rate of none, and one with which a write would be more than a second's; a tenth
    // of a second's keeps the last write from exceeding the rate by much
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
    words.extend(options.arguments.iter().cloned());
    words
}

/// The command of a client that measures latency: it sends the next request as soon as it has
/// the answer to the one before.
pub(super) fn bounceback(target: &Target, options: &ClientOptions) -> Vec<String> {
    let mut words = client(target, options);
    words.extend(["--bounceback", "--bounceback-period", "0", HISTOGRAM].map(str::to_owned));
    words
}

/// What both kinds of client are told.
fn client(target: &Target, options: &ClientOptions) -> Vec<String> {
    let (port, time) = (target.port.to_string(), options.time_seconds.to_string());
    let mut words: Vec<String> =
        [PROGRAM, "-c", target.host, "-p", &port, "-t", &time, "-i", "1", "-e"].map(str::to_owned).into();
    if target.is_ipv6() {
        words.push("-V".to_owned());
    }
    if let Some(dscp) = options.dscp {
        // the code point is the upper six bits of the byte that is asked for
        words.extend(["-S".to_owned(), (u32::from(dscp) << 2).to_string()]);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const V4: Target = Target { host: "10.0.0.1", port: 5001, ip_family: None };
    const V6: Target = Target { host: "fd00::1", port: 5001, ip_family: None };

    #[test]
    fn what_is_not_asked_for_is_not_said() {
        assert_eq!(
            throughput(&V4, &ClientOptions::tcp(10)).join(" "),
            "iperf -c 10.0.0.1 -p 5001 -t 10 -i 1 -e -P 1 -f b"
        );
        assert_eq!(server(5001, false).join(" "), "iperf -s -p 5001 -e -f b");
    }

    #[test]
    fn everything_that_can_be_asked_for_is_said() {
        let options = ClientOptions {
            parallel: 4,
            target_bits_per_second: Some(1_000_000_001),
            length_bytes: Some(1400),
            mss_bytes: Some(1200),
            window_bytes: Some(262_144),
            congestion_control: Some("bbr".to_owned()),
            dscp: Some(46),
            arguments: vec!["-N".to_owned()],
            ..ClientOptions::tcp(10)
        };
        assert_eq!(
            throughput(&V6, &options).join(" "),
            "iperf -c fd00::1 -p 5001 -t 10 -i 1 -e -V -S 184 -P 4 -f b \
             -b 250000001 -l 1400 -M 1200 -w 262144 -Z bbr -N"
        );
    }

    #[test]
    fn as_fast_as_possible_is_no_rate() {
        let options = ClientOptions { target_bits_per_second: Some(0), ..ClientOptions::tcp(1) };
        assert_eq!(throughput(&V4, &options), throughput(&V4, &ClientOptions::tcp(1)));
    }

    #[test]
    fn a_low_rate_is_kept_by_short_writes() {
        let options = ClientOptions { target_bits_per_second: Some(1_000_000), ..ClientOptions::tcp(1) };
        assert!(throughput(&V4, &options).join(" ").ends_with(" -b 1000000 -l 12500"));
    }

    #[test]
    fn latency_is_asked_for_without_a_pause() {
        assert_eq!(
            bounceback(&V4, &ClientOptions::tcp(2)).join(" "),
            "iperf -c 10.0.0.1 -p 5001 -t 2 -i 1 -e \
             --bounceback --bounceback-period 0 --histograms=10u,100000"
        );
        let options = ClientOptions { dscp: Some(8), ..ClientOptions::tcp(2) };
        assert!(bounceback(&V6, &options).join(" ").contains(" -e -V -S 32 --bounceback "));
    }

    #[test]
    fn a_server_listens_on_ipv6_where_it_is_told_to() {
        assert_eq!(server(5001, true).join(" "), "iperf -s -p 5001 -e -f b -V");
    }
}
