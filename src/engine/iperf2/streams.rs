//! The report of a client, summed over its streams.
//!
//! iperf's own sums are not used: 2.1 omits a stream that ends before another one has reported the same second,
//! and the last sum is then missing.

use std::collections::BTreeMap;

use super::line::{Interval, Transfer};
use crate::document::{RoundTripTime, Sample};

/// Consecutive intervals of a stream are closer together than this, in seconds.
const MAX_GAP_SECONDS: f64 = 0.001;

/// More samples than a test has, one per second.
const MAX_SAMPLES: usize = 100_000;

/// More streams than a test has, and more intervals than can be incomplete at the same time.
const MAX_REMEMBERED: usize = 1024;

/// The streams of one client.
#[derive(Debug)]
pub(super) struct Streams {
    count: usize,
    by_id: BTreeMap<String, Stream>,
    /// Intervals that not all streams have reported yet, by their start in milliseconds.
    incomplete: BTreeMap<u64, IntervalSum>,
    samples: Vec<Sample>,
    /// Of all streams, at the end of each of their intervals.
    round_trip_times: RoundTripTimes,
}

#[derive(Debug, Default)]
struct Stream {
    /// End of the last consecutive interval, from the start of the test.
    end_seconds: f64,
    last: LastLine,
}

/// The last line of a stream. If the client ran to completion, it covers the whole test.
#[derive(Debug, Default, Clone, Copy)]
struct LastLine {
    start_seconds: f64,
    end_seconds: f64,
    retransmits: Option<u64>,
}

/// One interval, summed over the streams that have reported it.
#[derive(Debug, Default)]
struct IntervalSum {
    streams: usize,
    end_seconds: f64,
    bits_per_second: f64,
    retransmits: Option<u64>,
    round_trip_times: RoundTripTimes,
}

/// The whole test, over all streams.
#[derive(Debug, PartialEq)]
pub(super) struct Totals {
    /// Duration of the shortest stream.
    pub seconds: f64,
    /// Sum of all streams; `None` unless each one reports it.
    pub retransmits: Option<u64>,
}

/// In microseconds.
#[derive(Debug, Default)]
struct RoundTripTimes {
    count: u32,
    sum: f64,
    min: f64,
    max: f64,
}

impl RoundTripTimes {
    fn add(&mut self, time: f64) {
        self.min = if self.count == 0 { time } else { self.min.min(time) };
        self.max = self.max.max(time);
        self.sum += time;
        self.count = self.count.saturating_add(1);
    }

    fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / f64::from(self.count))
    }
}

impl Streams {
    /// `count` is the number of streams of the client.
    pub(super) fn new(count: u32) -> Self {
        Self {
            count: count.max(1) as usize,
            by_id: BTreeMap::new(),
            incomplete: BTreeMap::new(),
            samples: Vec::new(),
            round_trip_times: RoundTripTimes::default(),
        }
    }

    /// Takes the next line of the client.
    pub(super) fn line(&mut self, interval: &Interval, transfer: &Transfer) {
        let is_known = self.by_id.contains_key(interval.stream_id);
        if interval.is_sum() || (!is_known && self.by_id.len() == MAX_REMEMBERED) {
            return;
        }
        let stream = self.by_id.entry(interval.stream_id.to_owned()).or_default();
        let Interval { start_seconds, end_seconds, .. } = *interval;
        stream.last = LastLine { start_seconds, end_seconds, retransmits: transfer.retransmits() };
        // the last line of a stream covers the whole test, and is not another interval
        if (start_seconds - stream.end_seconds).abs() < MAX_GAP_SECONDS {
            stream.end_seconds = end_seconds;
            self.add_to_interval(interval, transfer);
        }
    }

    /// Adds the interval of one stream to the sum of all, which becomes a sample once it is complete.
    fn add_to_interval(&mut self, interval: &Interval, transfer: &Transfer) {
        let key = (interval.start_seconds * 1e3).round() as u64;
        let sum = self.incomplete.entry(key).or_default();
        let retransmits = transfer.retransmits();
        sum.retransmits = match sum.streams {
            0 => retransmits,
            _ => sum_if_both(sum.retransmits, retransmits),
        };
        sum.streams += 1;
        sum.end_seconds = sum.end_seconds.max(interval.end_seconds);
        sum.bits_per_second += transfer.bits_per_second;
        if let Some(time) = transfer.round_trip_time_microseconds() {
            self.round_trip_times.add(time);
            sum.round_trip_times.add(time);
        }
        if sum.streams < self.count {
            if self.incomplete.len() > MAX_REMEMBERED {
                self.incomplete.pop_first();
            }
            return;
        }
        // each stream reports its intervals in order: earlier ones can no longer be completed
        let later = self.incomplete.split_off(&(key + 1));
        let complete = std::mem::replace(&mut self.incomplete, later).remove(&key);
        if let Some(sum) = complete
            && self.samples.len() < MAX_SAMPLES
        {
            self.samples.push(Sample {
                start_seconds: interval.start_seconds,
                end_seconds: sum.end_seconds,
                bits_per_second: sum.bits_per_second,
                retransmits: sum.retransmits,
                round_trip_time_microseconds: sum.round_trip_times.mean(),
            });
        }
    }

    /// The intervals that all streams have reported, in order.
    pub(super) fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// The totals of the test; `None` unless the last line of each stream covers the whole test.
    ///
    /// The only interval of a client that reported just one is the whole test.
    pub(super) fn totals(&self) -> Option<Totals> {
        let mut lasts = self.by_id.values().map(|stream| stream.last);
        let first = lasts.next()?;
        let is_complete = self.by_id.len() == self.count
            && self.by_id.values().all(|stream| stream.last.start_seconds == 0.0);
        is_complete.then(|| {
            let first = Totals { seconds: first.end_seconds, retransmits: first.retransmits };
            lasts.fold(first, |totals, last| Totals {
                seconds: totals.seconds.min(last.end_seconds),
                retransmits: sum_if_both(totals.retransmits, last.retransmits),
            })
        })
    }

    /// The round-trip times of all streams at the end of each of their intervals.
    pub(super) fn round_trip_time(&self) -> Option<RoundTripTime> {
        self.round_trip_times.mean().map(|mean_microseconds| RoundTripTime {
            min_microseconds: self.round_trip_times.min,
            mean_microseconds,
            max_microseconds: self.round_trip_times.max,
        })
    }
}

fn sum_if_both(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    Some(one?.saturating_add(other?))
}
