//! One test: what was measured, or why nothing was.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{IpFamily, Path, Route};
use crate::sanitize;

/// What a test measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Measure {
    /// How much gets through.
    Throughput,
    /// How long an answer takes while nothing else is sent.
    Latency,
}

/// Which end sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Direction {
    /// The client sends, the server receives.
    ClientToServer,
    /// The server sends, the client receives.
    ServerToClient,
}

/// One test of a run. Where both directions are measured at the same time, each has its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TestRecord {
    /// The node of the client.
    pub client: String,
    /// The node of the server.
    pub server: String,
    /// What it measures.
    pub measure: Measure,
    /// Which end sends.
    pub direction: Direction,
    /// The way of the packets.
    pub path: Path,
    /// The version of IP, if one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_family: Option<IpFamily>,
    /// The slot in which it ran, from 1; tests of one slot ran at the same time.
    pub slot: usize,
    /// Which repetition of the pair, from 1.
    pub repetition: u32,
    /// How many attempts it took, this one included.
    pub attempt: u32,
    /// When the last attempt began.
    pub started_at: Timestamp,
    /// When the last attempt ended.
    pub finished_at: Timestamp,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What came of a test. A failed test has no figure: it is neither zero nor slow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "camelCase")]
pub enum Outcome {
    /// It was measured.
    Ok(Measurement),
    /// It was not.
    Failed(Failure),
}

impl Outcome {
    /// The same without what was counted second by second.
    #[must_use]
    pub fn without_samples(mut self) -> Self {
        if let Self::Ok(Measurement::Throughput(throughput)) = &mut self {
            throughput.samples.clear();
        }
        self
    }

    /// Whether there are figures.
    pub fn is_ok(&self) -> bool {
        matches!(self, Self::Ok(_))
    }

    /// Whether all figures are such as can be measured: finite, not negative, and not so large that
    /// their sum would not be finite.
    pub fn is_possible(&self) -> bool {
        match self {
            Self::Ok(Measurement::Throughput(throughput)) => throughput.is_possible(),
            Self::Ok(Measurement::Latency(latency)) => latency.is_possible(),
            Self::Failed(_) => true,
        }
    }

    /// The figures of a throughput test, if there are any.
    pub fn throughput(&self) -> Option<&Throughput> {
        match self {
            Self::Ok(Measurement::Throughput(throughput)) => Some(throughput),
            _ => None,
        }
    }

    /// The figures of a latency test, if there are any.
    pub fn latency(&self) -> Option<&Latency> {
        match self {
            Self::Ok(Measurement::Latency(latency)) => Some(latency),
            _ => None,
        }
    }
}

/// The figures of one test, by what it measures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Measurement {
    /// Of a throughput test.
    Throughput(Throughput),
    /// Of a latency test.
    Latency(Latency),
}

/// The figures of a throughput test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Throughput {
    /// As the receiver counted it.
    pub bits_per_second: f64,
    /// Bytes that the receiver got.
    pub bytes: u64,
    /// For how long it received.
    pub seconds: f64,
    /// Segments that the sender sent again; none where the sender's system doesn't tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retransmits: Option<u64>,
    /// TCP's maximum segment size, as the client's kernel has it: what the MTU of both ends leaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mss_bytes: Option<u32>,
    /// TCP's round-trip time while data flowed, as the sender's kernel estimates it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round_trip_time: Option<RoundTripTime>,
    /// How busy iperf3 itself was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Cpu>,
    /// What became of the datagrams of a UDP test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub udp: Option<Datagrams>,
    /// The test second by second, as the client counted.
    #[serde(default)]
    pub samples: Vec<Sample>,
}

/// What became of the datagrams of a UDP test, as the receiver counted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Datagrams {
    /// The rate that the sender kept to, in bits per second; none for as fast as it could.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_bits_per_second: Option<f64>,
    /// How many were sent, by their sequence numbers.
    pub sent: u64,
    /// How many of them never came.
    pub lost: u64,
    /// The same in percent.
    pub lost_percent: f64,
    /// How many came after a later one; none where the receiver does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out_of_order: Option<u64>,
    /// How much the time between them varied (RFC 1889, as iperf computes it).
    pub jitter_microseconds: f64,
}

