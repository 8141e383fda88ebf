//! The tests of each pair taken together.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Path;

/// The tests of a run, pair by pair.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// The median of the pairs' means; none if nothing was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_bits_per_second: Option<f64>,
    /// One entry per pair and path that has a test, in the order of their first tests.
    pub pairs: Vec<PairSummary>,
}

/// All tests of one ordered pair over one path. Failed tests are counted and in no mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PairSummary {
    /// The node that sends.
    pub client: String,
    /// The node that receives.
    pub server: String,
    /// The way of the packets.
    pub path: Path,
    /// How many tests were measured.
    pub measured: usize,
    /// How many failed.
    pub failed: usize,
    /// Throughput at the receiver, averaged over the measured tests; none if all failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_bits_per_second: Option<f64>,
    /// The sample standard deviation of the tests' throughputs; none for fewer than two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standard_deviation_bits_per_second: Option<f64>,
    /// The slowest test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_bits_per_second: Option<f64>,
    /// The fastest test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_bits_per_second: Option<f64>,
    /// Segments sent again, per test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_retransmits: Option<f64>,
    /// TCP's round-trip time under load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_round_trip_time_microseconds: Option<f64>,
    /// The client's processor time, in percent of one processor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_client_cpu_percent: Option<f64>,
    /// The server's processor time, in percent of one processor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_server_cpu_percent: Option<f64>,
    /// The reason of the last failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}
