//! Reads the report of an iperf3 client.

use super::command::ReportFormat;
use super::figures::{DirectionFigures, Received, direction_figures, mss, repaired, sample};
use super::wire;
use crate::document::{
    Datagrams, Direction, Failure, FailureKind, Measurement, Sample, Throughput, is_possible,
};
use crate::engine::{ClientExit, ClientSpec, Flow, Reader};
use crate::options::{MeasurementOptions, Protocol};

/// The part of its duration that a test must have run to count, and that its samples must cover.
const MIN_COVERAGE: f64 = 0.9;

/// Samples are a second apart; a larger gap means that one was lost.
const MAX_GAP_SECONDS: f64 = 0.5;

/// How many lines outside of the report are kept to explain a failure.
const KEPT_LINES: usize = 5;

/// Maximum length of such a line, in characters.
const KEPT_CHARACTERS: usize = 1000;

/// More samples than a test of a day has, one per second.
const MAX_SAMPLES: usize = 100_000;

/// Maximum size of a document, in bytes: more than that of a test of a day.
const MAX_DOCUMENT_BYTES: usize = 256 << 20;

/// How often a possible end of a document is parsed: each attempt reads all of it.
const MAX_PARSES: u32 = 5;

/// Reads the output of one client.
#[derive(Debug)]
pub(super) struct ReportReader {
    format: ReportFormat,
    flow: Flow,
    options: MeasurementOptions,
    mss_bytes: Option<u32>,
    /// The document so far.
    document: String,
    /// Of the direction in which the client sends, or of the only direction.
    samples: Vec<Sample>,
    /// In a bidirectional test, of the direction in which the client receives.
    reverse_samples: Vec<Sample>,
    /// The number of datagrams in all intervals, those of the omitted start included, of the first direction.
    datagrams: f64,
    /// One entry per direction, in the order of [`Flow::directions`].
    end: Option<Vec<DirectionFigures>>,
    error: Option<String>,
    is_complete: bool,
    other_lines: Vec<String>,
    /// Number of failed attempts to parse the document.
    parses: u32,
}

impl ReportReader {
    /// A reader for this client.
    pub(super) fn new(format: ReportFormat, client: &ClientSpec) -> Self {
        Self {
            format,
            flow: client.flow,
            options: client.options.clone(),
            mss_bytes: None,
            document: String::new(),
            samples: Vec::new(),
            reverse_samples: Vec::new(),
            datagrams: 0.0,
            end: None,
            error: None,
            is_complete: false,
            other_lines: Vec::new(),
            parses: 0,
        }
    }

    fn document_line(&mut self, line: &str) {
        // a document whose start was dropped never parses
        if self.document.len() + line.len() > MAX_DOCUMENT_BYTES {
            self.document = String::new();
            self.parses = MAX_PARSES;
        }
        self.document.push_str(line);
        self.document.push('\n');
        // the document is indented: a brace in the first column closes it
        if line == "}" && self.parses < MAX_PARSES {
            self.read_document();
        }
    }

