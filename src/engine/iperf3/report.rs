//! From iperf3's output to figures, or to the reason why there are none.

use super::command::ReportFormat;
use super::figures::{Measured, Received, measured, mss, repaired, sample};
use super::wire;
use crate::document::{
    Datagrams, Direction, Failure, FailureKind, Measurement, Protocol, Sample, Throughput,
};
use crate::engine::{ClientExit, ClientOptions, Flow, Reader, kind_without_report};

/// The part of its time that a test must have run to count, and that samples must cover.
const LEAST_PART: f64 = 0.9;

/// Samples are a second apart; one that starts this much after the end of the one before has lost
/// something in between.
const LARGEST_GAP_SECONDS: f64 = 0.5;

/// How many lines that are no report are kept, to explain a failure.
const KEPT_LINES: usize = 5;

/// The most characters of such a line.
const KEPT_CHARACTERS: usize = 1000;

/// Many more samples than a test has, which are a second apart.
const MOST_SAMPLES: usize = 100_000;

/// How often what may be a document is tried to read: each try reads all of it.
const MOST_TRIES: u32 = 5;

/// Reads the output of one client as it comes.
#[derive(Debug)]
pub(super) struct ReportReader {
    format: ReportFormat,
    options: ClientOptions,
    mss_bytes: Option<u32>,
    /// Bytes that are not yet read: an unfinished line, or the whole document so far.
    pending: Vec<u8>,
    /// Of the direction in which the client sends or, if there is none, of the other.
    samples: Vec<Sample>,
    /// Where both directions are measured, of the one in which the client receives.
    reverse_samples: Vec<Sample>,
    /// One for each direction, in their order.
    end: Option<Vec<Measured>>,
    error: Option<String>,
    complete: bool,
    other_lines: Vec<String>,
    /// Whether what is pending is too long to be one of iperf3's, and was thrown away.
    overlong: bool,
    /// How often a document was looked for in vain.
    tries: u32,
}

impl ReportReader {
    /// A reader for a client that was given these options.
    pub(super) fn new(format: ReportFormat, options: &ClientOptions) -> Self {
        Self {
            format,
            options: options.clone(),
            mss_bytes: None,
            pending: Vec::new(),
            samples: Vec::new(),
            reverse_samples: Vec::new(),
            end: None,
            error: None,
            complete: false,
            other_lines: Vec::new(),
            overlong: false,
            tries: 0,
        }
    }

    /// The most bytes that are pending: more than a line of the stream has with the most streams there
    /// can be, and than the document of a day has.
    fn most_pending(&self) -> usize {
        match self.format {
            ReportFormat::Stream => 16 << 20,
            ReportFormat::Document => 256 << 20,
        }
    }

    fn line_completed(&mut self) {
        match self.format {
            _ if self.complete => self.pending.clear(),
            ReportFormat::Stream => self.read_event(),
            // the document is indented: a brace in the first column closes it
            ReportFormat::Document if self.tries < MOST_TRIES && self.pending.ends_with(b"\n}\n") => {
                self.read_document();
            }
            ReportFormat::Document => {}
        }
    }

    fn read_event(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        let line = String::from_utf8_lossy(&pending);
        let line = repaired(line.trim());
        let Ok(event) = serde_json::from_str::<wire::Event>(&line) else {
            self.keep(&line);
            return;
        };
        let data = event.data.map_or("null", |data| data.get());
        match event.event.as_ref() {
            "start" => {
                self.mss_bytes = serde_json::from_str(data).ok().and_then(|start| mss(&start));
            }
            "interval" => {
                if let Ok(interval) = serde_json::from_str(data) {
                    self.take_interval(&interval);
                }
            }
            "error" => {
                let message = serde_json::from_str(data).unwrap_or_else(|_| data.to_owned());
                self.error = Some(message);
            }
            "end" => {
                self.end = serde_json::from_str(data).ok().map(|end| self.measured(&end));
                self.complete = true;
            }
            _ => {}
        }
    }

    fn read_document(&mut self) {
        let text = String::from_utf8_lossy(&self.pending);
        // what stands before the document is a warning of the program's or of a wrapper's
        let start = text.find("{\n").unwrap_or(0);
        let json = repaired(&text[start..]);
        // some builds of 3.16 and 3.17 print the document twice (esnet/iperf#1716): the first counts
        let mut documents = serde_json::Deserializer::from_str(&json).into_iter::<wire::Document>();
        let document = documents.next().and_then(Result::ok);
        match document {
            Some(document) => {
                self.mss_bytes = document.start.as_ref().and_then(mss);
                for interval in &document.intervals {
                    self.take_interval(interval);
                }
                self.end = document.end.map(|end| self.measured(&end));
                self.error = document.error;
                self.complete = true;
                self.pending.clear();
            }
            None => {
                let said = text.lines().filter(|line| !line.trim().is_empty());
                self.other_lines = said.take(KEPT_LINES).map(kept).collect();
                self.tries += 1;
            }
        }
    }

    fn take_interval(&mut self, interval: &wire::Interval) {
        if self.samples.len() < MOST_SAMPLES && self.reverse_samples.len() < MOST_SAMPLES {
            self.samples.extend(sample(interval.sum.as_ref(), &interval.streams));
            self.reverse_samples.extend(sample(interval.sum_bidir_reverse.as_ref(), &[]));
        }
    }

