//! The comparison of a run with its baseline.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{NodeId, Route};

/// Changes since the baseline, which is an earlier run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// The ID of the baseline run.
    pub base: String,
    /// When the baseline run started.
    pub base_started_at: Timestamp,
    /// What else differs between the two runs and may explain a change, one line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<String>,
    /// The false discovery rate: of the pairs reported as slower or faster, the largest expected fraction
    /// that changed only by chance.
    pub level: f64,
    /// One entry per path and IP family that both runs measured.
    #[serde(rename = "ways")]
    pub routes: Vec<RouteComparison>,
}

/// Changes on one path and IP family.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RouteComparison {
    /// The network path and IP family that were compared.
    #[serde(flatten)]
    pub route: Route,
    /// The median of the pairs' changes, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_percent: Option<f64>,
    /// One entry per ordered pair that either run measured.
    pub pairs: Vec<PairChange>,
}

/// The change of one ordered pair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PairChange {
    /// The sending node.
    pub sender: NodeId,
    /// The receiving node.
    pub receiver: NodeId,
    /// The mean throughput in the baseline; none if it was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_bits_per_second: Option<f64>,
    /// The mean throughput in this run; none if it was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bits_per_second: Option<f64>,
    /// The change in percent of the baseline; none unless both were measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<f64>,
    /// The p-value: the probability of a difference at least this large by chance; none if there are too few
    /// values for a test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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
