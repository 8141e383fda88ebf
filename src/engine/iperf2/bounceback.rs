//! Reads latency tests.

use super::histogram::Histogram;
use super::line::Interval;
use super::messages::Messages;
use super::{check_duration, incomplete};
use crate::document::{Direction, Failure, Latency, Measurement, Sample, is_possible};
use crate::engine::{ClientExit, Reader};
use crate::options::MeasurementOptions;

/// Reads the output of one client.
///
/// The last report is that of the whole test, and so is the histogram that follows it. The name of the histogram
/// cannot be relied on: 2.1 does not always mark the last one with `(f)`.
#[derive(Debug)]
pub(super) struct BouncebackReader {
    time_seconds: u32,
    messages: Messages,
    last: Option<Report>,
}

/// The report of an interval.
#[derive(Debug)]
struct Report {
    start_seconds: f64,
    end_seconds: f64,
    replies: Replies,
    histogram: Option<Histogram>,
}

/// The replies of an interval: `25939=0.076/0.017/8.920/0.078 ms`.
#[derive(Debug, PartialEq)]
struct Replies {
    count: u64,
    mean_microseconds: f64,
    min_microseconds: f64,
    max_microseconds: f64,
}

impl Replies {
    fn parse(text: &str) -> Option<Self> {
        let (text, _) = text.split_once(" ms ")?;
        let (count, times) = text.split_whitespace().last()?.split_once('=')?;
        // milliseconds with three decimals
        let mut times = times.split('/').map(|time| Some((time.parse::<f64>().ok()? * 1e3).round()));
        let mut next = || times.next().flatten().filter(|time| is_possible(*time));
        let (mean_microseconds, min_microseconds, max_microseconds) = (next()?, next()?, next()?);
        Some(Self { count: count.parse().ok()?, mean_microseconds, min_microseconds, max_microseconds })
    }
}

impl BouncebackReader {
    /// A reader for a client with these options.
    pub(super) fn new(options: &MeasurementOptions) -> Self {
        let time_seconds = options.latency_time_seconds.unwrap_or(options.time_seconds);
        Self { time_seconds, messages: Messages::default(), last: None }
    }

    fn read(&mut self, line: &str) {
        let Some(interval) = Interval::parse(line) else {
            self.messages.keep(line);
            return;
        };
        let Interval { start_seconds, end_seconds, columns, .. } = interval;
        if let Some(replies) = Replies::parse(columns) {
            self.last = Some(Report { start_seconds, end_seconds, replies, histogram: None });
        } else if let Some(last) = &mut self.last {
            last.histogram = Histogram::parse(columns);
        }
    }

    /// The result of a client without error messages.
    fn latency(&self, report: &Report) -> Result<Latency, Failure> {
        check_duration(report.end_seconds, self.time_seconds)?;
        let Replies { count, mean_microseconds, min_microseconds, max_microseconds } = report.replies;
        if count == 0 {
            return Err(incomplete("no request received a reply"));
        }
        // 2.1 reports a missing reply as a latency of thousands of years
        let is_possible = min_microseconds <= mean_microseconds
            && mean_microseconds <= max_microseconds
            && max_microseconds <= report.end_seconds * 1e6;
        if !is_possible {
            return Err(incomplete("a request received no reply"));
        }
        let Some(histogram) = &report.histogram else {
            return Err(incomplete("iperf did not report a latency histogram"));
        };
        let percentile = |percent| histogram.percentile(percent, min_microseconds, max_microseconds);
        Ok(Latency {
            requests: count,
            seconds: report.end_seconds,
            mean_microseconds,
            min_microseconds,
            p50_microseconds: percentile(50),
            p95_microseconds: percentile(95),
            p99_microseconds: percentile(99),
            max_microseconds,
            resolution_microseconds: histogram.width_microseconds as f64,
        })
    }
}

impl Reader for BouncebackReader {
    fn line(&mut self, line: &str) -> &[Sample] {
        self.read(line);
        &[]
    }

    fn finish(&mut self, exit: &ClientExit) -> Result<Vec<(Direction, Measurement)>, Failure> {
        // it may explain a failure, but its numbers may be cut off
        self.messages.keep(exit.unfinished_line.as_deref().unwrap_or_default());
        let report = self.last.as_ref().filter(|last| last.start_seconds == 0.0);
        let latency = report.map(|report| self.latency(report));
        let latency = std::mem::take(&mut self.messages).into_result(exit, latency)?;
        Ok(vec![(Direction::ClientToServer, Measurement::Latency(latency))])
    }
}
