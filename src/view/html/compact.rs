//! Tests in few bytes: arrays, and no more digits than a reader can use.

use std::collections::HashMap;

use serde::{Serialize, Serializer};

use crate::document::{Failure, Latency, Measurement, Outcome, Run, Sample, TestRecord, Throughput};

/// How many intervals all tests of a page may have together. Beyond that, neighbours are merged:
/// a page of some 30 MB is what a browser opens without a pause.
const MOST_SAMPLES: usize = 1_000_000;

/// A figure of a page. Whole ones are written without a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Number(f64);

impl Number {
    /// A figure of so many significant digits.
    pub(super) fn significant(value: f64, digits: i32) -> Self {
        if value == 0.0 || !value.is_finite() {
            return Self(value);
        }
        let after_point = digits - 1 - value.abs().log10().floor() as i32;
        // a division by a power of ten has the nearest number, a multiplication by its inverse not
        let scale = 10f64.powi(after_point.abs());
        Self(if after_point >= 0 { (value * scale).round() / scale } else { (value / scale).round() * scale })
    }

    /// A rate in Mbit/s.
    pub(super) fn rate(bits_per_second: f64) -> Self {
        Self::significant(bits_per_second / 1e6, 4)
    }

    /// A time in the unit it has.
    pub(super) fn time(value: f64) -> Self {
        Self::significant(value, 3)
    }

    /// A part in percent, to a tenth.
    pub(super) fn percent(percent: f64) -> Self {
        Self((percent * 10.0).round() / 10.0)
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.fract() == 0.0 && self.0.abs() < 1e15 {
            serializer.serialize_i64(self.0 as i64)
        } else {
            serializer.serialize_f64(self.0)
        }
    }
}

/// A test as an array; the script tells the kinds from each other by their length.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Test {
    /// Repetition, attempts, place of the reason.
    Failed(u32, u32, usize),
    /// Repetition, attempts, and figures of a throughput test: rate, retransmits, round-trip time
    /// (mean, least, most), CPU (sender, receiver), MSS, UDP (lost percent, jitter, target),
    /// intervals.
    Throughput(
        u32,
        u32,
        Number,
        Option<u64>,
        Option<[Number; 3]>,
        Option<[Number; 2]>,
        Option<u32>,
        Option<(Number, Number, Option<Number>)>,
        Samples,
    ),
    /// Repetition, attempts, and microseconds: mean, least, 50, 95, 99 %, most; requests.
    Latency(u32, u32, [Number; 6], u64),
}

/// The intervals of a test: bounds in seconds (none: whole seconds from 0), rates, retransmits
/// (none: none in any) and round-trip times.
#[derive(Debug, Default, Serialize)]
pub(super) struct Samples(
    Option<Vec<Number>>,
    Vec<Option<Number>>,
    Option<Vec<u64>>,
    Option<Vec<Option<Number>>>,
);

/// Makes tests compact, and keeps the reasons that they share.
#[derive(Debug)]
pub(super) struct Compactor<'a> {
    /// How many neighbouring intervals become one.
    merged: usize,
    places: HashMap<&'a str, usize>,
    /// Reasons with what to do about them, where something can be done.
    pub(super) reasons: Vec<(&'a str, Option<&'a str>)>,
}

impl<'a> Compactor<'a> {
    pub(super) fn new(run: &Run) -> Self {
        let samples = run.tests.iter().filter_map(|test| test.outcome.throughput());
        let samples: usize = samples.map(|throughput| throughput.samples.len()).sum();
        let merged = samples.div_ceil(MOST_SAMPLES).max(1);
        Self { merged, places: HashMap::new(), reasons: Vec::new() }
    }

    pub(super) fn test(&mut self, test: &'a TestRecord) -> Test {
        let (repetition, attempt) = (test.repetition, test.attempt);
        match &test.outcome {
            Outcome::Failed(failure) => Test::Failed(repetition, attempt, self.reason(failure)),
            Outcome::Ok(Measurement::Latency(latency)) => {
                Test::Latency(repetition, attempt, times(latency), latency.requests)
            }
            Outcome::Ok(Measurement::Throughput(throughput)) => self.throughput(test, throughput),
        }
    }

