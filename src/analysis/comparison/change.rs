//! The change of one pair, and the probability that it is chance.
//!
//! Noise is relative, so that everything is done with logarithms of rates.

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::analysis::statistics::{mean, median, spread};
use crate::document::{PairChange, TestRecord, Verdict};

/// Logarithms of rates that were measured under the same conditions.
#[derive(Debug, Clone, Copy)]
struct Values {
    mean: f64,
    /// Of one value.
    variance: f64,
    /// How many independent values there are.
    count: f64,
    /// The degrees of freedom with which the variance is known.
    freedom: f64,
}

/// The tests of a pair in one run.
pub(super) struct Tests {
    /// The mean of the rates, in bits per second.
    mean: Option<f64>,
    /// Over the repeats.
    repeats: Option<Values>,
    /// Over the intervals of the only test.
    intervals: Option<Values>,
}

/// What is known of the noise from all pairs of a way together.
#[derive(Debug, Default)]
pub(super) struct Noise {
    /// The variance of repeated tests: the median of the pairs'.
    of_repeats: Option<f64>,
    /// The variance of the changes of pairs that have one test in each run: from what most of them
    /// differ by, for most links have not changed, or all of them alike.
    of_changes: Option<(f64, f64)>,
}

/// The first interval holds TCP's slow start.
const SETTLED_FROM: usize = 1;

/// Fewer intervals say too little about their own dependence.
const FEWEST_INTERVALS: usize = 4;

/// A stalled interval has no logarithm: it counts as this part of the mean.
const LEAST_PART: f64 = 0.01;

/// With how many degrees of freedom the noise of all pairs counts beside a pair's own: as much as
/// five tests of its own would (the moderated variance of Smyth, 2004).
const FREEDOM_OF_ALL: f64 = 4.0;

/// From fewer pairs, the noise of changes is not estimated.
const FEWEST_PAIRS: usize = 6;

impl Tests {
    /// `tests` are of one pair and way.
    pub(super) fn of(tests: &[&TestRecord]) -> Self {
        let measured: Vec<_> = tests.iter().filter_map(|test| test.outcome.throughput()).collect();
        let rates: Vec<f64> = measured.iter().map(|figures| figures.bits_per_second).collect();
        let intervals = match measured.as_slice() {
            [only] => {
                let samples = only.samples.iter().skip(SETTLED_FROM);
                let rates: Vec<f64> = samples.map(|sample| sample.bits_per_second).collect();
                (rates.len() >= FEWEST_INTERVALS).then(|| Values::dependent(&logarithms(&rates))).flatten()
            }
            _ => None,
        };
        Self { mean: mean(&rates), repeats: Values::independent(&logarithms(&rates)), intervals }
    }
}

fn logarithms(rates: &[f64]) -> Vec<f64> {
    let least = mean(rates).unwrap_or_default() * LEAST_PART;
    rates.iter().map(|rate| rate.max(least).ln()).filter(|value| value.is_finite()).collect()
}

impl Noise {
    /// From the tests of all pairs, then and now.
    pub(super) fn of(pairs: &[(Option<Tests>, Option<Tests>)]) -> Self {
        let tests = pairs.iter().flat_map(|(then, now)| [then, now]).flatten();
        let repeats = tests.filter_map(|tests| tests.repeats).map(|values| values.variance).collect();
        let single = pairs.iter().filter_map(|(then, now)| {
            let (then, now) = (then.as_ref()?, now.as_ref()?);
            let are_single = then.repeats.is_none() && now.repeats.is_none();
            Some(now.mean?.ln() - then.mean?.ln()).filter(|change| are_single && change.is_finite())
        });
        let changes: Vec<f64> = single.collect();
        let count = changes.len();
        let middle = median(changes.clone()).unwrap_or_default();
        let deviations: Vec<f64> = changes.iter().map(|change| change - middle).collect();
        let of_changes = spread(&deviations)
            .filter(|_| count >= FEWEST_PAIRS)
            .map(|spread| (spread.powi(2), count as f64 - 1.0));
        Self { of_repeats: median(repeats), of_changes }
    }

    /// The probability that the difference of `then` and `now` is chance; none if there are too few
    /// values.
    fn probability_of_chance(&self, then: &Tests, now: &Tests) -> Option<f64> {
        match (then.repeats, now.repeats) {
            (Some(one), Some(two)) => Some(welch(self.moderated(one), self.moderated(two))),
            // one test against several: it is one more of them, or it is not
            (Some(several), None) => Some(self.moderated(several).probability_of(now.mean?)),
            (None, Some(several)) => Some(self.moderated(several).probability_of(then.mean?)),
            (None, None) => {
                let (one, two) = then.intervals.zip(now.intervals)?;
                let within = welch(one, two);
                let between = self.of_changes.map(|(variance, freedom)| {
                    student(
                        now.mean.unwrap_or_default().ln() - then.mean.unwrap_or_default().ln(),
                        variance,
                        freedom,
                    )
                });
                // two tests differ by more than their intervals do
                Some(between.map_or(within, |between| between.max(within)))
            }
        }
    }

    fn moderated(&self, values: Values) -> Values {
        let Some(of_all) = self.of_repeats else { return values };
        let freedom = values.freedom + FREEDOM_OF_ALL;
        let variance = (values.freedom * values.variance + FREEDOM_OF_ALL * of_all) / freedom;
        Values { variance, freedom, ..values }
    }
}

impl Values {
    fn independent(values: &[f64]) -> Option<Self> {
        let count = values.len() as f64;
        let mean = mean(values).filter(|_| count > 1.0)?;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        Some(Self { mean, variance: squares / (count - 1.0), count, freedom: count - 1.0 })
    }

    /// Values that follow each other are alike: n of them are worth n (1−ρ)/(1+ρ) independent
    /// ones, where ρ is the correlation of neighbours (Bayley and Hammersley, 1946).
    fn dependent(values: &[f64]) -> Option<Self> {
        let all = Self::independent(values)?;
        let squares = all.variance * all.freedom;
        let products: f64 = values.windows(2).map(|two| (two[0] - all.mean) * (two[1] - all.mean)).sum();
        let correlation = if squares > 0.0 { (products / squares).clamp(0.0, 0.95) } else { 0.0 };
        let count = (all.count * (1.0 - correlation) / (1.0 + correlation)).max(2.0);
        Some(Self { count, freedom: count - 1.0, ..all })
    }

    /// The probability that one more value is as far from the mean as that of `rate`.
    fn probability_of(self, rate: f64) -> f64 {
        student(rate.ln() - self.mean, self.variance * (1.0 + 1.0 / self.count), self.freedom)
    }
}

/// The probability of so large a difference of two means by chance, where the variances may differ
/// (Welch, 1947).
fn welch(one: Values, two: Values) -> f64 {
    let of_mean = |values: Values| values.variance / values.count;
    let part = |values: Values| of_mean(values).powi(2) / values.freedom;
    let variance = of_mean(one) + of_mean(two);
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
pub(super) fn of_pair(
    (sender, receiver): (&str, &str),
    then: Option<&Tests>,
    now: Option<&Tests>,
    noise: &Noise,
) -> PairChange {
    let (base, new) = (then.and_then(|tests| tests.mean), now.and_then(|tests| tests.mean));
    let (p, verdict) = match (then, now) {
        (Some(then), Some(now)) => match (base, new) {
            (Some(_), Some(_)) => match noise.probability_of_chance(then, now) {
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
        p: p.filter(|p| p.is_finite()),
        verdict,
    }
}
