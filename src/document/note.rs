//! Circumstances of a run that were not requested, and that its figures depend on.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{NodeId, node_names};

/// A circumstance of the run that was not requested, and that its figures depend on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Note {
    /// The kind of circumstance, for programs.
    pub kind: NoteKind,
    /// The circumstance for people: one line, without a full stop.
    pub sentence: String,
    /// The nodes it concerns; none if it concerns the whole run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<NodeId>,
}

/// The kind of a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum NoteKind {
    /// Clients ran as Jobs, because exec did not work.
    ExecUnusable,
    /// Pods had a CPU limit that was not requested: figures may be those of the limit.
    CpuLimit,
    /// Pods had another container, which traffic may pass through.
    AddedContainer,
    /// Pods had another init container.
    AddedInitContainer,
    /// Pods were taken off the host network.
    HostNetworkRemoved,
    /// Pods had another runtime class.
    RuntimeClass,
}

/// The nodes and the sentence.
impl fmt::Display for Note {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        if !self.nodes.is_empty() {
            write!(formatter, "{}: ", node_names(&self.nodes))?;
        }
        formatter.write_str(&self.sentence)
    }
}

impl Note {
    /// Whether it is about a CPU limit of the pods of a node.
    pub(crate) fn limits(&self, node: NodeId) -> bool {
        self.kind == NoteKind::CpuLimit && self.nodes.contains(&node)
    }

    /// A note on the whole run.
    pub fn of_run(kind: NoteKind, sentence: impl Into<String>) -> Self {
        Self { kind, sentence: crate::sanitize::line(&sentence.into()), nodes: Vec::new() }
    }

    /// A note on a node.
    pub fn of_node(kind: NoteKind, sentence: impl Into<String>, node: NodeId) -> Self {
        Self { nodes: vec![node], ..Self::of_run(kind, sentence) }
    }

    /// Adds notes to others: those that say the same become one, with the nodes of both.
    pub fn merge(notes: &mut Vec<Self>, more: impl IntoIterator<Item = Self>) {
        for note in more {
            let same = |other: &&mut Self| (other.kind, &other.sentence) == (note.kind, &note.sentence);
            let Some(other) = notes.iter_mut().find(same) else {
                notes.push(note);
                continue;
            };
            other.nodes.extend(note.nodes);
            other.nodes.sort_unstable();
            other.nodes.dedup();
        }
    }
}
