//! From the output of both ends to figures, or to the reason why there are none.

use std::collections::BTreeMap;

use super::line::{Interval, Lines, Transfer};
use super::received::Received;
use super::words::Words;
use super::{ended_early, incomplete};
use crate::document::{
    Direction, Failure, FailureKind, Measurement, RoundTripTime, Sample, Throughput, is_possible,
};
use crate::engine::{ClientExit, ClientOptions, Reader};

/// Lines follow each other if one starts as close to the end of the one before, in seconds.
const SMALLEST_GAP_SECONDS: f64 = 0.001;

/// Many more samples than a test has, which are a second apart.
const MOST_SAMPLES: usize = 100_000;

/// Many more streams than a test has, and intervals whose sum is not yet told.
const MOST_REMEMBERED: usize = 1024;

/// Reads the output of one client, and of its server, as it comes.
#[derive(Debug)]
pub(super) struct ThroughputReader {
    time_seconds: u32,
    parallel: u32,
    lines: Lines,
    words: Words,
    received: Received,
    /// Where the last interval of each stream ended, and that of all together.
    ends: BTreeMap<String, f64>,
    samples: Vec<Sample>,
    /// The round-trip times of streams, by the milliseconds in which an interval starts that has no
    /// sample yet.
    open_times: BTreeMap<u64, Times>,
    /// All round-trip times.
    times: Times,
    last: Option<Last>,
}

/// The last line that told of all streams. If the client ran to its end, it tells of all its time.
#[derive(Debug)]
struct Last {
    start: f64,
    end: f64,
    retransmits: Option<u64>,
}

/// Round-trip times in microseconds.
#[derive(Debug, Default)]
struct Times {
    count: u32,
    sum: f64,
    least: f64,
    most: f64,
}

impl Times {
    fn add(&mut self, time: f64) {
        self.least = if self.count == 0 { time } else { self.least.min(time) };
        self.most = self.most.max(time);
        self.sum += time;
        self.count = self.count.saturating_add(1);
    }

    fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / f64::from(self.count))
    }
}

impl ThroughputReader {
    /// A reader for a client that was given these options.
    pub(super) fn new(options: &ClientOptions) -> Self {
        Self {
            time_seconds: options.time_seconds,
            parallel: options.parallel,
            lines: Lines::default(),
            words: Words::default(),
            received: Received::new(options.parallel.max(1)),
            ends: BTreeMap::new(),
            samples: Vec::new(),
            open_times: BTreeMap::new(),
            times: Times::default(),
            last: None,
        }
    }

    fn line(&mut self, line: &str) {
        let Some(interval) = Interval::parse(line) else {
            self.words.keep(line);
            return;
        };
        let Some(transfer) = Transfer::parse(interval.rest) else { return };
        // the last line of a stream, and that of all, tells of the whole test again
        let is_next = self.is_next(&interval);
        let time = transfer.round_trip_time_microseconds().filter(|_| is_next);
        let key = (interval.start * 1e3).round() as u64;
        if let Some(time) = time {
            self.times.add(time);
            self.open_times.entry(key).or_default().add(time);
            if self.open_times.len() > MOST_REMEMBERED {
                self.open_times.pop_first();
            }
        }
        if self.parallel > 1 && !interval.is_sum() {
            return;
        }
        if is_next && self.samples.len() < MOST_SAMPLES {
            let later = self.open_times.split_off(&(key + 1));
            let own = std::mem::replace(&mut self.open_times, later).remove(&key);
            self.samples.push(Sample {
                start_seconds: interval.start,
                end_seconds: interval.end,
                bits_per_second: transfer.bits_per_second,
                retransmits: transfer.retransmits(),
                round_trip_time_microseconds: own.and_then(|times| times.mean()),
            });
        }
        let retransmits = transfer.retransmits();
        self.last = Some(Last { start: interval.start, end: interval.end, retransmits });
    }

    /// Whether an interval follows the one before of the same stream.
    fn is_next(&mut self, interval: &Interval) -> bool {
        let id = if interval.is_sum() { "SUM" } else { interval.id };
        let until = self.ends.get(id).copied().unwrap_or_default();
        let is_next = (interval.start - until).abs() < SMALLEST_GAP_SECONDS;
        if is_next && (self.ends.contains_key(id) || self.ends.len() < MOST_REMEMBERED) {
            self.ends.insert(id.to_owned(), interval.end);
        }
        is_next
    }

    /// The result of a client whose words do not matter.
    fn throughput(&mut self, last: &Last) -> Result<Throughput, Failure> {
        ended_early(last.end, self.time_seconds)?;
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
        let round_trip_time = self.times.mean().map(|mean_microseconds| RoundTripTime {
            min_microseconds: self.times.least,
            mean_microseconds,
            max_microseconds: self.times.most,
        });
        Ok(Throughput {
            bits_per_second,
            bytes,
            seconds,
            retransmits: last.retransmits,
            mss_bytes: None,
            round_trip_time,
            cpu: None,
            udp: None,
            samples: std::mem::take(&mut self.samples),
        })
    }
}

impl Reader for ThroughputReader {
    fn push(&mut self, bytes: &[u8]) -> &[Sample] {
        let known = self.samples.len();
        for line in self.lines.push(bytes) {
            self.line(&line);
        }
        &self.samples[known..]
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
        let words = std::mem::take(&mut self.words).with(exit);
        if let Some(failure) = words.disobeyed() {
            return Err(failure);
        }
        // where the client told of one interval only, it is the test
        let throughput = match self.last.take().filter(|last| last.start == 0.0) {
            Some(last) => self.throughput(&last),
            None => Err(words.without_report(exit.code)),
        };
        let throughput = throughput.map_err(|failure| words.unreachable().unwrap_or(failure))?;
        Ok(vec![(Direction::ClientToServer, Measurement::Throughput(throughput))])
    }
}
