//! What a run was asked to do, defaults filled in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The way that the packets of a test take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Path {
    /// From pod to pod, over the cluster's pod network.
    Pod,
    /// Both ends on the network of their nodes.
    Host,
    /// Over this machine's loopback.
    Loopback,
}

/// How a test's client is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Via {
    /// Inside the pod that already runs on the client's node.
    Exec,
    /// By a Job for each test.
    Job,
    /// As a process of this machine.
    Process,
}

/// The parameters that were in effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Parameters {
    /// How long each test sends, in seconds.
    pub time_seconds: u32,
    /// TCP streams at the same time in each test.
    pub parallel: u32,
    /// How often each pair is measured.
    pub repeat: u32,
    /// The way of the packets.
    pub path: Path,
    /// How clients are started.
    pub via: Via,
    /// The most tests that run at the same time; none for as many as there are disjoint pairs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<usize>,
    /// The image of the pods; none without a cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The port of the servers; none where each has its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
}
