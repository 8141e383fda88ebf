//! The cost of one path compared with another: overlay and host network, Service and pod.

use std::collections::HashMap;

use super::statistics::{mean, median};
use crate::document::{Cost, LatencySummary, Note, PairCost, Path, Route, ThroughputSummary};

/// Pairs of a path and its reference path that differ in one respect only.
const COMPARED_PATHS: [(Path, Path); 4] = [
    (Path::Pod, Path::Host),
    (Path::Service, Path::Pod),
    (Path::NodePort, Path::Pod),
    (Path::LoadBalancer, Path::Pod),
];

/// The costs of all comparable paths, for the pairs that were measured on both, without those with a doubtful figure.
pub(super) fn costs(
    throughput: &[ThroughputSummary],
    latency: &[LatencySummary],
    notes: &[Note],
) -> Vec<Cost> {
    let mut costs = Vec::new();
    for (path, against) in COMPARED_PATHS {
        for costly in throughput.iter().filter(|summary| summary.route.path == path) {
            let reference_route = Route { path: against, ..costly.route };
            let reference = throughput.iter().find(|summary| summary.route == reference_route);
            costs.extend(reference.and_then(|reference| cost(costly, reference, latency, notes)));
        }
    }
    costs
}

/// None if no pair was measured on both paths.
fn cost(
    costly: &ThroughputSummary,
    reference: &ThroughputSummary,
    latency: &[LatencySummary],
    notes: &[Note],
) -> Option<Cost> {
    let reference_pairs: HashMap<_, _> =
        reference.pairs.iter().map(|pair| ((pair.sender, pair.receiver), pair)).collect();
    let latencies = |route: Route| -> HashMap<_, f64> {
        let summaries = latency.iter().filter(|summary| summary.route == route);
        let pairs = summaries.flat_map(|summary| &summary.pairs);
        pairs.filter_map(|pair| Some(((pair.client, pair.server), pair.mean_microseconds()?))).collect()
    };
    let (with, without) = (latencies(costly.route), latencies(reference.route));
    let pairs: Vec<PairCost> = costly
        .pairs
        .iter()
        .filter_map(|pair| {
            let ends = (pair.sender, pair.receiver);
            let reference = reference_pairs.get(&ends)?;
            if [pair, reference].iter().any(|pair| pair.is_doubtful(notes)) {
                return None;
            }
            let ratio = pair.mean_bits_per_second()? / reference.mean_bits_per_second()?;
            Some(PairCost {
                sender: pair.sender,
                receiver: pair.receiver,
                percent: (1.0 - ratio) * 100.0,
                added_latency_microseconds: with
                    .get(&ends)
                    .zip(without.get(&ends))
                    .map(|(with, without)| with - without),
            })
        })
        .collect();
    let percents: Vec<f64> = pairs.iter().map(|pair| pair.percent).collect();
    let (mean_percent, median_percent) = (mean(&percents)?, median(percents));
    Some(Cost { route: costly.route, against: reference.route.path, mean_percent, median_percent, pairs })
}

impl Cost {
    /// The pair with the highest cost; none if there are no pairs.
    pub fn worst(&self) -> Option<&PairCost> {
        self.pairs.iter().max_by(|one, other| one.percent.total_cmp(&other.percent))
    }

    /// The median added latency of the pairs where it is known; none if it is known for none.
    pub fn median_added_latency_microseconds(&self) -> Option<f64> {
        median(self.pairs.iter().filter_map(|pair| pair.added_latency_microseconds).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::summarise;
    use crate::document::fixtures::{failed, measured, measured_latency};
    use crate::document::{NoteKind, TestRecord};

    fn on_path(path: Path, record: TestRecord) -> TestRecord {
        TestRecord { route: path.into(), ..record }
    }

    #[test]
    fn slower_overlay_has_positive_cost_faster_one_negative() {
        let tests = [
            measured("a", "b", 6e9),
            on_path(Path::Host, measured("a", "b", 8e9)),
            measured("b", "a", 8.8e9),
            on_path(Path::Host, measured("b", "a", 8e9)),
        ];
        let costs = summarise(&tests, &[]).costs;
        assert_eq!((costs.len(), costs[0].route.path, costs[0].against), (1, Path::Pod, Path::Host));
        let percents: Vec<i64> = costs[0].pairs.iter().map(|pair| pair.percent.round() as i64).collect();
        assert_eq!(percents, [25, -10]);
        assert!((costs[0].mean_percent - 7.5).abs() < 1e-9);
        assert!((costs[0].median_percent.unwrap() - 7.5).abs() < 1e-9);
        assert_eq!(costs[0].worst().unwrap().sender, "a");
    }

    #[test]
    fn single_outlier_does_not_decide_the_median_cost() {
        let rates = [("a", "b", 6e9), ("b", "c", 6e9), ("c", "a", 80e9)];
        let tests: Vec<TestRecord> = rates
            .into_iter()
            .flat_map(|(sender, receiver, rate)| {
                let host = on_path(Path::Host, measured(sender, receiver, 8e9));
                [measured(sender, receiver, rate), host]
            })
            .collect();
        let cost = summarise(&tests, &[]).costs.remove(0);
        assert!((cost.median_percent.unwrap() - 25.0).abs() < 1e-9);
        assert!(cost.mean_percent < -200.0);
    }

    #[test]
    fn pair_under_a_limit_that_was_not_requested_has_no_cost() {
        let rates = [("a", "b"), ("b", "a"), ("b", "c")];
        let tests: Vec<TestRecord> = rates
            .into_iter()
            .flat_map(|(sender, receiver)| {
                let host = on_path(Path::Host, measured(sender, receiver, 8e9));
                [measured(sender, receiver, 6e9), host]
            })
            .collect();
        let limit = |node: &str| Note::of_node(NoteKind::CpuLimit, "a CPU limit of 200m", node.into());
        let pairs = summarise(&tests, &[limit("a")]).costs.remove(0).pairs;
        assert_eq!(
            pairs.iter().map(|pair| (pair.sender, pair.receiver)).collect::<Vec<_>>(),
            [("b".into(), "c".into())]
        );
        assert!(summarise(&tests, &[limit("b")]).costs.is_empty());
    }

    #[test]
    fn pair_that_failed_on_one_path_has_no_cost() {
        let tests = [
            failed("a", "b", "no route"),
            on_path(Path::Host, measured("a", "b", 8e9)),
            on_path(Path::Service, measured("a", "b", 8e9)),
        ];
        assert!(summarise(&tests, &[]).costs.is_empty());
    }

    #[test]
    fn added_latency_is_the_difference_between_both_paths() {
        let tests = [
            measured("a", "b", 6e9),
            on_path(Path::Host, measured("a", "b", 8e9)),
            measured_latency("a", "b", 80.0),
            on_path(Path::Host, measured_latency("a", "b", 50.0)),
        ];
        let cost = summarise(&tests, &[]).costs.remove(0);
        assert_eq!(cost.median_added_latency_microseconds(), Some(30.0));
    }
}
