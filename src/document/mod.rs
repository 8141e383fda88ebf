//! The run document: everything a run has found out, and all that later steps read.
//!
//! It is what `-o json` prints, serialised in camelCase, with the unit in the name of each figure.
//! Its JSON Schema is kept in `docs/run.schema.json`. Readers of a document written by a newer
//! minor version ignore fields they don't know; a change of meaning changes [`ApiVersion`].

mod comparison;
mod engine_versions;
mod finding;
#[cfg(test)]
pub(crate) mod fixtures;
mod gate;
mod node;
mod possible;
mod summary;
mod test;

pub use comparison::{Comparison, PairChange, Verdict, WayComparison};
pub use engine_versions::EngineVersions;
pub use finding::{Confirmation, Ends, Finding, FindingKind};
pub use gate::Breach;
pub use node::{LeftOut, Node};
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

/// The version of the document's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ApiVersion {
    /// The first.
    #[serde(rename = "netbench.dev/v1alpha1")]
    V1Alpha1,
}

/// What kind of document this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Kind {
    /// One run of a measuring command.
    Run,
}

/// The command that made the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Command {
    /// All ordered pairs of the nodes.
    Matrix,
    /// Two nodes, both directions.
    Pair,
}

/// Whether all that was planned was also tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// Every planned test has a record, be it of a failure.
    Complete,
    /// The run ended early: tests without a record were not made.
    Partial,
}

/// The versions of all that took part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Versions {
    /// This program.
    pub netbench: String,
    /// The Kubernetes API server; none without a cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubernetes: Option<String>,
    /// The engines of the servers; different versions are separated by commas.
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
    /// The namespace that held the run's objects.
    pub namespace: String,
}

/// One run of a measuring command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// The version of this form.
    pub api_version: ApiVersion,
    /// Always `Run`.
    pub kind: Kind,
    /// The run's id; the label `netbench.dev/run` of its objects has the same value, in the cluster of
    /// the server, if that is another one, with `-server`, and `kept` where servers stay.
    pub id: String,
    /// The command that made it.
    pub command: Command,
    /// Whether it went to its end.
    pub state: State,
    /// When it began.
    pub started_at: Timestamp,
    /// When its last test ended.
    pub finished_at: Timestamp,
    /// Who took part.
    pub versions: Versions,
    /// Where; none when the servers ran on this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<Cluster>,
    /// Where the servers were, if that was another cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_cluster: Option<Cluster>,
    /// What was asked for, defaults filled in.
    pub parameters: Parameters,
    /// The nodes that were measured, in the order of the matrix.
    pub nodes: Vec<Node>,
    /// The nodes that were not, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
    /// The run whose good tests this one has taken over, if it was resumed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed: Option<String>,
    /// How many tests were planned, each direction counted.
    pub planned_tests: usize,
    /// The tests of each pair taken together.
    #[serde(default)]
    pub summary: Summary,
    /// What is wrong, the gravest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// What has changed since another run, if it was compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
    /// The pairs that failed a gate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub breaches: Vec<Breach>,
    /// Tests of suspicious pairs that were made again, each alone. They are in no summary.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retests: Vec<TestRecord>,
    /// One record per test and direction, in the order in which they ended. The last field: a run
    /// that is being saved grows at its end.
    pub tests: Vec<TestRecord>,
}

impl Run {
    /// Whether some test failed.
    pub fn has_failures(&self) -> bool {
        self.tests.iter().any(|test| matches!(test.outcome, Outcome::Failed(_)))
    }

    /// The JSON Schema of this document.
    pub fn schema() -> schemars::Schema {
        schemars::schema_for!(Self)
    }
}
