//! The comparison of a run with its baseline.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{METRICS, Metric, NodeId, Route};

/// Changes since the baseline, which is an earlier run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "Form", into = "Form")]
#[schemars(with = "Form")]
pub struct Comparison {
    /// The ID of the baseline run.
    pub base: String,
    /// When the baseline run started.
    pub base_started_at: Timestamp,
    /// What else differs between the two runs and may explain a change, one line each.
    pub differences: Vec<String>,
    /// The false discovery rate: of the pairs reported as slower or faster, the largest expected fraction that
    /// changed only by chance.
    pub level: f64,
    /// One entry per compared metric and route that both runs measured, throughput first.
    pub routes: Vec<RouteComparison>,
}

/// Changes of a metric on one route.
#[derive(Debug, Clone, PartialEq)]
pub struct RouteComparison {
    /// The metric.
    pub metric: &'static Metric,
    /// The network path and IP family.
    pub route: Route,
    /// The median of the pairs' changes, in percent.
    pub median_percent: Option<f64>,
    /// One entry per ordered pair that either run measured.
    pub pairs: Vec<PairChange>,
}

/// The change of one ordered pair.
#[derive(Debug, Clone, PartialEq)]
pub struct PairChange {
    /// The sending node, or the client of latency tests.
    pub sender: NodeId,
    /// The receiving node, or the server of latency tests.
    pub receiver: NodeId,
    /// The mean in the baseline, in the unit of the metric; none if it was not measured.
    pub base: Option<f64>,
    /// The mean in this run, in the unit of the metric; none if it was not measured.
    pub value: Option<f64>,
    /// The change in percent of the baseline; none unless both were measured.
    pub percent: Option<f64>,
    /// The p-value: the probability of a difference at least this large by chance; none if there are too few
    /// values for a test.
    pub p: Option<f64>,
    /// The interpretation of the change.
    pub verdict: Verdict,
}

/// The interpretation of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Significantly slower.
    Slower,
    /// Significantly faster.
    Faster,
    /// No significant change.
    Same,
    /// Too few values to distinguish a change from chance.
    Unclear,
    /// Measured in the baseline, failed in this run.
    NowFails,
    /// Failed in the baseline, measured in this run.
    NowWorks,
    /// Failed in both runs.
    StillFails,
    /// Tested in only one of the runs.
    OnlyInOne,
}

impl RouteComparison {
    /// How much worse a pair has become, in percent; negative if it is better.
    pub fn loss_percent(&self, pair: &PairChange) -> Option<f64> {
        pair.percent.map(|percent| if self.metric.is_larger_worse() { percent } else { -percent })
    }
}

/// Changes since the baseline, which is an earlier run.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Comparison")]
struct Form {
    /// The ID of the baseline run.
    base: String,
    /// When the baseline run started.
    base_started_at: Timestamp,
    /// What else differs between the two runs and may explain a change, one line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    differences: Vec<String>,
    /// The false discovery rate: of the pairs reported as slower or faster, the largest expected fraction
    /// that changed only by chance.
    level: f64,
    /// The changes of throughput: one entry per path and IP family that both runs measured.
    ways: Vec<ThroughputForm>,
    /// The changes of other metrics: one entry per metric, path and IP family that both runs measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    metrics: Vec<MetricForm>,
}

/// Changes of throughput on one path and IP family.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RouteComparison")]
struct ThroughputForm {
    #[serde(flatten)]
    route: Route,
    /// The median of the pairs' changes, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    median_percent: Option<f64>,
    /// One entry per ordered pair that either run measured.
    pairs: Vec<ThroughputChange>,
}

/// The change of the throughput of one ordered pair.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PairChange")]
struct ThroughputChange {
    /// The sending node.
    sender: NodeId,
    /// The receiving node.
    receiver: NodeId,
    /// The mean throughput in the baseline; none if it was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base_bits_per_second: Option<f64>,
    /// The mean throughput in this run; none if it was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bits_per_second: Option<f64>,
    #[serde(flatten)]
    change: Change,
}

/// Changes of a metric on one path and IP family.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "MetricComparison")]
struct MetricForm {
    /// The metric: a field of the summary of latency, which names its unit.
    metric: String,
    #[serde(flatten)]
    route: Route,
    /// The median of the pairs' changes, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    median_percent: Option<f64>,
    /// One entry per ordered pair that either run measured.
    pairs: Vec<MetricChange>,
}

/// The change of a metric of one ordered pair.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct MetricChange {
    /// The node of the client, which sends the requests.
    client: NodeId,
    /// The node of the server, which replies.
    server: NodeId,
    /// The mean in the baseline; none if it was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base: Option<f64>,
    /// The mean in this run; none if it was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<f64>,
    #[serde(flatten)]
    change: Change,
}

