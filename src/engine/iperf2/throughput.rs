//! From the output of both ends to figures, or to the reason why there are none.

use super::line::{Interval, Transfer};
use super::messages::Messages;
use super::received::Received;
use super::streams::{Streams, Whole};
use super::{check_duration, incomplete};
use crate::document::{Direction, Failure, FailureKind, Measurement, Sample, Throughput, is_possible};
use crate::engine::{ClientExit, Reader};
use crate::options::MeasurementOptions;

/// Reads the output of one client, and of its server, as it comes.
#[derive(Debug)]
pub(super) struct ThroughputReader {
    time_seconds: u32,
    messages: Messages,
    received: Received,
    streams: Streams,
}

impl ThroughputReader {
    /// A reader for a client with these options.
    pub(super) fn new(options: &MeasurementOptions) -> Self {
        Self {
            time_seconds: options.time_seconds,
            messages: Messages::default(),
            received: Received::new(options.parallel.max(1)),
            streams: Streams::new(options.parallel),
        }
    }

    fn read(&mut self, line: &str) {
        let Some(interval) = Interval::parse(line) else {
            self.messages.keep(line);
            return;
        };
        if let Some(transfer) = Transfer::parse(interval.rest) {
            self.streams.line(&interval, &transfer);
        }
    }

    /// The result of a client without error messages.
    fn throughput(&self, sent: &Whole) -> Result<Throughput, Failure> {
        check_duration(sent.seconds, self.time_seconds)?;
        if !self.received.is_whole() {
            // its output may be lost where it is kept: another test has another report
            let reason = "the iperf server did not report what it received";
            return Err(Failure::new(FailureKind::ClientLost, reason));
        }
        let Received { bytes, seconds, .. } = self.received;
        if bytes == 0 {
            return Err(incomplete("nothing was received"));
        }
        check_duration(seconds, self.time_seconds)?;
        let bits_per_second = bytes as f64 * 8.0 / seconds;
        if !is_possible(bits_per_second) {
            return Err(incomplete("the iperf server reported an impossible number of bytes"));
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
    fn line(&mut self, line: &str) -> &[Sample] {
        let known = self.streams.samples().len();
        self.read(line);
        &self.streams.samples()[known..]
    }

    fn server_line(&mut self, line: &str) -> bool {
        self.received.line(line);
        !self.received.is_whole()
    }

    fn finish(mut self: Box<Self>, exit: &ClientExit) -> Result<Vec<(Direction, Measurement)>, Failure> {
        // it may explain a failure, but its figures may lack digits
        self.messages.keep(exit.unfinished_line.as_deref().unwrap_or_default());
        let throughput = self.streams.whole().map(|sent| self.throughput(&sent));
        let throughput = self.messages.outcome(exit, throughput)?;
        Ok(vec![(Direction::ClientToServer, Measurement::Throughput(throughput))])
    }
}
