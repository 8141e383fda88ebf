//! Report lines of iperf 2, as clients and servers print them.

use crate::document::is_possible;

/// A report of an interval: `[  1] 0.0000-1.0000 sec  …`.
#[derive(Debug, PartialEq)]
pub(super) struct Interval<'a> {
    /// A number, or `SUM` (2.1) or `SUM-2` (2.2) for all streams together.
    pub stream_id: &'a str,
    /// From the start of the test.
    pub start_seconds: f64,
    /// From the start of the test; greater than `start_seconds`.
    pub end_seconds: f64,
    /// The rest of the line.
    pub columns: &'a str,
}

impl<'a> Interval<'a> {
    /// Parses a line; `None` if it reports no interval.
    pub(super) fn parse(line: &'a str) -> Option<Self> {
        let (stream_id, line) = id_and_rest(line)?;
        let (span, columns) = line.split_once(" sec ")?;
        let (start, end) = span.split_once('-')?;
        let (start_seconds, end_seconds) = (start.parse().ok()?, end.parse().ok()?);
        let is_valid = is_possible(end_seconds) && 0.0 <= start_seconds && start_seconds < end_seconds;
        is_valid.then_some(Self { stream_id, start_seconds, end_seconds, columns })
    }

    /// Whether it is the sum of all streams.
    pub(super) fn is_sum(&self) -> bool {
        self.stream_id.starts_with("SUM")
    }
}

/// The id at the start of a line, and the rest of the line.
pub(super) fn id_and_rest(line: &str) -> Option<(&str, &str)> {
    let (id, rest) = line.strip_prefix('[')?.split_once(']')?;
    Some((id.trim(), rest.trim()))
}

/// The sent or received data of an interval: `2674786364 Bytes  10693066448 bits/sec  …`.
#[derive(Debug, PartialEq)]
pub(super) struct Transfer<'a> {
    pub bytes: u64,
    pub bits_per_second: f64,
    /// The columns that follow. They differ between client and server, and between versions.
    pub columns: &'a str,
}

impl<'a> Transfer<'a> {
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (bytes, text) = text.split_once(" Bytes ")?;
        let (rate, columns) = text.split_once(" bits/sec")?;
        let bits_per_second: f64 = rate.trim().parse().ok()?;
        is_possible(bits_per_second).then_some(Self {
            bytes: bytes.trim().parse().ok()?,
            bits_per_second,
            columns,
        })
    }

    /// The retransmits of a client's stream: the column after `Write/Err`.
    pub(super) fn retransmits(&self) -> Option<u64> {
        self.columns.split_whitespace().nth(1)?.parse().ok()
    }

    /// The round-trip time of a client's stream at the end of the interval: the last number of
    /// `895K/110(51) us` (2.1) and of `0K(0)/1023K(16)/827(1376) us` (2.2), without its parentheses.
    pub(super) fn round_trip_time_microseconds(&self) -> Option<f64> {
        let (columns, _) = self.columns.split_once(" us")?;
        let (_, time) = columns.rsplit_once('/')?;
        let time = time.split_once('(').map_or(time, |(time, _)| time);
        // zero where the operating system does not report it
        time.parse().ok().map(|time: u32| f64::from(time)).filter(|&time| time > 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_without_an_interval_is_rejected() {
        for line in [
            "",
            "[ ID] Interval            Transfer    Bandwidth       Reads=Dist",
            "[SUM-cnt] Interval            Transfer    Bandwidth       Write/Err  Rtry",
            "[  1] local 10.0.0.1%eth0 port 1 connected with 10.0.0.2 port 5001 (ct=0.08 ms)",
            "[  1] 1.0000-1.0000 sec  1 Bytes  1 bits/sec",
            "[  1] 0.0000-inf sec  1 Bytes  1 bits/sec",
            "[  1] nan-1.0000 sec  1 Bytes  1 bits/sec",
        ] {
            assert_eq!(Interval::parse(line), None, "{line}");
        }
    }

    #[test]
    fn columns_of_both_versions_are_read() {
        for (columns, retransmits, time) in [
            (" 13594/0          3     2302K/330(291) us  5399372", Some(3), Some(330.0)),
            (" 12981/0         5      127K(2)/1023K(16)/69(23) us  24656734", Some(5), Some(69.0)),
            (
                " 15167/0         30      895K/83 us  23951435  0.064/0.005/4.532/0.120 ms",
                Some(30),
                Some(83.0),
            ),
            (" 24145/0         8", Some(8), None),
            (" 24145/0         8   0K/0(0) us  0", Some(8), None),
            ("  39636=8:3", None, None),
            ("", None, None),
        ] {
            let line = format!("100 Bytes  800 bits/sec {columns}");
            let transfer = Transfer::parse(&line).unwrap();
            assert_eq!((transfer.bytes, transfer.bits_per_second), (100, 800.0));
            assert_eq!(
                (transfer.retransmits(), transfer.round_trip_time_microseconds()),
                (retransmits, time)
            );
        }
        assert_eq!(Transfer::parse("2.25 MBytes  18.9 Mbits/sec"), None);
    }
}