#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Change {
    /// The change in percent of the baseline; none unless both were measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    percent: Option<f64>,
    /// The p-value: the probability of a difference at least this large by chance; none if there are too few
    /// values for a test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    p: Option<f64>,
    /// The interpretation of the change.
    verdict: Verdict,
}

impl Change {
    fn of(pair: &PairChange) -> Self {
        Self { percent: pair.percent, p: pair.p, verdict: pair.verdict }
    }

    /// This change between two nodes, from one value to another.
    fn of_pair(
        self,
        (sender, receiver): (NodeId, NodeId),
        (base, value): (Option<f64>, Option<f64>),
    ) -> PairChange {
        let Self { percent, p, verdict } = self;
        PairChange { sender, receiver, base, value, percent, p, verdict }
    }
}

impl From<Comparison> for Form {
    fn from(comparison: Comparison) -> Self {
        let Comparison { base, base_started_at, differences, level, routes } = comparison;
        let (mut ways, mut metrics) = (Vec::new(), Vec::new());
        for RouteComparison { metric, route, median_percent, pairs } in routes {
            if metric == Metric::throughput_mean() {
                let pair = |pair: PairChange| ThroughputChange {
                    change: Change::of(&pair),
                    sender: pair.sender,
                    receiver: pair.receiver,
                    base_bits_per_second: pair.base,
                    bits_per_second: pair.value,
                };
                let pairs = pairs.into_iter().map(pair).collect();
                ways.push(ThroughputForm { route, median_percent, pairs });
            } else if let Some(aggregate) = &metric.aggregate {
                let pair = |pair: PairChange| MetricChange {
                    change: Change::of(&pair),
                    client: pair.sender,
                    server: pair.receiver,
                    base: pair.base,
                    value: pair.value,
                };
                let pairs = pairs.into_iter().map(pair).collect();
                metrics.push(MetricForm { metric: aggregate.field.to_owned(), route, median_percent, pairs });
            }
        }
        Self { base, base_started_at, differences, level, ways, metrics }
    }
}

impl From<Form> for Comparison {
    fn from(form: Form) -> Self {
        let Form { base, base_started_at, differences, level, ways, metrics } = form;
        let ways = ways.into_iter().map(|ThroughputForm { route, median_percent, pairs }| {
            let pair = |pair: ThroughputChange| {
                let (ends, values) =
                    ((pair.sender, pair.receiver), (pair.base_bits_per_second, pair.bits_per_second));
                pair.change.of_pair(ends, values)
            };
            let (metric, pairs) = (Metric::throughput_mean(), pairs.into_iter().map(pair).collect());
            RouteComparison { metric, route, median_percent, pairs }
        });
        // a metric of a newer version of this program is ignored
        let metrics =
            metrics.into_iter().filter_map(|MetricForm { metric, route, median_percent, pairs }| {
                let is_it = |of: &&Metric| of.aggregate.as_ref().is_some_and(|of| of.field == metric);
                let pair = |pair: MetricChange| {
                    pair.change.of_pair((pair.client, pair.server), (pair.base, pair.value))
                };
                let pairs = pairs.into_iter().map(pair).collect();
                Some(RouteComparison { metric: METRICS.iter().find(is_it)?, route, median_percent, pairs })
            });
        let routes = ways.chain(metrics).collect();
        Self { base, base_started_at, differences, level, routes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::compare;
    use crate::document::fixtures::{measured, measured_latency, run};
    use serde_json::json;

    #[test]
    fn throughput_and_other_metrics_have_their_own_lists() {
        let tests = |rate, latency| vec![measured("a", "b", rate), measured_latency("a", "b", latency)];
        let comparison = compare(&run(&["a", "b"], tests(8e9, 50.0)), &run(&["a", "b"], tests(4e9, 100.0)));
        let document = serde_json::to_value(&comparison).unwrap();
        assert_eq!(
            document["ways"],
            json!([{"path": "pod", "medianPercent": -50.0, "pairs": [{
                "sender": "a", "receiver": "b", "baseBitsPerSecond": 8e9, "bitsPerSecond": 4e9,
                "percent": -50.0, "verdict": "unclear",
            }]}])
        );
        assert_eq!(
            document["metrics"],
            json!([{"metric": "meanMicroseconds", "path": "pod", "medianPercent": 100.0, "pairs": [{
                "client": "a", "server": "b", "base": 50.0, "value": 100.0, "percent": 100.0,
                "verdict": "unclear",
            }]}])
        );
        assert_eq!(serde_json::from_value::<Comparison>(document).unwrap(), comparison);
    }
}
