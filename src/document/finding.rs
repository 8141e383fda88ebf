//! Problems of the network, or of its measurement.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{NodeId, Route};

/// A problem that follows from the results of several tests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The kind of problem, for programs.
    pub kind: FindingKind,
    /// The network path and IP family on which it was found; none if it concerns all of them.
    #[serde(flatten)]
    pub route: Option<Route>,
    /// The problem and its evidence for people: one line, without a full stop.
    pub sentence: String,
    /// The affected nodes or zones.
    pub subjects: Vec<String>,
    /// How much slower than unaffected pairs, those that no such finding covers, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<f64>,
    /// The pairs that show it, the clearest evidence first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pairs: Vec<Ends>,
    /// The result of retesting some of these pairs in isolation; none if nothing was retested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<Confirmation>,
}

/// The kind of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FindingKind {
    /// All tests to a node fail, or all from it.
    UnreachableNode,
    /// A node is slow in both directions.
    SlowNode,
    /// A node is slow to send.
    SlowSender,
    /// A node is slow to receive.
    SlowReceiver,
    /// Traffic from one zone to another, or within a zone, is slow.
    SlowZones,
    /// Traffic between two nodes is slow in both directions.
    SlowPair,
    /// Traffic from one node to another is slow; the reverse direction is not.
    SlowLink,
    /// Far more TCP retransmits than on other pairs.
    Retransmits,
    /// The engine saturated a CPU: the result is the limit of the CPU, not of the network.
    CpuBound,
    /// Nodes with different MTUs.
    Mtu,
    /// Nodes with different versions of the engine.
    Versions,
}

impl FindingKind {
    /// All kinds.
    pub const ALL: [Self; 11] = [
        Self::UnreachableNode,
        Self::SlowNode,
        Self::SlowSender,
        Self::SlowReceiver,
        Self::SlowZones,
        Self::SlowPair,
        Self::SlowLink,
        Self::Retransmits,
        Self::CpuBound,
        Self::Mtu,
        Self::Versions,
    ];
}

/// The result of a retest in isolation: without any other test at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Confirmation {
    /// Slow in isolation as well.
    Confirmed,
    /// Normal in isolation: slow only under concurrent load, or transient.
    OnlyTogether,
    /// Not retested, or every retest failed.
    NotMeasured,
}

/// An ordered pair of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ends {
    /// The sending node.
    pub sender: NodeId,
    /// The receiving node.
    pub receiver: NodeId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_kinds_match_the_schema() {
        let schema = schemars::schema_for!(FindingKind).to_value().to_string();
        let names = FindingKind::ALL.map(|kind| serde_json::to_string(&kind).unwrap());
        assert!(names.iter().all(|name| schema.contains(name)), "{schema}");
        assert_eq!(schema.matches("\"const\"").count(), names.len(), "{schema}");
    }
}
