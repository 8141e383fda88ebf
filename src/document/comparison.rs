//! A run against an earlier one.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{IpFamily, Path};

/// What has changed since another run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// The id of the other run.
    pub base: String,
    /// When that one began.
    pub base_started_at: Timestamp,
    /// Why the two may not be alike, each as a sentence without a full stop.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<String>,
    /// Of the pairs that are called slower or faster, no more than this part is so by chance.
    pub level: f64,
    /// One entry per path and version of IP that both runs have.
    pub ways: Vec<WayComparison>,
}

/// What has changed on one way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WayComparison {
    /// The way of the packets.
    pub path: Path,
    /// The version of IP, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_family: Option<IpFamily>,
    /// The median of the pairs' changes, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_percent: Option<f64>,
    /// One entry per pair that one of the runs has.
    pub pairs: Vec<PairChange>,
}

/// What has changed for one ordered pair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PairChange {
    /// The node that sends.
    pub sender: String,
    /// The node that receives.
    pub receiver: String,
    /// The mean throughput then; none if it was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_bits_per_second: Option<f64>,
    /// The mean throughput now; none if it was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bits_per_second: Option<f64>,
    /// The change in percent of what it was; none unless both were measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<f64>,
    /// The probability of so large a difference by chance; none where no test could be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
    /// What this means.
    pub verdict: Verdict,
}

/// What a change means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Slower, by more than chance.
    Slower,
    /// Faster, by more than chance.
    Faster,
    /// No more than chance.
    Same,
    /// There are too few values to tell a change from chance.
    Unclear,
    /// Measured then, and failed now.
    NowFails,
    /// Failed then, and measured now.
    NowWorks,
    /// Failed then and now.
    StillFails,
    /// Only one of the runs has it.
    OnlyInOne,
}