    fn throughput(&self, test: &TestRecord, throughput: &Throughput) -> Test {
        let times = throughput.round_trip_time.map(|time| {
            [time.mean_microseconds, time.min_microseconds, time.max_microseconds].map(Number::time)
        });
        let client_sends = test.sender_and_receiver().0 == test.client;
        let cpu = throughput.cpu.map(|cpu| {
            let ends = [cpu.client_percent, cpu.server_percent];
            if client_sends { ends } else { [ends[1], ends[0]] }.map(Number::percent)
        });
        let udp = throughput.udp.map(|udp| {
            let target = udp.target_bits_per_second.map(Number::rate);
            (Number::significant(udp.lost_percent, 3), Number::time(udp.jitter_microseconds), target)
        });
        Test::Throughput(
            test.repetition,
            test.attempt,
            Number::rate(throughput.bits_per_second),
            throughput.retransmits,
            times,
            cpu,
            throughput.mss_bytes,
            udp,
            self.samples(&throughput.samples),
        )
    }

    fn samples(&self, samples: &[Sample]) -> Samples {
        let chunks = || samples.chunks(self.merged);
        let Some(start) = samples.first().map(|sample| sample.start_seconds) else {
            return Samples::default();
        };
        let tenths = |seconds: f64| (seconds * 10.0).round() as i64;
        let ends = chunks().filter_map(|chunk| chunk.last()).map(|sample| sample.end_seconds);
        let bounds: Vec<i64> = std::iter::once(start).chain(ends).map(tenths).collect();
        let regular = bounds.iter().zip(0..).all(|(bound, second)| *bound == second * 10);
        let seconds = |tenths: i64| Number(tenths as f64 / 10.0);
        let sent_again: Vec<u64> =
            chunks().map(|chunk| chunk.iter().filter_map(|sample| sample.retransmits).sum()).collect();
        let times: Vec<Option<Number>> = chunks().map(round_trip_time).collect();
        Samples(
            (!regular).then(|| bounds.into_iter().map(seconds).collect()),
            chunks().map(rate).collect(),
            sent_again.iter().any(|count| *count > 0).then_some(sent_again),
            times.iter().any(Option::is_some).then_some(times),
        )
    }

    fn reason(&mut self, failure: &'a Failure) -> usize {
        let reasons = &mut self.reasons;
        *self.places.entry(&failure.reason).or_insert_with(|| {
            reasons.push((&failure.reason, failure.remedy.as_deref()));
            reasons.len() - 1
        })
    }
}

/// The rate of neighbouring intervals, each as much as it lasted.
fn rate(samples: &[Sample]) -> Option<Number> {
    let length = |sample: &Sample| sample.end_seconds - sample.start_seconds;
    let seconds: f64 = samples.iter().map(length).sum();
    let bits: f64 = samples.iter().map(|sample| sample.bits_per_second * length(sample)).sum();
    (seconds > 0.0).then(|| Number::significant(bits / seconds / 1e6, 3))
}

fn round_trip_time(samples: &[Sample]) -> Option<Number> {
    let times: Vec<f64> = samples.iter().filter_map(|sample| sample.round_trip_time_microseconds).collect();
    (!times.is_empty()).then(|| Number::time(times.iter().sum::<f64>() / times.len() as f64))
}

fn times(latency: &Latency) -> [Number; 6] {
    [
        latency.mean_microseconds,
        latency.min_microseconds,
        latency.p50_microseconds,
        latency.p95_microseconds,
        latency.p99_microseconds,
        latency.max_microseconds,
    ]
    .map(Number::time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::fixtures::run;

    #[test]
    fn figures_have_the_digits_that_matter() {
        let written = |number| serde_json::to_string(&number).unwrap();
        assert_eq!(written(Number::rate(9_414_327_000.0)), "9414");
        assert_eq!(written(Number::rate(94_143_270_000.0)), "94140");
        assert_eq!(written(Number::rate(123_456.0)), "0.1235");
        assert_eq!(written(Number::time(0.0)), "0");
        assert_eq!(written(Number::percent(-3.26)), "-3.3");
    }

    #[test]
    fn neighbouring_intervals_become_one() {
        let sample = |second: u32, rate| Sample {
            start_seconds: f64::from(second),
            end_seconds: f64::from(second) + 1.000_1,
            bits_per_second: rate,
            retransmits: Some(u64::from(second)),
            round_trip_time_microseconds: None,
        };
        let samples: Vec<Sample> = (0..5).map(|second| sample(second, f64::from(second) * 1e9)).collect();
        let mut compactor = Compactor::new(&run(&["a", "b"], Vec::new()));
        let written = |compactor: &Compactor| serde_json::to_string(&compactor.samples(&samples)).unwrap();
        assert_eq!(written(&compactor), "[null,[0,1000,2000,3000,4000],[0,1,2,3,4],null]");
        compactor.merged = 2;
        assert_eq!(written(&compactor), "[[0,2,4,5],[500,2500,4000],[1,5,4],null]");
    }
}
