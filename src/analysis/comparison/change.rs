//! The change of one pair and its p-value.
//!
//! Noise is proportional to the value, so all statistics use logarithms of values.

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::analysis::statistics::{mean, median, robust_deviation};
use crate::document::{Metric, NodeId, PairChange, TestRecord, Verdict};

/// Statistics of the logarithms of values that were measured under the same conditions.
#[derive(Debug, Clone, Copy)]
struct LogValues {
    mean: f64,
    /// Of a single value.
    variance: f64,
    /// The number of values, or how many independent values they are worth.
    count: f64,
    /// The degrees of freedom of the variance.
    freedom: f64,
}

/// The tests of a pair in one run.
pub(super) struct PairTests {
    /// The mean of the metric; none if all tests failed.
    mean: Option<f64>,
    /// Over the repetitions; none for fewer than two.
    repetitions: Option<LogValues>,
    /// Over the intervals of a single test; none if there are several tests or too few intervals.
    intervals: Option<LogValues>,
}

/// The noise, estimated from all pairs on a route.
#[derive(Debug, Default)]
pub(super) struct Noise {
    /// The variance of repeated tests: the median of the pairs' variances.
    repetition_variance: Option<f64>,
    /// The variance of the changes between two single tests, and its degrees of freedom. Most links have not
    /// changed, or have all changed alike, so the spread of the changes around their median is noise.
    change_variance: Option<(f64, f64)>,
}

/// The first interval is skipped: it contains TCP slow start.
const FIRST_STEADY_INTERVAL: usize = 1;

/// Fewer intervals do not suffice to estimate their autocorrelation.
const MIN_INTERVALS: usize = 4;

/// A stalled interval has no logarithm: it counts as this fraction of the mean.
const MIN_FRACTION_OF_MEAN: f64 = 0.01;

/// The weight of the noise of all pairs against that of a single pair, in degrees of freedom: as much as five
/// tests of the pair itself (the moderated variance of Smyth, 2004).
const PRIOR_FREEDOM: f64 = 4.0;

/// The noise of changes is not estimated from fewer pairs.
const MIN_PAIRS: usize = 6;

impl PairTests {
    /// `tests` must belong to one pair and route.
    pub(super) fn new(metric: &Metric, tests: &[&TestRecord]) -> Self {
        let values: Vec<f64> = tests.iter().filter_map(|test| metric.of(test)).collect();
        // the intervals of a test have rates
        let sampled: Vec<_> = tests
            .iter()
            .filter_map(|test| test.outcome.throughput())
            .filter(|_| metric == Metric::throughput_mean())
            .collect();
        let intervals = match sampled.as_slice() {
            [single] => {
                let samples = single.samples.iter().skip(FIRST_STEADY_INTERVAL);
                let rates: Vec<f64> = samples.map(|sample| sample.bits_per_second).collect();
                (rates.len() >= MIN_INTERVALS)
                    .then(|| LogValues::autocorrelated(&logarithms(&rates)))
                    .flatten()
            }
            _ => None,
        };
        Self { mean: mean(&values), repetitions: LogValues::independent(&logarithms(&values)), intervals }
    }
}

fn logarithms(rates: &[f64]) -> Vec<f64> {
    let min = mean(rates).unwrap_or_default() * MIN_FRACTION_OF_MEAN;
    rates.iter().map(|rate| rate.max(min).ln()).filter(|value| value.is_finite()).collect()
}

impl Noise {
    /// Estimates the noise from the tests of all pairs, each in the baseline and in this run.
    pub(super) fn estimate(pairs: &[(Option<PairTests>, Option<PairTests>)]) -> Self {
        let tests = pairs.iter().flat_map(|(base, new)| [base, new]).flatten();
        let variances = tests.filter_map(|tests| tests.repetitions).map(|rates| rates.variance).collect();
        let single_changes = pairs.iter().filter_map(|(base, new)| {
            let (base, new) = (base.as_ref()?, new.as_ref()?);
            let are_single = base.repetitions.is_none() && new.repetitions.is_none();
            Some(new.mean?.ln() - base.mean?.ln()).filter(|change| are_single && change.is_finite())
        });
        let changes: Vec<f64> = single_changes.collect();
        let count = changes.len();
        let middle = median(changes.clone()).unwrap_or_default();
        let deviations: Vec<f64> = changes.iter().map(|change| change - middle).collect();
        let change_variance = robust_deviation(&deviations)
            .filter(|_| count >= MIN_PAIRS)
            .map(|deviation| (deviation.powi(2), count as f64 - 1.0));
        Self { repetition_variance: median(variances), change_variance }
    }

