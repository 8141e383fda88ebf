//! From iperf3's output to figures, or to the reason why there are none.

use super::command::ReportFormat;
use super::figures::{Measured, Received, measured, repaired, sample};
use super::wire;
use crate::document::{Failure, FailureKind, Measurement, Sample};

/// The part of its time that a test must have run to count, and that samples must cover.
const LEAST_PART: f64 = 0.9;

/// Samples are a second apart; one that starts this much after the end of the one before has lost
/// something in between.
const LARGEST_GAP_SECONDS: f64 = 0.5;

/// How many lines that are no report are kept, to explain a failure.
const KEPT_LINES: usize = 5;

/// How a client process ended, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientExit {
    /// Its exit code. iperf3 3.12 exits with 0 after an error when it writes JSON.
    pub code: Option<i32>,
    /// What it wrote to its standard error.
    pub stderr: String,
}

/// Reads the output of one client as it comes.
#[derive(Debug)]
pub struct ReportReader {
    format: ReportFormat,
    time_seconds: f64,
    /// Bytes that are not yet read: an unfinished line, or the whole document so far.
    pending: Vec<u8>,
    samples: Vec<Sample>,
    end: Option<Measured>,
    error: Option<String>,
    complete: bool,
    other_lines: Vec<String>,
}

impl ReportReader {
    /// A reader for a client that was asked to send for `time_seconds`.
    pub fn new(format: ReportFormat, time_seconds: u32) -> Self {
        Self {
            format,
            time_seconds: f64::from(time_seconds),
            pending: Vec::new(),
            samples: Vec::new(),
            end: None,
            error: None,
            complete: false,
            other_lines: Vec::new(),
        }
    }

    /// Takes the next bytes of the output and returns the samples that they completed.
    pub fn push(&mut self, bytes: &[u8]) -> &[Sample] {
        let known = self.samples.len();
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.pending.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                self.line_completed();
            }
        }
        &self.samples[known..]
    }

    /// Whether the report is whole: no more output is needed, even if the client still runs.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// The result, when no more output will come.
    ///
    /// # Errors
    /// A [`Failure`] for everything but a whole report of a whole test.
    pub fn finish(mut self, exit: &ClientExit) -> Result<Measurement, Failure> {
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
        let received = end.received.ok_or_else(|| {
            Failure::new(FailureKind::Incomplete, "iperf3 did not report what the server received")
        })?;
        self.check_whole(&received)?;
        Ok(Measurement {
            bits_per_second: received.bits_per_second,
            bytes: received.bytes as u64,
            seconds: received.seconds,
            retransmits: end.retransmits.map(|count| count as u64),
            round_trip_time: end.round_trip_time,
            cpu: end.cpu,
            samples: self.samples,
        })
    }

    fn line_completed(&mut self) {
        match self.format {
            _ if self.complete => self.pending.clear(),
            ReportFormat::Stream => self.read_event(),
            // the document is indented: a brace in the first column closes it
            ReportFormat::Document if self.pending.ends_with(b"\n}\n") => self.read_document(),
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
            "interval" => {
                if let Ok(interval) = serde_json::from_str(data) {
                    self.samples.extend(sample(&interval));
                }
            }
            "error" => {
                let message = serde_json::from_str(data).unwrap_or_else(|_| data.to_owned());
                self.error = Some(message);
            }
            "end" => {
                self.end = serde_json::from_str(data).ok().as_ref().map(measured);
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
                self.samples = document.intervals.iter().filter_map(sample).collect();
                self.end = document.end.as_ref().map(measured);
                self.error = document.error;
                self.complete = true;
                self.pending.clear();
            }
            None => {
                let lines: Vec<String> = text.lines().take(KEPT_LINES).map(str::to_owned).collect();
                self.other_lines = lines;
            }
        }
    }

    fn keep(&mut self, line: &str) {
        if !line.is_empty() && self.other_lines.len() < KEPT_LINES {
            self.other_lines.push(line.to_owned());
        }
    }

    fn check_whole(&self, received: &Received) -> Result<(), Failure> {
        let incomplete = |reason| Err(Failure::new(FailureKind::Incomplete, reason));
        let least = self.time_seconds * LEAST_PART;
        if received.bytes <= 0.0 || received.bits_per_second <= 0.0 {
            return incomplete("the server received nothing".to_owned());
        }
        let ran = match self.samples.last() {
            Some(last) => received.seconds.min(last.end_seconds),
            None => received.seconds,
        };
        if ran < least {
            let asked = self.time_seconds;
            return incomplete(format!("the test ended after {ran:.1} of {asked} seconds"));
        }
        let mut covered_until = 0.0;
        for sample in &self.samples {
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
            (None, Some(code)) if code != 0 => Failure::new(
                FailureKind::Engine,
                format!("iperf3 exited with code {code} and without a report"),
            ),
            _ => Failure::new(FailureKind::Incomplete, "iperf3's report broke off before its end"),
        }
    }
}

/// Sorts iperf3's own words.
fn engine_failure(message: &str) -> Failure {
    let message = message.trim_start_matches("error - ");
    let kind = if message.contains("unable to connect") {
        FailureKind::Unreachable
    } else if message.contains("server is busy") {
        FailureKind::Busy
    } else if message.contains("closed unexpectedly") || message.contains("has terminated") {
        FailureKind::Incomplete
    } else {
        FailureKind::Engine
    };
    Failure::new(kind, message)
}

#[cfg(test)]
mod tests;