    fn read_event(&mut self, line: &str) {
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
                if let Ok(wire::Interval(interval)) = serde_json::from_str(data) {
                    self.take_interval(&interval);
                }
            }
            "error" => {
                let message = serde_json::from_str(data).unwrap_or_else(|_| data.to_owned());
                self.error = Some(message);
            }
            "end" => {
                self.end = serde_json::from_str(data).ok().map(|wire::End(end)| self.figures(&end));
                self.is_complete = true;
            }
            _ => {}
        }
    }

    fn read_document(&mut self) {
        let text = std::mem::take(&mut self.document);
        // before the document there may be warnings of iperf3 or of a wrapper
        let start = text.find("{\n").unwrap_or(0);
        let json = repaired(&text[start..]);
        // some builds of 3.16 and 3.17 print the document twice (esnet/iperf#1716): the first one counts
        let mut documents = serde_json::Deserializer::from_str(&json).into_iter::<wire::Document>();
        let document = documents.next().and_then(Result::ok);
        match document {
            Some(document) => {
                self.mss_bytes = document.start.as_ref().and_then(mss);
                for wire::Interval(interval) in &document.intervals {
                    self.take_interval(interval);
                }
                self.end = document.end.map(|wire::End(end)| self.figures(&end));
                self.error = document.error;
                self.is_complete = true;
            }
            None => {
                let lines = text.lines().filter(|line| !line.trim().is_empty());
                self.other_lines = lines.take(KEPT_LINES).map(truncated).collect();
                self.parses += 1;
                self.document = text;
            }
        }
    }

    fn take_interval(&mut self, interval: &wire::IntervalFields) {
        let take = |samples: &mut Vec<Sample>, sample: Option<Sample>| {
            // a client that fails prints its last interval once more
            let is_new =
                |sample: &Sample| samples.last().is_none_or(|last| sample.end_seconds > last.end_seconds);
            if samples.len() < MAX_SAMPLES
                && let Some(sample) = sample.filter(is_new)
            {
                samples.push(sample);
            }
        };
        let datagrams = interval.sum.as_ref().and_then(|sum| sum.packets);
        self.datagrams += datagrams.filter(|&count| is_possible(count)).unwrap_or(0.0);
        take(&mut self.samples, sample(interval.sum.as_ref(), &interval.streams));
        take(&mut self.reverse_samples, sample(interval.sum_bidir_reverse.as_ref(), &[]));
    }

    /// The result of one direction by its samples, if data arrived until the last one.
    fn of_samples(&self, samples: &[Sample]) -> Option<Throughput> {
        samples.last().filter(|last| last.bits_per_second > 0.0)?;
        let length = |sample: &Sample| sample.end_seconds - sample.start_seconds;
        let seconds: f64 = samples.iter().map(length).sum();
        let bytes: f64 = samples.iter().map(|sample| sample.bits_per_second * length(sample) / 8.0).sum();
        let retransmits = samples.iter().map(|sample| sample.retransmits).sum();
        (seconds > 0.0).then(|| Throughput {
            bits_per_second: bytes * 8.0 / seconds,
            bytes: bytes as u64,
            seconds,
            retransmits,
            mss_bytes: self.mss_bytes,
            round_trip_time: None,
            cpu: None,
            udp: None,
            cut_by: None,
            samples: samples.to_vec(),
        })
    }

    fn figures(&self, end: &wire::EndFields) -> Vec<DirectionFigures> {
        let is_reverse_of_both =
            |direction| self.flow == Flow::Both && direction == Direction::ServerToClient;
        let directions = self.flow.directions().iter();
        directions
            .map(|&direction| {
                direction_figures(end, direction, is_reverse_of_both(direction), self.datagrams)
            })
            .collect()
    }

    /// The result of one direction.
    fn throughput(&self, figures: DirectionFigures, samples: Vec<Sample>) -> Result<Throughput, Failure> {
        let received = figures.received.ok_or_else(|| {
            Failure::new(FailureKind::Incomplete, "iperf3 did not report the received bytes")
        })?;
        self.check_complete(&received, &samples)?;
        let udp = self.options.protocol == Protocol::Udp;
        let target = self.options.target_bits_per_second.filter(|rate| *rate > 0).map(|rate| rate as f64);
        Ok(Throughput {
            bits_per_second: received.bits_per_second,
            bytes: received.bytes as u64,
            seconds: received.seconds,
            retransmits: figures.retransmits.map(|count| count as u64),
            mss_bytes: self.mss_bytes.filter(|_| !udp),
            round_trip_time: figures.round_trip_time,
            cpu: figures.cpu,
            udp: figures
                .datagrams
                .filter(|_| udp)
                .map(|datagrams| Datagrams { target_bits_per_second: target, ..datagrams }),
            cut_by: None,
            samples,
        })
    }

    fn keep(&mut self, line: &str) {
        if !line.is_empty() && self.other_lines.len() < KEPT_LINES {
            self.other_lines.push(truncated(line));
        }
    }

    fn check_complete(&self, received: &Received, samples: &[Sample]) -> Result<(), Failure> {
        let incomplete = |reason| Err(Failure::new(FailureKind::Incomplete, reason));
        let minimum = f64::from(self.options.time_seconds) * MIN_COVERAGE;
        if received.bytes <= 0.0 || received.bits_per_second <= 0.0 {
            return Err(Failure::new(FailureKind::NoData, "no data was received"));
        }
        let seconds = match samples.last() {
            Some(last) => received.seconds.min(last.end_seconds),
            None => received.seconds,
        };
        if seconds < minimum {
            let planned = self.options.time_seconds;
            return incomplete(format!("the test ended after {seconds:.1} of {planned} seconds"));
        }
        let mut covered_until = 0.0;
        for sample in samples {
            if sample.start_seconds - covered_until > MAX_GAP_SECONDS {
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
        let message = exit.stderr.lines().map(str::trim).find(|line| !line.is_empty());
        let message = message.or_else(|| self.other_lines.first().map(String::as_str));
        match (message, exit.code) {
            (Some(message), _) => engine_failure(message.trim_start_matches("iperf3: ")),
            (None, Some(code)) => Failure::new(
                ClientExit::kind_without_report(code),
                format!("iperf3 exited with code {code} without a complete report"),
            ),
            (None, None) => Failure::new(FailureKind::Incomplete, "the report of iperf3 is incomplete"),
        }
    }
}

impl Reader for ReportReader {
    fn line(&mut self, line: &str) -> &[Sample] {
        let known = self.samples.len();
        match self.format {
            _ if self.is_complete => {}
            ReportFormat::Stream => self.read_event(line),
            ReportFormat::Document => self.document_line(line),
        }
        &self.samples[known..]
    }

    fn is_complete(&self) -> bool {
        self.is_complete
    }

    fn finish(&mut self, exit: &ClientExit) -> Result<Vec<(Direction, Measurement)>, Failure> {
        if let Some(line) = &exit.unfinished_line {
            self.line(line);
        }
        if !self.is_complete && !self.document.is_empty() {
            self.read_document();
        }
        if let Some(error) = self.error.take() {
            return Err(engine_failure(&error));
        }
        let Some(end) = self.end.take() else {
            return Err(self.without_end(exit));
        };
        let samples = [std::mem::take(&mut self.samples), std::mem::take(&mut self.reverse_samples)];
        let directions = self.flow.directions().iter().zip(end).zip(samples);
        directions
            .map(|((&direction, figures), samples)| {
                Ok((direction, Measurement::Throughput(self.throughput(figures, samples)?)))
            })
            .collect()
    }

    // a UDP client knows what it has sent, not what arrived; a TCP client has sent little more than was acknowledged
    fn partial(&self) -> Option<Vec<(Direction, Throughput)>> {
        if self.options.protocol == Protocol::Udp {
            return None;
        }
        let samples = [&self.samples, &self.reverse_samples];
        let directions = self.flow.directions().iter().zip(samples);
        directions.map(|(&direction, samples)| Some((direction, self.of_samples(samples)?))).collect()
    }
}

fn truncated(line: &str) -> String {
    line.chars().take(KEPT_CHARACTERS).collect()
}

/// Parts of the messages of iperf3 about a lost control connection.
const LOST_CONTROL: [&str; 4] =
    ["control socket", "control message", "unable to receive results", "unable to send results"];

/// Parts of its messages about a lost data connection. A server ends these when it loses the control connection.
const LOST_DATA: [&str; 2] = ["Broken pipe", "Connection reset"];

/// Classifies a message of iperf3.
fn engine_failure(message: &str) -> Failure {
    let message = message.trim_start_matches("error - ");
    let kind = if message.contains("unable to connect") {
        FailureKind::Unreachable
    } else if message.contains("server is busy") {
        FailureKind::Busy
    } else if LOST_CONTROL.iter().any(|part| message.contains(part)) {
        let reason = format!("the control connection was lost: {message}");
        return Failure::new(FailureKind::ConnectionLost, reason);
    } else if LOST_DATA.iter().any(|part| message.contains(part)) {
        let reason = format!("a data connection was lost: {message}");
        return Failure::new(FailureKind::ConnectionLost, reason);
    } else if message.contains("has terminated") {
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
