//! What the server counted.

use super::line::{Interval, Transfer, id_and_rest};

/// How many connections are remembered, the latest. Not all need be of the test.
const REMEMBERED: usize = 1024;

/// Reads the server's lines since a test began.
#[derive(Debug)]
pub(super) struct Received {
    /// How many streams have yet to be told of.
    missing: u32,
    /// The ids of connections that were made meanwhile and are still open.
    connected: Vec<String>,
    /// Of all streams.
    pub bytes: u64,
    /// Of the stream that took longest.
    pub seconds: f64,
}

impl Received {
    /// For a test with so many streams.
    pub(super) fn new(streams: u32) -> Self {
        Self { missing: streams, connected: Vec::new(), bytes: 0, seconds: 0.0 }
    }

    /// Takes one more line.
    ///
    /// A stream is told of when its connection is closed, so that lines of an earlier test may come
    /// late. The server numbers connections, and only those that were made meanwhile count. Its sums
    /// do not: connections of an earlier test may be in them.
    pub(super) fn line(&mut self, line: &str) {
        let Some((id, rest)) = id_and_rest(line) else { return };
        if rest.contains(" connected with ") {
            if !self.connected.iter().any(|known| known == id) {
                if self.connected.len() == REMEMBERED {
                    self.connected.remove(0);
                }
                self.connected.push(id.to_owned());
            }
        } else if let Some(interval) = Interval::parse(line)
            && let Some(transfer) = Transfer::parse(interval.rest)
            && let Some(position) = self.connected.iter().position(|known| known == id)
            && self.missing > 0
        {
            self.connected.swap_remove(position);
            self.missing -= 1;
            self.bytes = self.bytes.saturating_add(transfer.bytes);
            self.seconds = self.seconds.max(interval.end);
        }
    }

    /// Whether all streams were told of.
    pub(super) fn is_whole(&self) -> bool {
        self.missing == 0
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

    fn read<'a>(streams: u32, lines: impl IntoIterator<Item = &'a str>) -> Received {
        let mut received = Received::new(streams);
        lines.into_iter().for_each(|line| received.line(line));
        received
    }

    #[test]
    fn streams_are_added_up() {
        let received = read(2, recorded!("2.1-tcp-two-streams.server.txt").lines());
        assert!(received.is_whole());
        assert_eq!((received.bytes, received.seconds), (3_556_900_924 + 3_089_760_316, 2.0019));
    }

    #[test]
    fn a_stream_that_is_missing_is_missed() {
        let all_but_the_last = recorded!("2.2-tcp-two-streams.server.txt").lines().take(4);
        assert!(!read(2, all_but_the_last).is_whole());
    }

    #[test]
    fn streams_of_an_earlier_test_that_come_late_do_not_count() {
        // the earlier test's client was killed; its connections were told of before these lines
        let of_2_1 = recorded!("2.1-tcp-after-killed.server.txt").lines().skip(2);
        let received = read(2, of_2_1);
        assert!(received.is_whole());
        assert_eq!(received.bytes, 3_604_480_060 + 4_272_029_756);
        let of_2_2 = recorded!("2.2-tcp-after-killed.server.txt").lines().skip(2);
        let received = read(2, of_2_2);
        assert!(received.is_whole());
        assert_eq!(received.bytes, 3_622_174_784 + 4_135_845_952);
    }

    #[test]
    fn an_id_may_be_used_again() {
        let again = recorded!("2.1-tcp-one-stream.server.txt").lines().filter(|line| !line.contains(" ID"));
        let twice: Vec<&str> = again.clone().chain(again).collect();
        let received = read(2, twice);
        assert!(received.is_whole());
        assert_eq!(received.bytes, 2 * 3_896_770_620);
    }

    #[test]
    fn connections_are_not_remembered_without_end() {
        let mut received = Received::new(1);
        for id in 0..10_000 {
            received.line(&format!("[{id:3}] local 10.0.0.1 port 5001 connected with 10.0.0.2 port 1"));
        }
        assert_eq!(received.connected.len(), REMEMBERED);
        received.line("[9999] 0.0000-1.0000 sec  10 Bytes  80 bits/sec  1=1:0");
        assert!(received.is_whole());
    }
}
