//! Tests in a compact form: arrays instead of objects, and only significant digits.

use std::collections::HashMap;

use serde::{Serialize, Serializer};

use crate::document::{Failure, METRICS, Measure, Metric, Outcome, Run, Sample, TestRecord, Unit};

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

/// A test as an array. The script distinguishes a failed one by its third element.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum EncodedTest {
    /// Repetition, attempts, index of the reason.
    Failed(u32, u32, usize),
    /// Repetition, attempts, values of the metrics.
    Measured(u32, u32, Vec<Option<Number>>),
    /// The same, and its intervals.
    Sampled(u32, u32, Vec<Option<Number>>, EncodedSamples),
}

/// A metric, to interpret the values of tests.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EncodedMetric {
    label: &'static str,
    unit: &'static str,
    is_key: bool,
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
    /// Those that any test has.
    metrics: Vec<&'static Metric>,
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
        let has =
            |metric: &&Metric| run.tests.iter().chain(&run.retests).any(|test| metric.of(test).is_some());
        let metrics = METRICS.iter().filter(|metric| metric.label.is_some()).filter(has).collect();
        Self { metrics, merged, reason_indices: HashMap::new(), reasons: Vec::new() }
    }

    /// The metrics of a measure, in the order of the values of its tests.
    pub(super) fn metrics(&self, measure: Measure) -> Vec<EncodedMetric> {
        let encoded = self.metrics_of(measure).filter_map(|metric| {
            Some(EncodedMetric { label: metric.label?, unit: unit_name(metric.unit), is_key: metric.is_key })
        });
        encoded.collect()
    }

    fn metrics_of(&self, measure: Measure) -> impl Iterator<Item = &'static Metric> {
        self.metrics.iter().copied().filter(move |metric| metric.measure == measure)
    }

    pub(super) fn encode(&mut self, test: &'a TestRecord) -> EncodedTest {
        let (repetition, attempt) = (test.repetition, test.attempt);
        if let Outcome::Failed(failure) = &test.outcome {
            return EncodedTest::Failed(repetition, attempt, self.reason_index(failure));
        }
        let value = |metric: &Metric| Some(encode_value(metric.unit, metric.of(test)?));
        let values = self.metrics_of(test.measure).map(value).collect();
        match test.outcome.throughput() {
            Some(throughput) => {
                let samples = self.encode_samples(&throughput.samples);
                EncodedTest::Sampled(repetition, attempt, values, samples)
            }
            None => EncodedTest::Measured(repetition, attempt, values),
        }
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

pub(super) fn encode_value(unit: Unit, value: f64) -> Number {
    match unit {
        Unit::BitsPerSecond => Number::rate(value),
        Unit::Microseconds | Unit::Seconds | Unit::Percent { .. } => Number::time(value),
        Unit::Bytes | Unit::Count => Number(value),
    }
}

/// As the script names it.
fn unit_name(unit: Unit) -> &'static str {
    match unit {
        Unit::BitsPerSecond => "rate",
        Unit::Microseconds => "time",
        Unit::Seconds => "seconds",
        Unit::Percent { .. } => "percent",
        Unit::Bytes => "bytes",
        Unit::Count => "count",
    }
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
