//! Tests: their results, or the reasons of their failures.

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{NodeId, Route};
use crate::sanitize;

/// What a test measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Measure {
    /// TCP or UDP throughput.
    Throughput,
    /// Round-trip latency without load.
    Latency,
}

/// The direction of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Direction {
    /// The client sends, the server receives.
    ClientToServer,
    /// The server sends, the client receives.
    ServerToClient,
}

/// One test of a run. A bidirectional test has one record per direction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TestRecord {
    /// The node of the client.
    pub client: NodeId,
    /// The node of the server.
    pub server: NodeId,
    /// Throughput or latency.
    pub measure: Measure,
    /// The direction of the data.
    pub direction: Direction,
    /// The network path and IP family of the test.
    #[serde(flatten)]
    pub route: Route,
    /// The slot in which it ran, from 1; tests of the same slot ran at the same time.
    pub slot: usize,
    /// The repetition of the pair, from 1.
    pub repetition: u32,
    /// The number of attempts, including the last one.
    pub attempt: u32,
    /// When the last attempt started.
    pub started_at: Timestamp,
    /// When the last attempt ended.
    pub finished_at: Timestamp,
    /// The result, or the failure.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// The outcome of a test. A failed test has no figures: it counts neither as zero nor as slow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "camelCase")]
pub enum Outcome {
    /// It succeeded.
    Ok(Measurement),
    /// It failed.
    Failed(Failure),
}

impl Outcome {
    /// The same without the samples.
    #[must_use]
    pub fn without_samples(mut self) -> Self {
        if let Self::Ok(Measurement::Throughput(throughput)) = &mut self {
            throughput.samples.clear();
        }
        self
    }

    /// Whether the test succeeded.
    pub fn is_ok(&self) -> bool {
        matches!(self, Self::Ok(_))
    }

    /// Whether all figures are plausible: finite, not negative, and small enough that sums of them are finite.
    pub fn is_possible(&self) -> bool {
        match self {
            Self::Ok(Measurement::Throughput(throughput)) => throughput.is_possible(),
            Self::Ok(Measurement::Latency(latency)) => latency.is_possible(),
            Self::Failed(_) => true,
        }
    }

    /// The result of a throughput test that succeeded.
    pub fn throughput(&self) -> Option<&Throughput> {
        match self {
            Self::Ok(Measurement::Throughput(throughput)) => Some(throughput),
            _ => None,
        }
    }

    /// The result of a latency test that succeeded.
    pub fn latency(&self) -> Option<&Latency> {
        match self {
            Self::Ok(Measurement::Latency(latency)) => Some(latency),
            _ => None,
        }
    }
}

/// The result of one test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Measurement {
    /// The result of a throughput test.
    Throughput(Throughput),
    /// The result of a latency test.
    Latency(Latency),
}

/// The result of a throughput test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Throughput {
    /// Throughput at the receiver.
    pub bits_per_second: f64,
    /// Received bytes.
    pub bytes: u64,
    /// Duration at the receiver.
    pub seconds: f64,
    /// TCP retransmits of the sender; none if its operating system does not report them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retransmits: Option<u64>,
    /// The TCP maximum segment size, as reported by the client's kernel. It follows from the MTUs of both ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mss_bytes: Option<u32>,
    /// The TCP round-trip time under load, as estimated by the sender's kernel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round_trip_time: Option<RoundTripTime>,
    /// The CPU usage of the engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Cpu>,
    /// The datagrams of a UDP test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub udp: Option<Datagrams>,
    /// Why the report of the test is missing. Then the figures are those of its samples until that moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_by: Option<Failure>,
    /// One sample per second, as reported by the client.
    #[serde(default)]
    pub samples: Vec<Sample>,
}

/// The datagrams of a UDP test, as reported by the receiver.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Datagrams {
    /// The target rate of the sender, in bits per second; none if it was unlimited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_bits_per_second: Option<f64>,
    /// Number of sent datagrams, by their sequence numbers.
    pub sent: u64,
    /// Number of lost datagrams.
    pub lost: u64,
    /// Lost datagrams in percent of the sent ones.
    pub lost_percent: f64,
    /// Number of datagrams received out of order; none if the receiver does not report it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out_of_order: Option<u64>,
    /// Jitter (RFC 1889).
    pub jitter_microseconds: f64,
}

