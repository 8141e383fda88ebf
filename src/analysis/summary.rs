//! Summarises the tests of each pair, per route.

use std::collections::HashMap;

use super::cost;
use super::statistics::{mean, median, standard_deviation};
use crate::document::{
    AggregateKind, Aggregates, LatencyPair, LatencySummary, Measure, NodeId, Note, Outcome, PairSummary,
    Summary, TestRecord, ThroughputSummary,
};

/// Summarises the tests of a run, without findings.
pub fn summarise(tests: &[TestRecord], notes: &[Note]) -> Summary {
    let measuring = |measure: Measure| tests.iter().filter(move |test| test.measure == measure);
    let throughput: Vec<ThroughputSummary> = group_by(measuring(Measure::Throughput), |test| test.route)
        .into_iter()
        .map(|(route, tests)| {
            let pairs = group_by(tests.into_iter(), TestRecord::sender_and_receiver);
            let pairs: Vec<PairSummary> = pairs.iter().map(|(_, tests)| summarise_pair(tests)).collect();
            let means = pairs.iter().filter_map(PairSummary::mean_bits_per_second).collect();
            ThroughputSummary { route, median_bits_per_second: median(means), pairs }
        })
        .collect();
    let latency: Vec<LatencySummary> = group_by(measuring(Measure::Latency), |test| test.route)
        .into_iter()
        .map(|(route, tests)| {
            let loaded = throughput.iter().filter(|summary| summary.route == route);
            let loaded: RoundTripTimes = loaded
                .flat_map(|summary| &summary.pairs)
                .filter_map(|pair| {
                    Some(((pair.sender, pair.receiver), pair.mean_round_trip_time_microseconds()?))
                })
                .collect();
            let pairs = group_by(tests.into_iter(), |test| (test.client, test.server));
            let pairs: Vec<LatencyPair> =
                pairs.iter().map(|(_, tests)| summarise_latency(tests, &loaded)).collect();
            let means = pairs.iter().filter_map(LatencyPair::mean_microseconds).collect();
            LatencySummary { route, median_microseconds: median(means), pairs }
        })
        .collect();
    let costs = cost::costs(&throughput, &latency, notes);
    Summary { throughput, latency, costs }
}

/// Groups in the order in which their keys first appear; none is empty.
fn group_by<'a, K: Copy + Eq + std::hash::Hash>(
    tests: impl Iterator<Item = &'a TestRecord>,
    key: impl Fn(&'a TestRecord) -> K,
) -> Vec<(K, Vec<&'a TestRecord>)> {
    let mut positions: HashMap<K, usize> = HashMap::new();
    let mut groups: Vec<(K, Vec<&TestRecord>)> = Vec::new();
    for test in tests {
        let key = key(test);
        let position = *positions.entry(key).or_insert_with(|| {
            groups.push((key, Vec::new()));
            groups.len() - 1
        });
        groups[position].1.push(test);
    }
    groups
}

/// `tests` are the throughput tests of one pair and must not be empty.
fn summarise_pair(tests: &[&TestRecord]) -> PairSummary {
    let rates: Vec<f64> =
        tests.iter().filter_map(|test| Some(test.outcome.throughput()?.bits_per_second)).collect();
    let (sender, receiver) = tests[0].sender_and_receiver();
    PairSummary {
        sender,
        receiver,
        measured: rates.len(),
        failed: tests.len() - rates.len(),
        cut: tests.iter().filter_map(|test| test.outcome.throughput()?.cut_by.as_ref()).count(),
        aggregates: aggregates(Measure::Throughput, tests),
        standard_deviation_bits_per_second: standard_deviation(&rates),
        min_bits_per_second: rates.iter().copied().reduce(f64::min),
        max_bits_per_second: rates.iter().copied().reduce(f64::max),
        failure: last_failure(tests),
    }
}

/// TCP round-trip times under load in microseconds, by sender and receiver.
type RoundTripTimes = HashMap<(NodeId, NodeId), f64>;

/// `tests` are the latency tests of one pair and must not be empty; `loaded` belongs to the same route.
fn summarise_latency(tests: &[&TestRecord], loaded: &RoundTripTimes) -> LatencyPair {
    let (client, server) = (tests[0].client, tests[0].server);
    let measured = tests.iter().filter(|test| test.outcome.is_ok()).count();
    let under_load_microseconds = loaded.get(&(client, server)).copied();
    let mut pair = LatencyPair {
        client,
        server,
        measured,
        failed: tests.len() - measured,
        aggregates: aggregates(Measure::Latency, tests),
        under_load_microseconds,
        load_ratio: None,
        failure: last_failure(tests),
    };
    let ratio = under_load_microseconds.zip(pair.mean_microseconds()).map(|(loaded, idle)| loaded / idle);
    pair.load_ratio = ratio.filter(|ratio| ratio.is_finite());
    pair
}

