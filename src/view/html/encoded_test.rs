//! Tests in a compact form: arrays instead of objects, and only significant digits.

use std::collections::HashMap;

use serde::{Serialize, Serializer};

use crate::document::{Failure, Latency, Measurement, Outcome, Run, Sample, TestRecord, Throughput};

/// Maximum number of intervals of all tests of a page. With more, adjacent intervals are merged: a page
/// of about 30 MB is what a browser opens without delay.
const MAX_SAMPLES: usize = 1_000_000;

/// A rounded number. Integers are serialized without a decimal point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Number(f64);

impl Number {
    pub(super) fn significant(value: f64, digits: i32) -> Self {
        if value == 0.0 || !value.is_finite() {
            return Self(value);
        }
        let decimals = digits - 1 - value.abs().log10().floor() as i32;
        // dividing by a power of ten yields the nearest number, multiplying by its inverse does not
        let scale = 10f64.powi(decimals.abs());
        Self(if decimals >= 0 { (value * scale).round() / scale } else { (value / scale).round() * scale })
    }

    /// Converts to Mbit/s.
    pub(super) fn rate(bits_per_second: f64) -> Self {
        Self::significant(bits_per_second / 1e6, 4)
    }

    /// Keeps the unit.
    pub(super) fn time(value: f64) -> Self {
        Self::significant(value, 3)
    }

    /// One decimal.
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

/// A test as an array. The script distinguishes the variants by their length.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum EncodedTest {
    /// Repetition, attempts, index of the reason.
    Failed(u32, u32, usize),
    /// Repetition, attempts, rate, retransmits, round-trip time (mean, min, max), CPU (sender, receiver),
    /// MSS, UDP (loss in percent, jitter, target rate), intervals.
    Throughput(
        u32,
        u32,
        Number,
        Option<u64>,
        Option<[Number; 3]>,
        Option<[Number; 2]>,
        Option<u32>,
        Option<(Number, Number, Option<Number>)>,
        EncodedSamples,
    ),
    /// Repetition, attempts, microseconds (mean, min, p50, p95, p99, max), requests.
    Latency(u32, u32, [Number; 6], u64),
}

/// The intervals of a test: bounds in seconds (`None`: 0, 1, 2, …), rates, retransmits (`None`: no
/// interval has any), round-trip times.
#[derive(Debug, Default, Serialize)]
pub(super) struct EncodedSamples(
    Option<Vec<Number>>,
    Vec<Option<Number>>,
    Option<Vec<u64>>,
    Option<Vec<Option<Number>>>,
);

/// Encodes tests, and collects the failure reasons that they refer to.
#[derive(Debug)]
pub(super) struct TestEncoder<'a> {
    /// Number of adjacent intervals that become one.
    merged: usize,
    reason_indices: HashMap<&'a str, usize>,
    /// Reasons and remedies.
    pub(super) reasons: Vec<(&'a str, Option<&'a str>)>,
}

impl<'a> TestEncoder<'a> {
    pub(super) fn new(run: &Run) -> Self {
        let samples = run.tests.iter().filter_map(|test| test.outcome.throughput());
        let samples: usize = samples.map(|throughput| throughput.samples.len()).sum();
        let merged = samples.div_ceil(MAX_SAMPLES).max(1);
        Self { merged, reason_indices: HashMap::new(), reasons: Vec::new() }
    }

    pub(super) fn encode(&mut self, test: &'a TestRecord) -> EncodedTest {
        let (repetition, attempt) = (test.repetition, test.attempt);
        match &test.outcome {
            Outcome::Failed(failure) => EncodedTest::Failed(repetition, attempt, self.reason_index(failure)),
            Outcome::Ok(Measurement::Latency(latency)) => {
                EncodedTest::Latency(repetition, attempt, latencies(latency), latency.requests)
            }
            Outcome::Ok(Measurement::Throughput(throughput)) => self.encode_throughput(test, throughput),
        }
    }

