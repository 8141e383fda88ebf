//! What is wrong with the network, or with its measurement.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{IpFamily, Path};

/// Something that the figures of a run say together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// What kind of thing, for programs.
    pub kind: FindingKind,
    /// The way of the packets for which it was found; none if it concerns all ways.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Path>,
    /// The version of IP, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_family: Option<IpFamily>,
    /// What was found and what shows it, as one sentence for people, without a full stop.
    pub sentence: String,
    /// The nodes that it is about, or the zones.
    pub subjects: Vec<String>,
    /// The throughput that is missing against what the rest of the run lets expect, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<f64>,
    /// The pairs that show it, the clearest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pairs: Vec<Ends>,
    /// What came of measuring some of these pairs again, each alone; none if that was not done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<Confirmation>,
}

/// The kinds of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FindingKind {
    /// Nothing gets from or to a node.
    UnreachableNode,
    /// A node sends and receives slowly.
    SlowNode,
    /// A node sends slowly.
    SlowSender,
    /// A node receives slowly.
    SlowReceiver,
    /// One zone is slow towards another, or within itself.
    SlowZones,
    /// Two nodes are slow towards each other, both ways.
    SlowPair,
    /// One node is slow towards another one; the way back is not.
    SlowLink,
    /// Many more segments are sent again than elsewhere.
    Retransmits,
    /// The figure is the processor's, not the network's.
    CpuBound,
    /// Packets of different sizes.
    Mtu,
    /// Servers of different versions of iperf3.
    Versions,
}

impl FindingKind {
    /// All of them.
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

/// What came of measuring again, without any other test at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Confirmation {
    /// It is as slow alone.
    Confirmed,
    /// Alone it is as fast as the rest: it was slow only beside other tests.
    OnlyTogether,
    /// Nothing could be measured again.
    NotMeasured,
}

/// An ordered pair of nodes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ends {
    /// The node that sends.
    pub sender: String,
    /// The node that receives.
    pub receiver: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_kinds_are_those_of_the_schema() {
        let schema = schemars::schema_for!(FindingKind).to_value().to_string();
        let names = FindingKind::ALL.map(|kind| serde_json::to_string(&kind).unwrap());
        assert!(names.iter().all(|name| schema.contains(name)), "{schema}");
        assert_eq!(schema.matches("\"const\"").count(), names.len(), "{schema}");
    }
}