/// Tests that do not yield a metric are excluded from its aggregate.
fn aggregates(measure: Measure, tests: &[&TestRecord]) -> Aggregates {
    Aggregates::of(measure, |metric, kind| {
        let values: Vec<f64> = tests.iter().filter_map(|test| metric.of(test)).collect();
        match kind {
            AggregateKind::Mean => mean(&values),
            AggregateKind::Max => values.into_iter().reduce(f64::max),
        }
    })
}

fn last_failure(tests: &[&TestRecord]) -> Option<String> {
    tests.iter().rev().find_map(|test| match &test.outcome {
        Outcome::Failed(failure) => Some(failure.to_string()),
        Outcome::Ok(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::METRICS;
    use crate::document::fixtures::{failed, measured, measured_latency};
    use crate::document::{Direction, Path};

    #[test]
    fn repeated_tests_of_a_pair_yield_mean_and_deviation() {
        let tests = [measured("a", "b", 8e9), measured("a", "b", 10e9), measured("b", "a", 4e9)];
        let summary = &summarise(&tests, &[]).throughput[0];
        let pair = &summary.pairs[0];
        assert_eq!(pair.mean_bits_per_second(), Some(9e9));
        assert_eq!((pair.min_bits_per_second, pair.max_bits_per_second), (Some(8e9), Some(10e9)));
        let spread = pair.standard_deviation_bits_per_second.unwrap();
        assert!((spread - 2f64.sqrt() * 1e9).abs() < 1.0);
        assert_eq!(summary.pairs[1].standard_deviation_bits_per_second, None);
        assert_eq!(summary.median_bits_per_second, Some(6.5e9));
    }

    #[test]
    fn failed_tests_are_counted_but_excluded_from_means() {
        let tests = [measured("a", "b", 8e9), failed("a", "b", "no route"), failed("b", "a", "no route")];
        let summary = &summarise(&tests, &[]).throughput[0];
        assert_eq!((summary.pairs[0].measured, summary.pairs[0].failed), (1, 1));
        assert_eq!(summary.pairs[0].mean_bits_per_second(), Some(8e9));
        assert_eq!(summary.pairs[1].mean_bits_per_second(), None);
        assert_eq!(summary.pairs[1].failure.as_deref(), Some("no route"));
        assert_eq!(summary.median_bits_per_second, Some(8e9));
    }

    #[test]
    fn reverse_test_forms_its_own_pair_sent_by_the_server() {
        let back = TestRecord { direction: Direction::ServerToClient, ..measured("a", "b", 2e9) };
        let pairs = summarise(&[measured("a", "b", 8e9), back], &[]).throughput.remove(0).pairs;
        assert_eq!((pairs[1].sender, pairs[1].receiver), ("b".into(), "a".into()));
        let cpu = |pair: usize, field| {
            pairs[pair].aggregates.get(METRICS.iter().find(|of| of.label == Some(field)).unwrap())
        };
        assert_eq!(cpu(1, "Sender CPU"), cpu(0, "Receiver CPU"));
    }

    #[test]
    fn each_path_gets_its_own_summary() {
        let host = |record: TestRecord| TestRecord { route: Path::Host.into(), ..record };
        let tests = [measured("a", "b", 8e9), host(measured("a", "b", 10e9))];
        let medians: Vec<_> = summarise(&tests, &[])
            .throughput
            .iter()
            .map(|summary| (summary.route.path, summary.median_bits_per_second))
            .collect();
        assert_eq!(medians, [(Path::Pod, Some(8e9)), (Path::Host, Some(10e9))]);
    }

    #[test]
    fn latency_pair_includes_latency_under_load() {
        let tests =
            [measured_latency("a", "b", 50.0), measured_latency("a", "b", 100.0), measured("a", "b", 8e9)];
        let summary = summarise(&tests, &[]);
        let pair = &summary.latency[0].pairs[0];
        assert_eq!((pair.mean_microseconds(), pair.measured), (Some(75.0), 2));
        // the fixture's round-trip time under load is 131.5 µs
        assert_eq!(pair.under_load_microseconds, Some(131.5));
        assert!((pair.load_ratio.unwrap() - 131.5 / 75.0).abs() < 1e-9);
        assert_eq!(summary.throughput[0].pairs.len(), 1, "latency tests are not throughput tests");
    }
}
