//! From the output of both ends to figures, or to the reason why there are none.

use super::line::{Interval, Lines, Transfer};
use super::received::Received;
use super::streams::{Streams, Whole};
use super::words::Words;
use super::{ended_early, incomplete};
use crate::document::{Direction, Failure, FailureKind, Measurement, Sample, Throughput, is_possible};
use crate::engine::{ClientExit, ClientOptions, Reader};

/// Reads the output of one client, and of its server, as it comes.
#[derive(Debug)]
pub(super) struct ThroughputReader {
    time_seconds: u32,
    lines: Lines,
    words: Words,
    received: Received,
    streams: Streams,
}

impl ThroughputReader {
    /// A reader for a client that was given these options.
    pub(super) fn new(options: &ClientOptions) -> Self {
        Self {
            time_seconds: options.time_seconds,
            lines: Lines::default(),
            words: Words::default(),
            received: Received::new(options.parallel.max(1)),
            streams: Streams::new(options.parallel),
        }
    }

    fn line(&mut self, line: &str) {
        let Some(interval) = Interval::parse(line) else {
            self.words.keep(line);
            return;
        };
        if let Some(transfer) = Transfer::parse(interval.rest) {
            self.streams.line(&interval, &transfer);
        }
    }

    /// The result of a client whose words do not matter.
    fn throughput(&self, sent: &Whole) -> Result<Throughput, Failure> {
        ended_early(sent.seconds, self.time_seconds)?;
        if !self.received.is_whole() {
            // its output may be lost where it is kept: another test has another report
            let reason = "iperf's server did not report what it received";
            return Err(Failure::new(FailureKind::ClientLost, reason));
        }
        let Received { bytes, seconds, .. } = self.received;
        if bytes == 0 {
            return Err(incomplete("nothing was received"));
        }
        ended_early(seconds, self.time_seconds)?;
        let bits_per_second = bytes as f64 * 8.0 / seconds;
        if !is_possible(bits_per_second) {
            return Err(incomplete("iperf's server reported more bytes than there can be"));
        }
        Ok(Throughput {
            bits_per_second,
            bytes,
            seconds,
            retransmits: sent.retransmits,
            mss_bytes: None,
            round_trip_time: self.streams.round_trip_time(),
            cpu: None,
            udp: None,
            samples: self.streams.samples().to_vec(),
        })
    }
}

impl Reader for ThroughputReader {
    fn push(&mut self, bytes: &[u8]) -> &[Sample] {
        let known = self.streams.samples().len();
        for line in self.lines.push(bytes) {
            self.line(&line);
        }
        &self.streams.samples()[known..]
    }

    /// It is let run to its end: only then the server tells what it received.
    fn is_complete(&self) -> bool {
        false
    }

    fn push_server(&mut self, line: &str) -> bool {
        self.received.line(line);
        !self.received.is_whole()
    }

    fn finish(mut self: Box<Self>, exit: &ClientExit) -> Result<Vec<(Direction, Measurement)>, Failure> {
        // a line that broke off has words perhaps, but no figures: digits may be missing
        let rest = self.lines.rest();
        self.words.keep(&rest);
        let throughput = self.streams.whole().map(|sent| self.throughput(&sent));
        let throughput = self.words.outcome(exit, throughput)?;
        Ok(vec![(Direction::ClientToServer, Measurement::Throughput(throughput))])
    }
}
