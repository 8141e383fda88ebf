//! The tests of each pair taken together.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{IpFamily, Path};

/// The tests of a run, way by way and pair by pair.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// One entry per path and version of IP.
    pub throughput: Vec<ThroughputSummary>,
    /// One entry per path and version of IP, where latency was measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub latency: Vec<LatencySummary>,
    /// What one path costs against another, where both were measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub costs: Vec<Cost>,
}

/// The throughput of all pairs over one path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThroughputSummary {
    /// The way of the packets.
    pub path: Path,
    /// The version of IP, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_family: Option<IpFamily>,
    /// The median of the pairs' means; none if nothing was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_bits_per_second: Option<f64>,
    /// One entry per ordered pair that has a test, in the order of their first tests.
    pub pairs: Vec<PairSummary>,
}

/// All throughput tests of one ordered pair. Failed tests are counted and in no mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PairSummary {
    /// The node that sends.
    pub sender: String,
    /// The node that receives.
    pub receiver: String,
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
    /// The sender's processor time, in percent of one processor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_sender_cpu_percent: Option<f64>,
    /// The receiver's processor time, in percent of one processor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_receiver_cpu_percent: Option<f64>,
    /// The rate that the senders of UDP tests kept to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_target_bits_per_second: Option<f64>,
    /// Datagrams that never came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_lost_percent: Option<f64>,
    /// The jitter of datagrams.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_jitter_microseconds: Option<f64>,
    /// Datagrams that came after a later one, per test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_out_of_order: Option<f64>,
    /// The reason of the last failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// The latency of all pairs over one path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LatencySummary {
    /// The way of the packets.
    pub path: Path,
    /// The version of IP, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_family: Option<IpFamily>,
    /// The median of the pairs' means; none if nothing was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_microseconds: Option<f64>,
    /// One entry per ordered pair that has a test, in the order of their first tests.
    pub pairs: Vec<LatencyPair>,
}

/// All latency tests of one ordered pair: the means of the tests' figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LatencyPair {
    /// The node that asks.
    pub client: String,
    /// The node that answers.
    pub server: String,
    /// How many tests were measured.
    pub measured: usize,
    /// How many failed.
    pub failed: usize,
    /// The mean of all answers; none if all tests failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_microseconds: Option<f64>,
    /// Half of the answers took no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50_microseconds: Option<f64>,
    /// 95 of 100 answers took no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p95_microseconds: Option<f64>,
    /// 99 of 100 answers took no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99_microseconds: Option<f64>,
    /// The slowest answer of all tests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_microseconds: Option<f64>,
    /// TCP's round-trip time in the throughput tests of the same pair and path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under_load_microseconds: Option<f64>,
    /// How many times longer that is than the mean without load: how much waits in the buffers on
    /// the way (bufferbloat).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_ratio: Option<f64>,
    /// The reason of the last failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// How much less throughput one path has than another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// The path that costs.
    pub path: Path,
    /// The path that it is compared with.
    pub against: Path,
    /// The version of IP, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_family: Option<IpFamily>,
    /// The mean of the pairs' costs.
    pub mean_percent: f64,
    /// The pairs that were measured over both.
    pub pairs: Vec<PairCost>,
}

/// The cost of a path for one ordered pair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PairCost {
    /// The node that sends.
    pub sender: String,
    /// The node that receives.
    pub receiver: String,
    /// The part of the other path's throughput that is missing, in percent; negative where the
    /// path that costs was the faster one.
    pub percent: f64,
    /// How much longer an answer takes without load, where latency was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub added_latency_microseconds: Option<f64>,
}