/// The result of a latency test: the round-trip latency of small requests on an otherwise idle connection. Each
/// request is sent after the reply to the previous one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Latency {
    /// Number of requests that received a reply.
    pub requests: u64,
    /// Duration of the test.
    pub seconds: f64,
    /// The mean latency.
    pub mean_microseconds: f64,
    /// The minimum latency.
    pub min_microseconds: f64,
    /// The median latency.
    pub p50_microseconds: f64,
    /// The 95th percentile of the latency.
    pub p95_microseconds: f64,
    /// The 99th percentile of the latency.
    pub p99_microseconds: f64,
    /// The maximum latency.
    pub max_microseconds: f64,
    /// The resolution of the percentiles, which are upper edges of histogram bins.
    pub resolution_microseconds: f64,
}

/// The TCP round-trip time under load, over all streams of a test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoundTripTime {
    /// The minimum of all samples.
    pub min_microseconds: f64,
    /// The mean of the streams' means.
    pub mean_microseconds: f64,
    /// The maximum of all samples.
    pub max_microseconds: f64,
}

/// The CPU usage of the engine, in percent of one CPU.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cpu {
    /// CPU usage of the client.
    pub client_percent: f64,
    /// CPU usage of the server.
    pub server_percent: f64,
}

/// One interval of a test, summed over all streams.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sample {
    /// Start of the interval, from the start of the test.
    pub start_seconds: f64,
    /// End of the interval, from the start of the test.
    pub end_seconds: f64,
    /// Throughput at the client: data written to its kernel or, if it receives, read from it.
    pub bits_per_second: f64,
    /// TCP retransmits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retransmits: Option<u64>,
    /// The mean of the streams' TCP round-trip times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round_trip_time_microseconds: Option<f64>,
}

/// The failure of a test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// The kind of failure, for programs.
    pub kind: FailureKind,
    /// The node that cannot be used, if the reason concerns one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeId>,
    /// The reason for people: one sentence, quoting the message of the cluster or the engine.
    pub reason: String,
    /// How to fix it, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl Failure {
    /// A failure without a remedy. `reason` is made safe to print.
    pub fn new(kind: FailureKind, reason: impl Into<String>) -> Self {
        Self { kind, node: None, reason: sanitize::reason(&reason.into()), remedy: None }
    }

    /// The same failure, which concerns a node.
    #[must_use]
    pub fn on(self, node: NodeId) -> Self {
        Self { node: Some(node), ..self }
    }

    /// The same failure with a remedy.
    #[must_use]
    pub fn with_remedy(self, remedy: Option<String>) -> Self {
        Self { remedy: remedy.map(|remedy| sanitize::reason(&remedy)), ..self }
    }
}

/// The node, if the failure concerns one, and the reason.
impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        if let Some(node) = self.node {
            write!(formatter, "{node}: ")?;
        }
        formatter.write_str(&self.reason)
    }
}

/// The kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FailureKind {
    /// The pod or process on one of the nodes did not start.
    NodeUnusable,
    /// The client could not be started, the connection to it was lost, or a report was lost.
    ClientLost,
    /// The cluster refused the client.
    Refused,
    /// The credentials of the user are no longer accepted, and cannot be renewed.
    Unauthenticated,
    /// The client could not connect to the server.
    Unreachable,
    /// The server was busy with another client's test.
    Busy,
    /// The client did not exit in time.
    TimedOut,
    /// The test ran, but no data arrived, or none any more.
    NoData,
    /// Packets of the requested size did not arrive, but small ones did.
    PacketSize,
    /// The server accepted the connection, but did not respond.
    Unresponsive,
    /// The control connection of the test, or another one, was lost.
    ConnectionLost,
    /// The test ended early, or its report is incomplete.
    Incomplete,
    /// The client reported another error.
    Engine,
}

/// CPU usage of a thread, in percent, from which the CPU limits it, not the network.
const CPU_BOUND_PERCENT: f64 = 95.0;

impl TestRecord {
    /// The node that sends and the node that receives.
    pub fn sender_and_receiver(&self) -> (NodeId, NodeId) {
        match self.direction {
            Direction::ClientToServer => (self.client, self.server),
            Direction::ServerToClient => (self.server, self.client),
        }
    }

    /// The node on which the engine used more CPU; the client's if that is unknown.
    pub fn busier_node(&self) -> NodeId {
        let cpu = self.outcome.throughput().and_then(|throughput| throughput.cpu);
        let server_is_busier = cpu.is_some_and(|cpu| cpu.server_percent > cpu.client_percent);
        if server_is_busier { self.server } else { self.client }
    }

    /// Whether the engine saturated its CPUs on either node, so that the result may be the limit of the CPU. It
    /// can saturate `threads` CPUs.
    pub fn is_cpu_bound(&self, threads: u32) -> bool {
        let cpu = self.outcome.throughput().and_then(|throughput| throughput.cpu);
        let busy = CPU_BOUND_PERCENT * f64::from(threads);
        cpu.is_some_and(|cpu| cpu.client_percent.max(cpu.server_percent) >= busy)
    }
}
