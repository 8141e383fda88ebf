//! The change of one pair, and the probability that it is chance.

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::analysis::statistics::mean;
use crate::document::{PairChange, TestRecord, Verdict};

/// Values that stand for a pair's throughput.
#[derive(Debug, Clone, Copy)]
struct Values {
    mean: f64,
    /// The variance of the mean.
    variance: f64,
    /// How many independent values there are.
    count: f64,
}

/// The tests of a pair in one run.
pub(super) struct Tests {
    mean: Option<f64>,
    /// Over the repeats.
    repeats: Option<Values>,
    /// Over the intervals of the only test.
    intervals: Option<Values>,
}

/// The first interval holds TCP's slow start.
const SETTLED_FROM: usize = 1;

/// Fewer intervals say too little about their own dependence.
const FEWEST_INTERVALS: usize = 4;

impl Tests {
    /// `tests` are of one pair and way.
    pub(super) fn of(tests: &[&TestRecord]) -> Self {
        let measured: Vec<_> = tests.iter().filter_map(|test| test.outcome.throughput()).collect();
        let rates: Vec<f64> = measured.iter().map(|figures| figures.bits_per_second).collect();
        let intervals = match measured.as_slice() {
            [only] => {
                let rates: Vec<f64> =
                    only.samples.iter().skip(SETTLED_FROM).map(|sample| sample.bits_per_second).collect();
                (rates.len() >= FEWEST_INTERVALS).then(|| Values::dependent(&rates)).flatten()
            }
            _ => None,
        };
        Self { mean: mean(&rates), repeats: Values::independent(&rates), intervals }
    }

    /// The probability that the difference from `other` is chance; none if there are too few values.
    fn probability_of_chance(&self, other: &Self) -> Option<f64> {
        match (self.repeats, other.repeats) {
            (Some(one), Some(two)) => Some(welch(one, two)),
            // one test against several: it is one more of them, or it is not
            (Some(several), None) => Some(several.probability_of(other.mean?)),
            (None, Some(several)) => Some(several.probability_of(self.mean?)),
            (None, None) => self.intervals.zip(other.intervals).map(|(one, two)| welch(one, two)),
        }
    }
}

impl Values {
    fn independent(values: &[f64]) -> Option<Self> {
        let count = values.len() as f64;
        let mean = mean(values).filter(|_| count > 1.0)?;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        Some(Self { mean, variance: squares / (count - 1.0) / count, count })
    }

    /// Values that follow each other are alike: n of them are worth n (1−ρ)/(1+ρ) independent
    /// ones, where ρ is the correlation of neighbours (Bayley and Hammersley, 1946).
    fn dependent(values: &[f64]) -> Option<Self> {
        let Self { mean, variance, count } = Self::independent(values)?;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let products: f64 = values.windows(2).map(|two| (two[0] - mean) * (two[1] - mean)).sum();
        let correlation = if squares > 0.0 { (products / squares).clamp(0.0, 0.95) } else { 0.0 };
        let worth = (count * (1.0 - correlation) / (1.0 + correlation)).max(2.0);
        Some(Self { mean, variance: variance * count / worth, count: worth })
    }

    /// The probability that one more value is as far from the mean as `value`.
    fn probability_of(self, value: f64) -> f64 {
        let variance_of_one = self.variance * self.count;
        student(value - self.mean, variance_of_one + self.variance, self.count - 1.0)
    }
}

/// The probability of so large a difference of two means by chance, where the variances may differ
/// (Welch, 1947).
fn welch(one: Values, two: Values) -> f64 {
    let part = |values: Values| values.variance.powi(2) / (values.count - 1.0);
    let variance = one.variance + two.variance;
    student(one.mean - two.mean, variance, variance.powi(2) / (part(one) + part(two)))
}

/// The probability that a difference of this variance, known with so many degrees of freedom, is
/// as far from zero by chance.
fn student(difference: f64, variance: f64, freedom: f64) -> f64 {
    if variance == 0.0 {
        return if difference == 0.0 { 1.0 } else { 0.0 };
    }
    // with a variance there is freedom: nothing is wrong with the distribution
    StudentsT::new(0.0, 1.0, freedom)
        .map_or(1.0, |student| 2.0 * student.sf(difference.abs() / variance.sqrt()))
}

/// The change of one pair. Whether it is by more than chance is said of all pairs together.
pub(super) fn of_pair(sender: &str, receiver: &str, then: Option<&Tests>, now: Option<&Tests>) -> PairChange {
    let (base, new) = (then.and_then(|tests| tests.mean), now.and_then(|tests| tests.mean));
    let (p, verdict) = match (then, now) {
        (Some(then), Some(now)) => match (base, new) {
            (Some(_), Some(_)) => match then.probability_of_chance(now) {
                Some(p) => (Some(p), Verdict::Same),
                None => (None, Verdict::Unclear),
            },
            (Some(_), None) => (None, Verdict::NowFails),
            (None, Some(_)) => (None, Verdict::NowWorks),
            (None, None) => (None, Verdict::StillFails),
        },
        _ => (None, Verdict::OnlyInOne),
    };
    PairChange {
        sender: sender.to_owned(),
        receiver: receiver.to_owned(),
        base_bits_per_second: base,
        bits_per_second: new,
        percent: base.zip(new).map(|(base, new)| (new / base - 1.0) * 100.0).filter(|p| p.is_finite()),
        p,
        verdict,
    }
}
