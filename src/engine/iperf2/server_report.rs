//! The server's report of the received data.

use super::line::{Interval, Transfer, id_and_rest};

/// Maximum number of open connections that are remembered, the newest. They need not all belong to the test.
const MAX_CONNECTIONS: usize = 1024;

/// The received data of one test, from the lines that the server has printed since the test began.
#[derive(Debug)]
pub(super) struct ServerReport {
    /// Number of streams without a report.
    missing: u32,
    /// The ids of connections that were opened since the test began and are not reported yet.
    connections: Vec<String>,
    /// Of all reported streams.
    pub bytes: u64,
    /// Duration of the longest stream.
    pub seconds: f64,
}

impl ServerReport {
    pub(super) fn new(streams: u32) -> Self {
        Self { missing: streams, connections: Vec::new(), bytes: 0, seconds: 0.0 }
    }

    /// Takes the next line.
    ///
    /// The server reports a stream when its connection is closed, so that reports of an earlier test may arrive
    /// late. It numbers the connections, and only those that were opened since the test began count. Its sums
    /// do not count: they may include connections of an earlier test.
    pub(super) fn line(&mut self, line: &str) {
        let Some((id, rest)) = id_and_rest(line) else { return };
        if rest.contains(" connected with ") {
            if !self.connections.iter().any(|known| known == id) {
                if self.connections.len() == MAX_CONNECTIONS {
                    self.connections.remove(0);
                }
                self.connections.push(id.to_owned());
            }
        } else if let Some(interval) = Interval::parse(line)
            && let Some(transfer) = Transfer::parse(interval.columns)
            && let Some(position) = self.connections.iter().position(|known| known == id)
            && self.missing > 0
        {
            self.connections.swap_remove(position);
            self.missing -= 1;
            self.bytes = self.bytes.saturating_add(transfer.bytes);
            self.seconds = self.seconds.max(interval.end_seconds);
        }
    }

    /// Whether all streams are reported.
    pub(super) fn is_complete(&self) -> bool {
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

    fn read<'a>(streams: u32, lines: impl IntoIterator<Item = &'a str>) -> ServerReport {
        let mut report = ServerReport::new(streams);
        lines.into_iter().for_each(|line| report.line(line));
        report
    }

    #[test]
    fn bytes_of_all_streams_are_summed() {
        let report = read(2, recorded!("2.1-tcp-two-streams.server.txt").lines());
        assert!(report.is_complete());
        assert_eq!((report.bytes, report.seconds), (3_556_900_924 + 3_089_760_316, 2.0019));
    }

    #[test]
    fn report_without_the_last_stream_is_incomplete() {
        let all_but_the_last = recorded!("2.2-tcp-two-streams.server.txt").lines().take(4);
        assert!(!read(2, all_but_the_last).is_complete());
    }

    #[test]
    fn late_streams_of_an_earlier_test_do_not_count() {
        // the client of the earlier test was killed; its connections were opened before these lines
        let of_2_1 = recorded!("2.1-tcp-after-killed.server.txt").lines().skip(2);
        let report = read(2, of_2_1);
        assert!(report.is_complete());
        assert_eq!(report.bytes, 3_604_480_060 + 4_272_029_756);
        let of_2_2 = recorded!("2.2-tcp-after-killed.server.txt").lines().skip(2);
        let report = read(2, of_2_2);
        assert!(report.is_complete());
        assert_eq!(report.bytes, 3_622_174_784 + 4_135_845_952);
    }

    #[test]
    fn reused_connection_id_counts_twice() {
        let once = recorded!("2.1-tcp-one-stream.server.txt").lines().filter(|line| !line.contains(" ID"));
        let twice: Vec<&str> = once.clone().chain(once).collect();
        let report = read(2, twice);
        assert!(report.is_complete());
        assert_eq!(report.bytes, 2 * 3_896_770_620);
    }

    #[test]
    fn remembered_connections_are_limited() {
        let mut report = ServerReport::new(1);
        for id in 0..10_000 {
            report.line(&format!("[{id:3}] local 10.0.0.1 port 5001 connected with 10.0.0.2 port 1"));
        }
        assert_eq!(report.connections.len(), MAX_CONNECTIONS);
        report.line("[9999] 0.0000-1.0000 sec  10 Bytes  80 bits/sec  1=1:0");
        assert!(report.is_complete());
    }
}
