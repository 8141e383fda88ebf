//! Compares a run with its baseline: the change of each pair, and whether it is significant.

mod change;
mod differences;

use std::collections::HashMap;

use super::statistics::median;
use crate::document::{
    Comparison, METRICS, Measure, Metric, NodeId, PairChange, Route, RouteComparison, Run, TestRecord,
    Verdict,
};
use change::{Noise, PairTests};

/// The false discovery rate: the largest expected fraction of pairs reported as slower or faster that changed
/// only by chance (Benjamini and Hochberg, 1995).
const FALSE_DISCOVERY_RATE: f64 = 0.05;

/// A smaller change has no practical relevance, even if it is significant.
const MIN_PERCENT: f64 = 2.0;

/// A change of this size is worth a look even if its significance is unknown.
const LARGE_PERCENT: f64 = 10.0;

/// Compares `run` with its baseline, on the routes of both.
///
/// With repetitions, Welch's test compares the tests of a pair. With a single test each, it compares the
/// intervals of the two tests, and the change is compared with those of the other pairs.
pub fn compare(base: &Run, run: &Run) -> Comparison {
    let compared = METRICS.iter().filter(|metric| metric.comparison.is_some());
    let routes = compared.flat_map(|metric| {
        let (base, new) = (group_by_pair(base, metric.measure), group_by_pair(run, metric.measure));
        let routes = new.routes.iter().filter(|route| base.routes.contains(route));
        routes.map(|route| compare_route(metric, *route, &base, &new)).collect::<Vec<_>>()
    });
    Comparison {
        base: base.id.clone(),
        base_started_at: base.started_at,
        differences: differences::differences(base, run),
        level: FALSE_DISCOVERY_RATE,
        routes: routes.collect(),
    }
}

/// Sender, receiver, and the route between them.
type Key = (NodeId, NodeId, Route);

/// The tests of a measure by pair and route.
#[derive(Default)]
struct TestsByPair<'a> {
    routes: Vec<Route>,
    /// The keys of `tests` in the order of the run.
    keys: Vec<Key>,
    tests: HashMap<Key, Vec<&'a TestRecord>>,
}

fn group_by_pair(run: &Run, measure: Measure) -> TestsByPair<'_> {
    let mut pairs = TestsByPair::default();
    for test in run.tests.iter().filter(|test| test.measure == measure) {
        let route = test.route;
        if !pairs.routes.contains(&route) {
            pairs.routes.push(route);
        }
        let (sender, receiver) = test.sender_and_receiver();
        let key = (sender, receiver, route);
        let tests = pairs.tests.entry(key).or_default();
        if tests.is_empty() {
            pairs.keys.push(key);
        }
        tests.push(test);
    }
    pairs
}

fn compare_route(
    metric: &'static Metric,
    route: Route,
    base: &TestsByPair,
    new: &TestsByPair,
) -> RouteComparison {
    let only_in_base = base.keys.iter().filter(|key| !new.tests.contains_key(*key));
    let keys = new.keys.iter().chain(only_in_base).filter(|key| key.2 == route);
    let keys: Vec<&Key> = keys.collect();
    let tests = |of: &TestsByPair, key: &Key| of.tests.get(key).map(|tests| PairTests::new(metric, tests));
    let both: Vec<_> = keys.iter().map(|key| (tests(base, key), tests(new, key))).collect();
    let noise = Noise::estimate(&both);
    let changes = keys
        .iter()
        .zip(&both)
        .map(|(key, (base, new))| change::compare_pair((key.0, key.1), base.as_ref(), new.as_ref(), &noise));
    let pairs: Vec<PairChange> = changes.collect();
    let median_percent = median(pairs.iter().filter_map(|pair| pair.percent).collect());
    let mut compared = RouteComparison { metric, route, median_percent, pairs };
    mark_significant(&mut compared);
    compared
}

/// Marks pairs as slower or faster by the procedure of Benjamini and Hochberg: the largest p-value that is
/// within the false discovery rate for its rank is the limit for all pairs.
fn mark_significant(compared: &mut RouteComparison) {
    let mut p_values: Vec<f64> = compared.pairs.iter().filter_map(|pair| pair.p).collect();
    p_values.sort_by(f64::total_cmp);
    let count = p_values.len() as f64;
    let is_within = |(rank, p): &(usize, &f64)| **p <= FALSE_DISCOVERY_RATE * (rank + 1) as f64 / count;
    let limit = p_values.iter().enumerate().filter(is_within).map(|(_, p)| *p).next_back();
    let losses: Vec<Option<f64>> = compared.pairs.iter().map(|pair| compared.loss_percent(pair)).collect();
    for (pair, loss) in compared.pairs.iter_mut().zip(losses) {
        let (Some(p), Some(loss)) = (pair.p, loss) else { continue };
        if limit.is_some_and(|limit| p <= limit) && loss.abs() >= MIN_PERCENT {
            pair.verdict = if loss > 0.0 { Verdict::Slower } else { Verdict::Faster };
        }
    }
}

impl RouteComparison {
    /// The pairs that got worse: first those that fail now, then by percent. A change of unknown significance
    /// is included if it is large.
    pub fn worse(&self) -> Vec<&PairChange> {
        let is_worse = |pair: &&PairChange| match pair.verdict {
            Verdict::Slower | Verdict::NowFails => true,
            Verdict::Unclear => self.loss_percent(pair).is_some_and(|loss| loss >= LARGE_PERCENT),
            _ => false,
        };
        let mut worse: Vec<&PairChange> = self.pairs.iter().filter(is_worse).collect();
        let badness = |pair: &PairChange| self.loss_percent(pair).unwrap_or(f64::INFINITY);
        worse.sort_by(|one, other| badness(other).total_cmp(&badness(one)));
        worse
    }

    /// The number of pairs with this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.pairs.iter().filter(|pair| pair.verdict == verdict).count()
    }
}

#[cfg(test)]
mod tests;
