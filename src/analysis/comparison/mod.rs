//! A run against an earlier one: what has changed for each pair, and whether by more than chance.

mod alike;
mod change;

use std::collections::HashMap;

use super::statistics::median;
use super::summary::Way;
use crate::document::{
    Comparison, IpFamily, Measure, PairChange, Path, Run, TestRecord, Verdict, WayComparison,
};
use change::{Noise, Tests};

/// Of the pairs that are called slower or faster, no more than this part is so by chance: the false
/// discovery rate (Benjamini and Hochberg, 1995).
const LEVEL: f64 = 0.05;

/// A change that nobody would act on is none, however sure it is.
const LEAST_PERCENT: f64 = 2.0;

/// A change that is worth a look even where it may be chance.
const LARGE_PERCENT: f64 = 10.0;

/// Compares `run` with the earlier run `base`, for the pairs and ways of both.
///
/// With repeats, the tests of a pair are the values that are compared; with one test each, the
/// intervals of the two tests, and what the other pairs have changed by. The test is Welch's.
pub fn compare(base: &Run, run: &Run) -> Comparison {
    let (then, now) = (by_pair(base), by_pair(run));
    let ways = now.ways.iter().filter(|way| then.ways.contains(way));
    Comparison {
        base: base.id.clone(),
        base_started_at: base.started_at,
        differences: alike::differences(base, run),
        level: LEVEL,
        ways: ways.map(|way| compare_way(*way, &then, &now)).collect(),
    }
}

/// A sender, a receiver, and the way between them.
type Key<'a> = (&'a str, &'a str, Way);

/// The throughput tests of a run.
#[derive(Default)]
struct ByPair<'a> {
    ways: Vec<Way>,
    /// In the order of the run.
    keys: Vec<Key<'a>>,
    tests: HashMap<Key<'a>, Vec<&'a TestRecord>>,
}

fn by_pair(run: &Run) -> ByPair<'_> {
    let mut pairs = ByPair::default();
    for test in run.tests.iter().filter(|test| test.measure == Measure::Throughput) {
        let way: (Path, Option<IpFamily>) = (test.path, test.ip_family);
        if !pairs.ways.contains(&way) {
            pairs.ways.push(way);
        }
        let (sender, receiver) = test.sender_and_receiver();
        let key = (sender, receiver, way);
        let tests = pairs.tests.entry(key).or_default();
        if tests.is_empty() {
            pairs.keys.push(key);
        }
        tests.push(test);
    }
    pairs
}

fn compare_way(way: Way, then: &ByPair, now: &ByPair) -> WayComparison {
    let only_then = then.keys.iter().filter(|key| !now.tests.contains_key(*key));
    let keys = now.keys.iter().chain(only_then).filter(|key| key.2 == way);
    let keys: Vec<&Key> = keys.collect();
    let tests = |of: &ByPair, key: &Key| of.tests.get(key).map(|tests| Tests::of(tests));
    let both: Vec<_> = keys.iter().map(|key| (tests(then, key), tests(now, key))).collect();
    let noise = Noise::of(&both);
    let changes = keys
        .iter()
        .zip(&both)
        .map(|(key, (then, now))| change::of_pair((key.0, key.1), then.as_ref(), now.as_ref(), &noise));
    let mut pairs: Vec<PairChange> = changes.collect();
    call(&mut pairs);
    let percents = pairs.iter().filter_map(|pair| pair.percent).collect();
    WayComparison { path: way.0, ip_family: way.1, median_percent: median(percents), pairs }
}

/// Calls the pairs slower or faster whose probabilities are small enough together.
fn call(pairs: &mut [PairChange]) {
    let mut probabilities: Vec<f64> = pairs.iter().filter_map(|pair| pair.p).collect();
    probabilities.sort_by(f64::total_cmp);
    let count = probabilities.len() as f64;
    let within = |(rank, p): (usize, &f64)| (*p <= LEVEL * (rank + 1) as f64 / count).then_some(*p);
    let largest = probabilities.iter().enumerate().filter_map(within).next_back();
    for pair in pairs {
        let (Some(p), Some(percent)) = (pair.p, pair.percent) else { continue };
        if largest.is_some_and(|largest| p <= largest) && percent.abs() >= LEAST_PERCENT {
            pair.verdict = if percent < 0.0 { Verdict::Slower } else { Verdict::Faster };
        }
    }
}

impl WayComparison {
    /// The pairs that changed for the worse, the worst first: those that fail now, then by percent.
    /// What cannot be told from chance counts if it is large.
    pub fn worse(&self) -> Vec<&PairChange> {
        let is_worse = |pair: &&PairChange| match pair.verdict {
            Verdict::Slower | Verdict::NowFails => true,
            Verdict::Unclear => pair.percent.is_some_and(|percent| percent <= -LARGE_PERCENT),
            _ => false,
        };
        let mut worse: Vec<&PairChange> = self.pairs.iter().filter(is_worse).collect();
        let badness = |pair: &PairChange| pair.percent.unwrap_or(f64::NEG_INFINITY);
        worse.sort_by(|one, other| badness(one).total_cmp(&badness(other)));
        worse
    }

    /// How many pairs have this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.pairs.iter().filter(|pair| pair.verdict == verdict).count()
    }
}

#[cfg(test)]
mod tests;
