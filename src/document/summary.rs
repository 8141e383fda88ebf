//! The results of a run, summarised per pair.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::{Aggregates, Measure, NodeId, Note, Path, Route};

/// The results of a run per path, IP family and pair.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// One entry per path and IP family.
    pub throughput: Vec<ThroughputSummary>,
    /// One entry per path and IP family on which latency was measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub latency: Vec<LatencySummary>,
    /// The cost of one path compared with another, where both were measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub costs: Vec<Cost>,
}

/// The throughput of all pairs over one path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThroughputSummary {
    /// The network path and IP family of the summarised tests.
    #[serde(flatten)]
    pub route: Route,
    /// The median of the pairs' means; none if all tests failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_bits_per_second: Option<f64>,
    /// One entry per ordered pair that was tested, in the order of first tests.
    pub pairs: Vec<PairSummary>,
}

/// All throughput tests of one ordered pair. Failed tests are counted, but excluded from all means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PairSummary {
    /// The sending node.
    pub sender: NodeId,
    /// The receiving node.
    pub receiver: NodeId,
    /// The number of successful tests.
    pub measured: usize,
    /// The number of failed tests.
    pub failed: usize,
    /// The number of successful tests whose report is missing: their results are those of their samples.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cut: usize,
    /// The aggregates of all metrics.
    #[serde(flatten)]
    #[schemars(schema_with = "throughput_aggregates")]
    pub aggregates: Aggregates,
    /// The sample standard deviation of the tests' throughputs; none for fewer than two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standard_deviation_bits_per_second: Option<f64>,
    /// The slowest test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_bits_per_second: Option<f64>,
    /// The fastest test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_bits_per_second: Option<f64>,
    /// The reason of the last failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// The latency of all pairs over one path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LatencySummary {
    /// The network path and IP family of the summarised tests.
    #[serde(flatten)]
    pub route: Route,
    /// The median of the pairs' means; none if all tests failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_microseconds: Option<f64>,
    /// One entry per ordered pair that was tested, in the order of first tests.
    pub pairs: Vec<LatencyPair>,
}

/// All latency tests of one ordered pair. Each value is the mean over the successful tests, unless it says
/// otherwise; none if all failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LatencyPair {
    /// The node of the client, which sends the requests.
    pub client: NodeId,
    /// The node of the server, which replies.
    pub server: NodeId,
    /// The number of successful tests.
    pub measured: usize,
    /// The number of failed tests.
    pub failed: usize,
    /// The aggregates of all metrics.
    #[serde(flatten)]
    #[schemars(schema_with = "latency_aggregates")]
    pub aggregates: Aggregates,
    /// The mean TCP round-trip time in the throughput tests of the same pair and path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under_load_microseconds: Option<f64>,
    /// Latency under load divided by latency without load. A high ratio is a sign of full buffers on the path
    /// (bufferbloat).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_ratio: Option<f64>,
    /// The reason of the last failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// The throughput that one path loses compared with another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// The path and IP family whose cost it is.
    #[serde(flatten)]
    pub route: Route,
    /// The reference path.
    pub against: Path,
    /// The mean of the pairs' costs, in percent.
    pub mean_percent: f64,
    /// The median of the pairs' costs, in percent, which no single outlier decides; none in documents of old
    /// versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_percent: Option<f64>,
    /// The pairs that were measured on both paths.
    pub pairs: Vec<PairCost>,
}

/// The cost of a path for one ordered pair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PairCost {
    /// The sending node.
    pub sender: NodeId,
    /// The receiving node.
    pub receiver: NodeId,
    /// The throughput lost, in percent of the reference path's; negative if the reference path was slower.
    pub percent: f64,
    /// The added round-trip latency without load, where latency was measured on both paths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub added_latency_microseconds: Option<f64>,
}

impl PairSummary {
    /// Whether the throughput is doubtful: the pods had a CPU limit that was not requested, or a test has no report.
    pub fn is_doubtful(&self, notes: &[Note]) -> bool {
        self.cut > 0 || notes.iter().any(|note| note.limits(self.sender) || note.limits(self.receiver))
    }

    /// The mean throughput at the receiver; none if all tests failed.
    pub fn mean_bits_per_second(&self) -> Option<f64> {
        self.aggregates.by_field("meanBitsPerSecond")
    }

    /// The mean TCP round-trip time under load; none if it was not reported.
    pub fn mean_round_trip_time_microseconds(&self) -> Option<f64> {
        self.aggregates.by_field("meanRoundTripTimeMicroseconds")
    }
}

impl LatencyPair {
    /// The mean latency; none if all tests failed.
    pub fn mean_microseconds(&self) -> Option<f64> {
        self.aggregates.by_field("meanMicroseconds")
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

fn throughput_aggregates(_generator: &mut SchemaGenerator) -> Schema {
    Aggregates::schema(Measure::Throughput)
}

fn latency_aggregates(_generator: &mut SchemaGenerator) -> Schema {
    Aggregates::schema(Measure::Latency)
}
