//! From the output of a latency test to figures, or to the reason why there are none.

use super::histogram::Histogram;
use super::line::Interval;
use super::messages::Messages;
use super::{check_duration, incomplete};
use crate::document::{Direction, Failure, Latency, Measurement, Sample, is_possible};
use crate::engine::{ClientExit, Reader};
use crate::options::MeasurementOptions;

/// Reads the output of one client as it comes.
///
/// The last figures are those of the whole test, and the histogram that follows them is as well. Its
/// name is no sign of that: 2.1 doesn't always mark its last with `(f)`.
#[derive(Debug)]
pub(super) struct BouncebackReader {
    time_seconds: u32,
    messages: Messages,
    last: Option<Report>,
}

/// The figures of an interval.
#[derive(Debug)]
struct Report {
    start: f64,
    end: f64,
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
        // they have three decimals
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
        let Interval { start, end, rest, .. } = interval;
        if let Some(replies) = Replies::parse(rest) {
            self.last = Some(Report { start, end, replies, histogram: None });
        } else if let Some(last) = &mut self.last {
            last.histogram = Histogram::parse(rest);
        }
    }

    /// The result of a client without error messages.
    fn latency(&self, whole: &Report) -> Result<Latency, Failure> {
        check_duration(whole.end, self.time_seconds)?;
        let Replies { count, mean_microseconds, min_microseconds, max_microseconds } = whole.replies;
        if count == 0 {
            return Err(incomplete("no request was answered"));
        }
        // 2.1 reports a missing reply as one after thousands of years
        let is_possible = min_microseconds <= mean_microseconds
            && mean_microseconds <= max_microseconds
            && max_microseconds <= whole.end * 1e6;
        if !is_possible {
            return Err(incomplete("a request was not answered"));
        }
        let Some(histogram) = &whole.histogram else {
            return Err(incomplete("iperf did not report a latency histogram"));
        };
        let percentile = |percent| histogram.percentile(percent, min_microseconds, max_microseconds);
        Ok(Latency {
            requests: count,
            seconds: whole.end,
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

    fn finish(mut self: Box<Self>, exit: &ClientExit) -> Result<Vec<(Direction, Measurement)>, Failure> {
        // it may explain a failure, but its figures may lack digits
        self.messages.keep(exit.unfinished_line.as_deref().unwrap_or_default());
        let whole = self.last.as_ref().filter(|last| last.start == 0.0);
        let latency = whole.map(|whole| self.latency(whole));
        let latency = self.messages.outcome(exit, latency)?;
        Ok(vec![(Direction::ClientToServer, Measurement::Latency(latency))])
    }
}
