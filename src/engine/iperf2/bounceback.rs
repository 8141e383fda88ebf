//! From the output of a latency test to figures, or to the reason why there are none.

use super::histogram::Histogram;
use super::line::{Interval, Lines};
use super::words::Words;
use super::{ended_early, incomplete};
use crate::document::{Direction, Failure, Latency, Measurement, Sample, is_possible};
use crate::engine::{ClientExit, ClientOptions, Reader};

/// Reads the output of one client as it comes.
///
/// The last figures are those of the whole test, and the histogram that follows them is as well. Its
/// name is no sign of that: 2.1 doesn't always mark its last with `(f)`.
#[derive(Debug)]
pub(super) struct BouncebackReader {
    time_seconds: u32,
    lines: Lines,
    words: Words,
    last: Option<Told>,
}

/// What was told of some time of the test.
#[derive(Debug)]
struct Told {
    start: f64,
    end: f64,
    answers: Answers,
    histogram: Option<Histogram>,
}

/// The figures of some time of a test: `25939=0.076/0.017/8.920/0.078 ms`.
#[derive(Debug, PartialEq)]
struct Answers {
    count: u64,
    mean_microseconds: f64,
    min_microseconds: f64,
    max_microseconds: f64,
}

impl Answers {
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
    /// A reader for a client that was given these options.
    pub(super) fn new(options: &ClientOptions) -> Self {
        Self {
            time_seconds: options.time_seconds,
            lines: Lines::default(),
            words: Words::default(),
            last: None,
        }
    }

    fn line(&mut self, line: &str) {
        let Some(interval) = Interval::parse(line) else {
            self.words.keep(line);
            return;
        };
        let Interval { start, end, rest, .. } = interval;
        if let Some(answers) = Answers::parse(rest) {
            self.last = Some(Told { start, end, answers, histogram: None });
        } else if let Some(last) = &mut self.last {
            last.histogram = Histogram::parse(rest);
        }
    }

    /// The result of a client whose words do not matter.
    fn latency(&self, whole: &Told) -> Result<Latency, Failure> {
        ended_early(whole.end, self.time_seconds)?;
        let Answers { count, mean_microseconds, min_microseconds, max_microseconds } = whole.answers;
        if count == 0 {
            return Err(incomplete("nothing was answered"));
        }
        // 2.1 counts an answer that never came as one after thousands of years
        let is_possible = min_microseconds <= mean_microseconds
            && mean_microseconds <= max_microseconds
            && max_microseconds <= whole.end * 1e6;
        if !is_possible {
            return Err(incomplete("an answer never came"));
        }
        let Some(histogram) = &whole.histogram else {
            return Err(incomplete("iperf did not report how the times of the answers are spread"));
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
    fn push(&mut self, bytes: &[u8]) -> &[Sample] {
        for line in self.lines.push(bytes) {
            self.line(&line);
        }
        &[]
    }

    fn is_complete(&self) -> bool {
        false
    }

    fn finish(mut self: Box<Self>, exit: &ClientExit) -> Result<Vec<(Direction, Measurement)>, Failure> {
        // a line that broke off has words perhaps, but no figures: digits may be missing
        let rest = self.lines.rest();
        self.words.keep(&rest);
        let whole = self.last.as_ref().filter(|last| last.start == 0.0);
        let latency = whole.map(|whole| self.latency(whole));
        let latency = self.words.outcome(exit, latency)?;
        Ok(vec![(Direction::ClientToServer, Measurement::Latency(latency))])
    }
}
