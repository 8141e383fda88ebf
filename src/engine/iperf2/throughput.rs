//! Reads throughput tests: the output of the client, and the report of the server.

use super::line::{Interval, Transfer};
use super::messages::Messages;
use super::server_report::ServerReport;
use super::streams::{Streams, Totals};
use super::{check_duration, incomplete};
use crate::document::{Direction, Failure, FailureKind, Measurement, Sample, Throughput, is_possible};
use crate::engine::{ClientExit, Reader};
use crate::options::MeasurementOptions;

/// Reads the output of one client and of its server.
#[derive(Debug)]
pub(super) struct ThroughputReader {
    time_seconds: u32,
    messages: Messages,
    server: ServerReport,
    streams: Streams,
}

impl ThroughputReader {
    /// A reader for a client with these options.
    pub(super) fn new(options: &MeasurementOptions) -> Self {
        Self {
            time_seconds: options.time_seconds,
            messages: Messages::default(),
            server: ServerReport::new(options.parallel.max(1)),
            streams: Streams::new(options.parallel),
        }
    }

    fn read(&mut self, line: &str) {
        let Some(interval) = Interval::parse(line) else {
            self.messages.keep(line);
            return;
        };
        if let Some(transfer) = Transfer::parse(interval.columns) {
            self.streams.line(&interval, &transfer);
        }
    }

    /// The result of a client without error messages.
    fn throughput(&self, sent: &Totals) -> Result<Throughput, Failure> {
        check_duration(sent.seconds, self.time_seconds)?;
        if !self.server.is_complete() {
            // the log of the server may have been lost, so that a retry can succeed
            let reason = "the iperf server did not report the received bytes";
            return Err(Failure::new(FailureKind::ClientLost, reason));
        }
        let ServerReport { bytes, seconds, .. } = self.server;
        if bytes == 0 {
            return Err(Failure::new(FailureKind::NoData, "no data was received"));
        }
        check_duration(seconds, self.time_seconds)?;
        let bits_per_second = bytes as f64 * 8.0 / seconds;
        if !is_possible(bits_per_second) {
            return Err(incomplete("the iperf server reported an implausible number of bytes"));
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
            cut_by: None,
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
        self.server.line(line);
        !self.server.is_complete()
    }

    fn finish(&mut self, exit: &ClientExit) -> Result<Vec<(Direction, Measurement)>, Failure> {
        // it may explain a failure, but its numbers may be cut off
        self.messages.keep(exit.unfinished_line.as_deref().unwrap_or_default());
        let throughput = self.streams.totals().map(|sent| self.throughput(&sent));
        let throughput = std::mem::take(&mut self.messages).into_result(exit, throughput)?;
        Ok(vec![(Direction::ClientToServer, Measurement::Throughput(throughput))])
    }
}