    /// The p-value of the difference between `base` and `new`; none if there are too few values for a test.
    fn p_value(&self, base: &PairTests, new: &PairTests) -> Option<f64> {
        match (base.repetitions, new.repetitions) {
            (Some(base), Some(new)) => Some(welch_test(self.moderate(base), self.moderate(new))),
            // a single test against several: does it belong to the same population?
            (Some(several), None) => Some(self.moderate(several).p_value_of(new.mean?)),
            (None, Some(several)) => Some(self.moderate(several).p_value_of(base.mean?)),
            (None, None) => {
                let (base_intervals, new_intervals) = base.intervals.zip(new.intervals)?;
                let within_tests = welch_test(base_intervals, new_intervals);
                let between_tests = self.change_variance.map(|(variance, freedom)| {
                    student_test(
                        new.mean.unwrap_or_default().ln() - base.mean.unwrap_or_default().ln(),
                        variance,
                        freedom,
                    )
                });
                // two tests differ by more than the intervals of each
                Some(between_tests.map_or(within_tests, |between_tests| between_tests.max(within_tests)))
            }
        }
    }

    /// Moderates the variance of a pair by that of all pairs.
    fn moderate(&self, rates: LogValues) -> LogValues {
        let Some(prior) = self.repetition_variance else { return rates };
        let freedom = rates.freedom + PRIOR_FREEDOM;
        let variance = (rates.freedom * rates.variance + PRIOR_FREEDOM * prior) / freedom;
        LogValues { variance, freedom, ..rates }
    }
}

impl LogValues {
    fn independent(values: &[f64]) -> Option<Self> {
        let count = values.len() as f64;
        let mean = mean(values).filter(|_| count > 1.0)?;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        Some(Self { mean, variance: squares / (count - 1.0), count, freedom: count - 1.0 })
    }

    /// Successive values resemble each other: n of them are worth n (1−ρ)/(1+ρ) independent values, where ρ
    /// is the lag-1 autocorrelation (Bayley and Hammersley, 1946).
    fn autocorrelated(values: &[f64]) -> Option<Self> {
        let all = Self::independent(values)?;
        let squares = all.variance * all.freedom;
        let products: f64 = values.windows(2).map(|two| (two[0] - all.mean) * (two[1] - all.mean)).sum();
        let correlation = if squares > 0.0 { (products / squares).clamp(0.0, 0.95) } else { 0.0 };
        let count = (all.count * (1.0 - correlation) / (1.0 + correlation)).max(2.0);
        Some(Self { count, freedom: count - 1.0, ..all })
    }

    /// The p-value of one more value: that it is as far from the mean as `rate` by chance.
    fn p_value_of(self, rate: f64) -> f64 {
        student_test(rate.ln() - self.mean, self.variance * (1.0 + 1.0 / self.count), self.freedom)
    }
}

/// The p-value of the difference of two means whose variances may differ (Welch, 1947).
fn welch_test(one: LogValues, other: LogValues) -> f64 {
    let variance_of_mean = |rates: LogValues| rates.variance / rates.count;
    let part = |rates: LogValues| variance_of_mean(rates).powi(2) / rates.freedom;
    let variance = variance_of_mean(one) + variance_of_mean(other);
    student_test(one.mean - other.mean, variance, variance.powi(2) / (part(one) + part(other)))
}

/// The two-sided p-value of a difference with this variance, which is known with `freedom` degrees of
/// freedom.
fn student_test(difference: f64, variance: f64, freedom: f64) -> f64 {
    if variance == 0.0 {
        return if difference == 0.0 { 1.0 } else { 0.0 };
    }
    // a variance above zero implies degrees of freedom, so the distribution is valid
    StudentsT::new(0.0, 1.0, freedom)
        .map_or(1.0, |student| 2.0 * student.sf(difference.abs() / variance.sqrt()))
}

/// The change of one pair. Its verdict is never slower or faster: that depends on the p-values of all pairs.
pub(super) fn compare_pair(
    (sender, receiver): (NodeId, NodeId),
    base: Option<&PairTests>,
    new: Option<&PairTests>,
    noise: &Noise,
) -> PairChange {
    let (base_mean, new_mean) = (base.and_then(|tests| tests.mean), new.and_then(|tests| tests.mean));
    let (p, verdict) = match (base, new) {
        (Some(base), Some(new)) => match (base_mean, new_mean) {
            (Some(_), Some(_)) => match noise.p_value(base, new) {
                Some(p) => (Some(p), Verdict::Same),
                None => (None, Verdict::Unclear),
            },
            (Some(_), None) => (None, Verdict::NowFails),
            (None, Some(_)) => (None, Verdict::NowWorks),
            (None, None) => (None, Verdict::StillFails),
        },
        _ => (None, Verdict::OnlyInOne),
    };
    let percent = base_mean.zip(new_mean).map(|(base, new)| (new / base - 1.0) * 100.0);
    PairChange {
        sender,
        receiver,
        base: base_mean,
        value: new_mean,
        percent: percent.filter(|percent| percent.is_finite()),
        p: p.filter(|p| p.is_finite()),
        verdict,
    }
}
