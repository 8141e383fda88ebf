//! What one path costs against another: the overlay against the wire, a Service against a pod.

use std::collections::HashMap;

use super::statistics::mean;
use crate::document::{Cost, LatencySummary, PairCost, Path, ThroughputSummary};

/// The paths whose difference has one cause.
const COMPARED: [(Path, Path); 4] = [
    (Path::Pod, Path::Host),
    (Path::Service, Path::Pod),
    (Path::NodePort, Path::Pod),
    (Path::LoadBalancer, Path::Pod),
];

/// The costs of all paths that can be compared, as far as the same pairs were measured over both.
pub(super) fn costs(throughput: &[ThroughputSummary], latency: &[LatencySummary]) -> Vec<Cost> {
    let mut costs = Vec::new();
    for (path, against) in COMPARED {
        for costly in throughput.iter().filter(|summary| summary.path == path) {
            let same =
                |other: &&ThroughputSummary| other.path == against && other.ip_family == costly.ip_family;
            costs.extend(throughput.iter().find(same).and_then(|other| cost(costly, other, latency)));
        }
    }
    costs
}

fn cost(costly: &ThroughputSummary, against: &ThroughputSummary, latency: &[LatencySummary]) -> Option<Cost> {
    let others: HashMap<_, _> =
        against.pairs.iter().map(|pair| ((&pair.sender, &pair.receiver), pair)).collect();
    let latencies = |path: Path| -> HashMap<_, f64> {
        let of_path = latency.iter().filter(|of| of.path == path && of.ip_family == costly.ip_family);
        let pairs = of_path.flat_map(|of| &of.pairs);
        pairs.filter_map(|pair| Some(((&pair.client, &pair.server), pair.mean_microseconds?))).collect()
    };
    let (with, without) = (latencies(costly.path), latencies(against.path));
    let pairs: Vec<PairCost> = costly
        .pairs
        .iter()
        .filter_map(|pair| {
            let ends = (&pair.sender, &pair.receiver);
            let part = pair.mean_bits_per_second? / others.get(&ends)?.mean_bits_per_second?;
            Some(PairCost {
                sender: pair.sender.clone(),
                receiver: pair.receiver.clone(),
                percent: (1.0 - part) * 100.0,
                added_latency_microseconds: with
                    .get(&ends)
                    .zip(without.get(&ends))
                    .map(|(with, without)| with - without),
            })
        })
        .collect();
    let mean_percent = mean(&pairs.iter().map(|pair| pair.percent).collect::<Vec<_>>())?;
    Some(Cost { path: costly.path, against: against.path, ip_family: costly.ip_family, mean_percent, pairs })
}

impl Cost {
    /// The pair for which the path costs most; none if there is no pair.
    pub fn worst(&self) -> Option<&PairCost> {
        self.pairs.iter().max_by(|one, other| one.percent.total_cmp(&other.percent))
    }

    /// How much longer an answer takes, as the mean of the pairs for which it is known.
    pub fn mean_added_latency_microseconds(&self) -> Option<f64> {
        mean(&self.pairs.iter().filter_map(|pair| pair.added_latency_microseconds).collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::summarise;
    use crate::document::TestRecord;
    use crate::document::fixtures::{asked, failed, measured};

    fn over(path: Path, record: TestRecord) -> TestRecord {
        TestRecord { path, ..record }
    }

    #[test]
    fn a_slower_overlay_costs_and_a_faster_one_costs_less_than_nothing() {
        let tests = [
            measured("a", "b", 6e9),
            over(Path::Host, measured("a", "b", 8e9)),
            measured("b", "a", 8.8e9),
            over(Path::Host, measured("b", "a", 8e9)),
        ];
        let costs = summarise(&tests).costs;
        assert_eq!((costs.len(), costs[0].path, costs[0].against), (1, Path::Pod, Path::Host));
        let percents: Vec<i64> = costs[0].pairs.iter().map(|pair| pair.percent.round() as i64).collect();
        assert_eq!(percents, [25, -10]);
        assert!((costs[0].mean_percent - 7.5).abs() < 1e-9);
        assert_eq!(costs[0].worst().unwrap().sender, "a");
    }

    #[test]
    fn what_failed_over_one_path_has_no_cost() {
        let tests = [
            failed("a", "b", "no route"),
            over(Path::Host, measured("a", "b", 8e9)),
            over(Path::Service, measured("a", "b", 8e9)),
        ];
        assert!(summarise(&tests).costs.is_empty());
    }

    #[test]
    fn added_latency_is_told_where_both_were_asked() {
        let tests = [
            measured("a", "b", 6e9),
            over(Path::Host, measured("a", "b", 8e9)),
            asked("a", "b", 80.0),
            over(Path::Host, asked("a", "b", 50.0)),
        ];
        let cost = summarise(&tests).costs.remove(0);
        assert_eq!(cost.mean_added_latency_microseconds(), Some(30.0));
    }
}
