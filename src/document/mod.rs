//! The run document: all results of a run, and the input of all later steps.
//!
//! `-o json` prints it, in camelCase, with the unit in the name of each figure. Its JSON Schema is
//! `docs/run.schema.json`. Readers ignore unknown fields, which a newer minor version may have written; a change
//! of meaning changes [`ApiVersion`].

mod comparison;
mod engine_versions;
mod finding;
#[cfg(test)]
pub(crate) mod fixtures;
mod gate;
mod metric;
mod node;
mod node_id;
mod note;
mod possible;
mod summary;
mod test;

pub use comparison::{Comparison, PairChange, RouteComparison, Verdict};
pub use engine_versions::EngineVersions;
pub use finding::{Confirmation, Ends, Finding, FindingKind};
pub use gate::Breach;
pub use metric::{Aggregate, AggregateKind, Aggregates, Better, Compared, Gauge, METRICS, Metric, Unit};
pub use node::{Node, SkippedNode};
pub use node_id::{NodeId, node_names};
pub use note::{Note, NoteKind};
pub(crate) use possible::is_possible;
pub use summary::{Cost, LatencyPair, LatencySummary, PairCost, PairSummary, Summary, ThroughputSummary};
pub use test::{
    Cpu, Datagrams, Direction, Failure, FailureKind, Latency, Measure, Measurement, Outcome, RoundTripTime,
    Sample, TestRecord, Throughput,
};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::options::{ClientMode, EngineId, IpFamily, Parameters, Path, Protocol, Route};

/// The version of the document format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ApiVersion {
    /// The first version.
    #[serde(rename = "netbench.dev/v1alpha1")]
    V1Alpha1,
}

/// The kind of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Kind {
    /// A run of `matrix` or `pair`.
    Run,
}

/// The command of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Command {
    /// All ordered pairs of nodes.
    Matrix,
    /// Two nodes, in both directions.
    Pair,
}

/// Whether the run executed its whole plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// Every planned test has a record. Some may have failed.
    Complete,
    /// The run ended early: tests without a record were not executed.
    Partial,
}

/// The versions of the software that took part in the run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Versions {
    /// Version of kubectl-netbench.
    pub netbench: String,
    /// Version of the Kubernetes API server; none without a cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubernetes: Option<String>,
    /// Versions of the engines on the servers; different ones are separated by commas.
    #[serde(flatten)]
    pub engines: EngineVersions,
}

/// The cluster that was measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cluster {
    /// The kubeconfig context; none inside a cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// The namespace of the run's objects.
    pub namespace: String,
}

/// A run of `matrix` or `pair`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// The version of the format.
    pub api_version: ApiVersion,
    /// Always `Run`.
    pub kind: Kind,
    /// The run's ID, which is also the value of the label `netbench.dev/run` of its objects: with the suffix
    /// `-server` in a separate cluster of the server, and `kept` for kept servers.
    pub id: String,
    /// The command of the run.
    pub command: Command,
    /// Whether it executed its whole plan.
    pub state: State,
    /// When the run started.
    pub started_at: Timestamp,
    /// When the last test ended.
    pub finished_at: Timestamp,
    /// The versions of the software that took part.
    pub versions: Versions,
    /// The cluster; none if the servers ran on this machine (`--local`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<Cluster>,
    /// The cluster of the server, if it was another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_cluster: Option<Cluster>,
    /// The parameters, including defaults.
    pub parameters: Parameters,
    /// The measured nodes, in the order of the matrix.
    pub nodes: Vec<Node>,
    /// The skipped nodes.
    #[serde(rename = "leftOut", default, skip_serializing_if = "Vec::is_empty")]
    pub skipped_nodes: Vec<SkippedNode>,
    /// Circumstances that were not requested, and that the figures depend on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// The ID of the resumed run, whose successful tests were reused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed: Option<String>,
    /// Number of planned tests; each direction counts.
    pub planned_tests: usize,
    /// The results per pair.
    #[serde(default)]
    pub summary: Summary,
    /// The findings, the most severe first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// Changes since the baseline run, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
    /// The pairs that failed a gate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub breaches: Vec<Breach>,
    /// Retests of suspicious pairs in isolation. They are not part of the summary.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retests: Vec<TestRecord>,
    /// One record per test and direction, in the order in which they ended. The last field, because the file of a
    /// run in progress grows at its end.
    pub tests: Vec<TestRecord>,
}

impl Run {
    /// The external server that all tests went to.
    pub fn external_server(&self) -> Option<NodeId> {
        self.parameters.placement.to.as_ref().map(|to| NodeId::from(to.as_str()))
    }

    /// The nodes, and the external server.
    pub fn endpoints(&self) -> impl Iterator<Item = NodeId> {
        self.nodes.iter().map(|node| node.name).chain(self.external_server())
    }

    /// Whether the pods of a node had a CPU limit that was not requested.
    pub fn had_cpu_limit(&self, node: NodeId) -> bool {
        self.notes.iter().any(|note| note.limits(node))
    }

    /// Whether the throughput of a pair is doubtful: see [`PairSummary::is_doubtful`].
    pub fn is_doubtful(&self, pair: &PairSummary) -> bool {
        pair.is_doubtful(&self.notes)
    }

    /// Whether any test failed.
    pub fn has_failures(&self) -> bool {
        self.tests.iter().any(|test| matches!(test.outcome, Outcome::Failed(_)))
    }

    /// The JSON Schema of the run document.
    pub fn schema() -> schemars::Schema {
        schemars::schema_for!(Self)
    }
}
