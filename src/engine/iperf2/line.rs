//! Lines of iperf's, as clients and servers write them.

use crate::document::is_possible;

/// The front of a line that tells of some time of a test: `[  1] 0.0000-1.0000 sec  …`.
#[derive(Debug, PartialEq)]
pub(super) struct Interval<'a> {
    /// The stream's id: a number, or for all of them `SUM` (2.1) or `SUM-2` (2.2).
    pub id: &'a str,
    /// Seconds from the start of the test.
    pub start: f64,
    /// The same, and after `start`.
    pub end: f64,
    /// What is told of it.
    pub rest: &'a str,
}

impl<'a> Interval<'a> {
    /// Reads the front of a line; none if it is another kind of line.
    pub(super) fn parse(line: &'a str) -> Option<Self> {
        let (id, line) = id_and_rest(line)?;
        let (span, rest) = line.split_once(" sec ")?;
        let (start, end) = span.split_once('-')?;
        let (start, end) = (start.parse().ok()?, end.parse().ok()?);
        (is_possible(end) && 0.0 <= start && start < end).then_some(Self { id, start, end, rest })
    }

    /// Whether it tells of all streams together.
    pub(super) fn is_sum(&self) -> bool {
        self.id.starts_with("SUM")
    }
}

/// The id in front of a line, and what follows it.
pub(super) fn id_and_rest(line: &str) -> Option<(&str, &str)> {
    let (id, rest) = line.strip_prefix('[')?.split_once(']')?;
    Some((id.trim(), rest.trim()))
}

/// What was sent or received: `2674786364 Bytes  10693066448 bits/sec  …`.
#[derive(Debug, PartialEq)]
pub(super) struct Transfer<'a> {
    pub bytes: u64,
    pub bits_per_second: f64,
    /// The columns that follow, which differ between both ends and between versions.
    pub rest: &'a str,
}

impl<'a> Transfer<'a> {
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (bytes, text) = text.split_once(" Bytes ")?;
        let (rate, rest) = text.split_once(" bits/sec")?;
        let bits_per_second: f64 = rate.trim().parse().ok()?;
        is_possible(bits_per_second).then_some(Self {
            bytes: bytes.trim().parse().ok()?,
            bits_per_second,
            rest,
        })
    }

    /// How many segments a client sent again: the column after `Write/Err`.
    pub(super) fn retransmits(&self) -> Option<u64> {
        self.rest.split_whitespace().nth(1)?.parse().ok()
    }

    /// The round-trip time of a client's stream at the end of the interval: the last of `895K/110(51) us`
    /// (2.1) and of `0K(0)/1023K(16)/827(1376) us` (2.2).
    pub(super) fn round_trip_time_microseconds(&self) -> Option<f64> {
        let (figures, _) = self.rest.split_once(" us")?;
        let (_, figure) = figures.rsplit_once('/')?;
        let figure = figure.split_once('(').map_or(figure, |(figure, _)| figure);
        // a system that does not tell has a zero here
        figure.parse().ok().map(|whole: u32| f64::from(whole)).filter(|&time| time > 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_no_intervals_are_told_apart() {
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
