//! What a client tells of its streams, added up.
//!
//! iperf's own sums are left alone: those of 2.1 leave a stream out if it ends before another has
//! told of the same second, and the last of them is then missing.

use std::collections::BTreeMap;

use super::line::{Interval, Transfer};
use crate::document::{RoundTripTime, Sample};

/// Lines follow each other if one starts as close to the end of the one before, in seconds.
const SMALLEST_GAP_SECONDS: f64 = 0.001;

/// Many more samples than a test has, which are a second apart.
const MOST_SAMPLES: usize = 100_000;

/// Many more streams than a test has, and intervals that not all streams have told of.
const MOST_REMEMBERED: usize = 1024;

/// The streams of one client.
#[derive(Debug)]
pub(super) struct Streams {
    /// How many there are.
    count: usize,
    by_id: BTreeMap<String, Stream>,
    /// Intervals that not all streams have told of, by the milliseconds in which they start.
    open: BTreeMap<u64, Open>,
    samples: Vec<Sample>,
    /// All round-trip times.
    times: Times,
}

#[derive(Debug, Default)]
struct Stream {
    /// Where the last of its intervals ended, in seconds.
    end: f64,
    /// Its last line. If the client ran to its end, it tells of all its time.
    last: Last,
}

#[derive(Debug, Default, Clone, Copy)]
struct Last {
    start: f64,
    end: f64,
    retransmits: Option<u64>,
}

/// An interval, of the streams that have told of it.
#[derive(Debug, Default)]
struct Open {
    streams: usize,
    end_seconds: f64,
    bits_per_second: f64,
    retransmits: Option<u64>,
    times: Times,
}

/// What all streams tell of all their time.
#[derive(Debug, PartialEq)]
pub(super) struct Whole {
    /// How long the stream ran that ended first.
    pub seconds: f64,
    /// Of all streams, if each one told.
    pub retransmits: Option<u64>,
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

impl Streams {
    /// For a client of so many streams.
    pub(super) fn new(count: u32) -> Self {
        Self {
            count: count.max(1) as usize,
            by_id: BTreeMap::new(),
            open: BTreeMap::new(),
            samples: Vec::new(),
            times: Times::default(),
        }
    }

    /// Takes one more line of the client.
    pub(super) fn line(&mut self, interval: &Interval, transfer: &Transfer) {
        let known = self.by_id.contains_key(interval.id);
        if interval.is_sum() || (!known && self.by_id.len() == MOST_REMEMBERED) {
            return;
        }
        let stream = self.by_id.entry(interval.id.to_owned()).or_default();
        let retransmits = transfer.retransmits();
        stream.last = Last { start: interval.start, end: interval.end, retransmits };
        // the last line of a stream tells of the whole test again
        if (interval.start - stream.end).abs() < SMALLEST_GAP_SECONDS {
            stream.end = interval.end;
            self.sample(interval, transfer);
        }
    }

    /// Adds an interval of one stream to that of all.
    fn sample(&mut self, interval: &Interval, transfer: &Transfer) {
        let key = (interval.start * 1e3).round() as u64;
        let open = self.open.entry(key).or_default();
        let retransmits = transfer.retransmits();
        open.retransmits = match open.streams {
            0 => retransmits,
            _ => added(open.retransmits, retransmits),
        };
        open.streams += 1;
        open.end_seconds = open.end_seconds.max(interval.end);
        open.bits_per_second += transfer.bits_per_second;
        if let Some(time) = transfer.round_trip_time_microseconds() {
            self.times.add(time);
            open.times.add(time);
        }
        if open.streams < self.count {
            if self.open.len() > MOST_REMEMBERED {
                self.open.pop_first();
            }
            return;
        }
        // each stream tells of one interval after another: nothing comes of those before
        let later = self.open.split_off(&(key + 1));
        let whole = std::mem::replace(&mut self.open, later).remove(&key);
        if let Some(open) = whole
            && self.samples.len() < MOST_SAMPLES
        {
            self.samples.push(Sample {
                start_seconds: interval.start,
                end_seconds: open.end_seconds,
                bits_per_second: open.bits_per_second,
                retransmits: open.retransmits,
                round_trip_time_microseconds: open.times.mean(),
            });
        }
    }

    /// The intervals that all streams have told of, in their order.
    pub(super) fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// What they tell of all their time, if each of them does.
    ///
    /// Where a client told of one interval only, that is all its time.
    pub(super) fn whole(&self) -> Option<Whole> {
        let mut lasts = self.by_id.values().map(|stream| stream.last);
        let first = lasts.next()?;
        let all =
            self.by_id.len() == self.count && self.by_id.values().all(|stream| stream.last.start == 0.0);
        all.then(|| {
            lasts.fold(Whole { seconds: first.end, retransmits: first.retransmits }, |whole, last| Whole {
                seconds: whole.seconds.min(last.end),
                retransmits: added(whole.retransmits, last.retransmits),
            })
        })
    }

    /// The round-trip times of all streams at the end of each of their intervals.
    pub(super) fn round_trip_time(&self) -> Option<RoundTripTime> {
        self.times.mean().map(|mean_microseconds| RoundTripTime {
            min_microseconds: self.times.least,
            mean_microseconds,
            max_microseconds: self.times.most,
        })
    }
}

/// The sum of what both tell.
fn added(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    Some(one?.saturating_add(other?))
}