    fn measured(&self, end: &wire::End) -> Vec<Measured> {
        let both = self.options.flow == Flow::Both;
        let of =
            |&direction: &Direction| measured(end, direction, both && direction == Direction::ServerToClient);
        self.options.flow.directions().iter().map(of).collect()
    }

    /// The result of one direction.
    fn throughput(&self, measured: Measured, samples: Vec<Sample>) -> Result<Throughput, Failure> {
        let received = measured.received.ok_or_else(|| {
            Failure::new(FailureKind::Incomplete, "iperf3 did not report what the receiver got")
        })?;
        self.check_whole(&received, &samples)?;
        let udp = self.options.protocol == Protocol::Udp;
        let target = self.options.target_bits_per_second.filter(|rate| *rate > 0).map(|rate| rate as f64);
        Ok(Throughput {
            bits_per_second: received.bits_per_second,
            bytes: received.bytes as u64,
            seconds: received.seconds,
            retransmits: measured.retransmits.map(|count| count as u64),
            mss_bytes: self.mss_bytes.filter(|_| !udp),
            round_trip_time: measured.round_trip_time,
            cpu: measured.cpu,
            udp: measured
                .datagrams
                .filter(|_| udp)
                .map(|datagrams| Datagrams { target_bits_per_second: target, ..datagrams }),
            samples,
        })
    }

    fn keep(&mut self, line: &str) {
        if !line.is_empty() && self.other_lines.len() < KEPT_LINES {
            self.other_lines.push(kept(line));
        }
    }

    fn check_whole(&self, received: &Received, samples: &[Sample]) -> Result<(), Failure> {
        let incomplete = |reason| Err(Failure::new(FailureKind::Incomplete, reason));
        let least = f64::from(self.options.time_seconds) * LEAST_PART;
        if received.bytes <= 0.0 || received.bits_per_second <= 0.0 {
            return incomplete("nothing was received".to_owned());
        }
        let ran = match samples.last() {
            Some(last) => received.seconds.min(last.end_seconds),
            None => received.seconds,
        };
        if ran < least {
            let asked = self.options.time_seconds;
            return incomplete(format!("the test ended after {ran:.1} of {asked} seconds"));
        }
        let mut covered_until = 0.0;
        for sample in samples {
            if sample.start_seconds - covered_until > LARGEST_GAP_SECONDS {
                let from = sample.start_seconds;
                return incomplete(format!(
                    "no samples between {covered_until:.1} and {from:.1} seconds of the test"
                ));
            }
            covered_until = sample.end_seconds;
        }
        Ok(())
    }

    fn without_end(&self, exit: &ClientExit) -> Failure {
        let said = exit.stderr.lines().map(str::trim).find(|line| !line.is_empty());
        let said = said.or_else(|| self.other_lines.first().map(String::as_str));
        match (said, exit.code) {
            (Some(said), _) => engine_failure(said.trim_start_matches("iperf3: ")),
            (None, Some(code)) => Failure::new(
                kind_without_report(code),
                format!("iperf3 exited with code {code} and without a whole report"),
            ),
            (None, None) => Failure::new(FailureKind::Incomplete, "iperf3's report broke off before its end"),
        }
    }
}

impl Reader for ReportReader {
    fn push(&mut self, bytes: &[u8]) -> &[Sample] {
        let known = self.samples.len();
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.overlong |= self.pending.len() + piece.len() > self.most_pending();
            if self.overlong {
                self.pending = Vec::new();
            } else {
                self.pending.extend_from_slice(piece);
            }
            if piece.ends_with(b"\n") {
                self.line_completed();
                // of a document, all that follows is missing its beginning
                self.overlong &= self.format == ReportFormat::Document;
            }
        }
        &self.samples[known..]
    }

    fn is_complete(&self) -> bool {
        self.complete
    }

    fn finish(mut self: Box<Self>, exit: &ClientExit) -> Result<Vec<(Direction, Measurement)>, Failure> {
        if !self.complete && !self.pending.is_empty() {
            match self.format {
                ReportFormat::Stream => self.read_event(),
                ReportFormat::Document => self.read_document(),
            }
        }
        if let Some(error) = self.error.take() {
            return Err(engine_failure(&error));
        }
        let Some(end) = self.end.take() else {
            return Err(self.without_end(exit));
        };
        let samples = [std::mem::take(&mut self.samples), std::mem::take(&mut self.reverse_samples)];
        let directions = self.options.flow.directions().iter().zip(end).zip(samples);
        directions
            .map(|((&direction, measured), samples)| {
                Ok((direction, Measurement::Throughput(self.throughput(measured, samples)?)))
            })
            .collect()
    }
}

fn kept(line: &str) -> String {
    line.chars().take(KEPT_CHARACTERS).collect()
}

/// What iperf3 says when a connection that was there is gone.
const LOST_CONNECTIONS: [&str; 5] = [
    "closed unexpectedly",
    "has terminated",
    "unable to send control message",
    "Broken pipe",
    "Connection reset",
];

/// Sorts iperf3's own words.
fn engine_failure(message: &str) -> Failure {
    let message = message.trim_start_matches("error - ");
    let kind = if message.contains("unable to connect") {
        FailureKind::Unreachable
    } else if message.contains("server is busy") {
        FailureKind::Busy
    } else if LOST_CONNECTIONS.iter().any(|lost| message.contains(lost)) {
        FailureKind::Incomplete
    } else if message.contains("timed out") {
        FailureKind::TimedOut
    } else {
        FailureKind::Engine
    };
    Failure::new(kind, message)
}

#[cfg(test)]
mod tests;