/// The figures of a latency test: how long the answer to a small request takes, on a connection
/// that carries nothing else. One request follows the answer to the one before.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Latency {
    /// How many requests were answered.
    pub requests: u64,
    /// For how long it was asked.
    pub seconds: f64,
    /// The mean.
    pub mean_microseconds: f64,
    /// The least.
    pub min_microseconds: f64,
    /// Half of the answers took no longer.
    pub p50_microseconds: f64,
    /// 95 of 100 answers took no longer.
    pub p95_microseconds: f64,
    /// 99 of 100 answers took no longer.
    pub p99_microseconds: f64,
    /// The most.
    pub max_microseconds: f64,
    /// Percentiles are no finer than this: the upper ends of the bins of a histogram.
    pub resolution_microseconds: f64,
}

/// TCP's round-trip time under the load of the test, over all its streams.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoundTripTime {
    /// The least that a sample had.
    pub min_microseconds: f64,
    /// The mean of the streams' means.
    pub mean_microseconds: f64,
    /// The most that a sample had.
    pub max_microseconds: f64,
}

/// The processor time of iperf3, in percent of one processor.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cpu {
    /// The client's.
    pub client_percent: f64,
    /// The server's.
    pub server_percent: f64,
}

/// One interval of a test, all streams together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sample {
    /// Its start, from the start of the test.
    pub start_seconds: f64,
    /// Its end.
    pub end_seconds: f64,
    /// What the client handed to its kernel or, where it receives, got from it.
    pub bits_per_second: f64,
    /// Segments sent again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retransmits: Option<u64>,
    /// The mean of the streams' round-trip times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round_trip_time_microseconds: Option<f64>,
}

/// Why a test has no figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// What kind of failure, for programs.
    pub kind: FailureKind,
    /// What happened, for people: one sentence with the words of whoever refused.
    pub reason: String,
    /// What to do about it, where something can be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl Failure {
    /// A failure of `kind`, told by `reason`.
    pub fn new(kind: FailureKind, reason: impl Into<String>) -> Self {
        Self { kind, reason: sanitize::reason(&reason.into()), remedy: None }
    }

    /// The same with what to do about it, if that is known.
    #[must_use]
    pub fn with_remedy(self, remedy: Option<String>) -> Self {
        Self { remedy: remedy.map(|remedy| sanitize::reason(&remedy)), ..self }
    }
}

/// The kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FailureKind {
    /// The pod or process on one of the two nodes could not start.
    NodeUnusable,
    /// The client could not be started, the connection to it broke, or a report was lost.
    ClientLost,
    /// The cluster refused the client.
    Refused,
    /// The client could not connect to the server.
    Unreachable,
    /// The server was busy with somebody else's test.
    Busy,
    /// The client did not end in time.
    TimedOut,
    /// The test broke off before its time, or data is missing.
    Incomplete,
    /// The client reported another error.
    Engine,
}

/// A thread that is this busy waits for its processor, not for the network.
const CPU_BOUND_PERCENT: f64 = 95.0;

impl TestRecord {
    /// The node that sends and the node that receives.
    pub fn sender_and_receiver(&self) -> (&str, &str) {
        match self.direction {
            Direction::ClientToServer => (&self.client, &self.server),
            Direction::ServerToClient => (&self.server, &self.client),
        }
    }

    /// The path and IP family of the test.
    pub fn route(&self) -> Route {
        Route { path: self.path, ip_family: self.ip_family }
    }

    /// The node whose iperf3 had the less time to spare; the client's where that is not known.
    pub fn busier_node(&self) -> &str {
        let cpu = self.outcome.throughput().and_then(|throughput| throughput.cpu);
        let server_is_busier = cpu.is_some_and(|cpu| cpu.server_percent > cpu.client_percent);
        if server_is_busier { &self.server } else { &self.client }
    }

    /// Whether iperf3 had no processor time to spare at either end, so that the figure may be the
    /// processor's. It can keep `threads` processors busy.
    pub fn is_cpu_bound(&self, threads: u32) -> bool {
        let cpu = self.outcome.throughput().and_then(|throughput| throughput.cpu);
        let busy = CPU_BOUND_PERCENT * f64::from(threads);
        cpu.is_some_and(|cpu| cpu.client_percent.max(cpu.server_percent) >= busy)
    }
}