    fn encode_throughput(&self, test: &TestRecord, throughput: &Throughput) -> EncodedTest {
        let round_trip_time = throughput.round_trip_time.map(|time| {
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
        EncodedTest::Throughput(
            test.repetition,
            test.attempt,
            Number::rate(throughput.bits_per_second),
            throughput.retransmits,
            round_trip_time,
            cpu,
            throughput.mss_bytes,
            udp,
            self.encode_samples(&throughput.samples),
        )
    }

    fn encode_samples(&self, samples: &[Sample]) -> EncodedSamples {
        let chunks = || samples.chunks(self.merged);
        let Some(start) = samples.first().map(|sample| sample.start_seconds) else {
            return EncodedSamples::default();
        };
        let tenths = |seconds: f64| (seconds * 10.0).round() as i64;
        let ends = chunks().filter_map(|chunk| chunk.last()).map(|sample| sample.end_seconds);
        let bounds: Vec<i64> = std::iter::once(start).chain(ends).map(tenths).collect();
        let is_regular = bounds.iter().zip(0..).all(|(bound, second)| *bound == second * 10);
        let seconds = |tenths: i64| Number(tenths as f64 / 10.0);
        let retransmits: Vec<u64> =
            chunks().map(|chunk| chunk.iter().filter_map(|sample| sample.retransmits).sum()).collect();
        let round_trip_times: Vec<Option<Number>> = chunks().map(mean_round_trip_time).collect();
        EncodedSamples(
            (!is_regular).then(|| bounds.into_iter().map(seconds).collect()),
            chunks().map(mean_rate).collect(),
            retransmits.iter().any(|count| *count > 0).then_some(retransmits),
            round_trip_times.iter().any(Option::is_some).then_some(round_trip_times),
        )
    }

    fn reason_index(&mut self, failure: &'a Failure) -> usize {
        let reasons = &mut self.reasons;
        *self.reason_indices.entry(&failure.reason).or_insert_with(|| {
            reasons.push((&failure.reason, failure.remedy.as_deref()));
            reasons.len() - 1
        })
    }
}

/// Weighted by the length of the intervals.
fn mean_rate(samples: &[Sample]) -> Option<Number> {
    let length = |sample: &Sample| sample.end_seconds - sample.start_seconds;
    let seconds: f64 = samples.iter().map(length).sum();
    let bits: f64 = samples.iter().map(|sample| sample.bits_per_second * length(sample)).sum();
    (seconds > 0.0).then(|| Number::significant(bits / seconds / 1e6, 3))
}

fn mean_round_trip_time(samples: &[Sample]) -> Option<Number> {
    let times: Vec<f64> = samples.iter().filter_map(|sample| sample.round_trip_time_microseconds).collect();
    (!times.is_empty()).then(|| Number::time(times.iter().sum::<f64>() / times.len() as f64))
}

fn latencies(latency: &Latency) -> [Number; 6] {
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
    fn numbers_are_rounded_to_significant_digits() {
        let serialized = |number| serde_json::to_string(&number).unwrap();
        assert_eq!(serialized(Number::rate(9_414_327_000.0)), "9414");
        assert_eq!(serialized(Number::rate(94_143_270_000.0)), "94140");
        assert_eq!(serialized(Number::rate(123_456.0)), "0.1235");
        assert_eq!(serialized(Number::time(0.0)), "0");
        assert_eq!(serialized(Number::percent(-3.26)), "-3.3");
    }

    #[test]
    fn adjacent_intervals_are_merged() {
        let sample = |second: u32, rate| Sample {
            start_seconds: f64::from(second),
            end_seconds: f64::from(second) + 1.000_1,
            bits_per_second: rate,
            retransmits: Some(u64::from(second)),
            round_trip_time_microseconds: None,
        };
        let samples: Vec<Sample> = (0..5).map(|second| sample(second, f64::from(second) * 1e9)).collect();
        let mut encoder = TestEncoder::new(&run(&["a", "b"], Vec::new()));
        let serialized =
            |encoder: &TestEncoder| serde_json::to_string(&encoder.encode_samples(&samples)).unwrap();
        assert_eq!(serialized(&encoder), "[null,[0,1000,2000,3000,4000],[0,1,2,3,4],null]");
        encoder.merged = 2;
        assert_eq!(serialized(&encoder), "[[0,2,4,5],[500,2500,4000],[1,5,4],null]");
    }
}
