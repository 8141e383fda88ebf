//! Notes on the pods of a run: what the cluster has changed in them.

use std::sync::{Mutex, MutexGuard, PoisonError};

use k8s_openapi::api::core::v1::Pod;

use super::objects::{Change, changes};
use crate::document::{NodeId, Note, NoteKind};

/// The notes of a run, and those that were not taken yet.
#[derive(Default)]
pub(super) struct Notes(Mutex<Collected>);

#[derive(Default)]
struct Collected {
    all: Vec<Note>,
    new: Vec<Note>,
}

impl Notes {
    /// Adds notes, unless they are known.
    pub fn add(&self, notes: impl IntoIterator<Item = Note>) {
        let mut collected = self.lock();
        for note in notes {
            let is_same = |other: &&Note| (other.kind, &other.sentence) == (note.kind, &note.sentence);
            let known = collected.all.iter().find(is_same);
            if known.is_some_and(|known| note.nodes.iter().all(|node| known.nodes.contains(node))) {
                continue;
            }
            Note::merge(&mut collected.all, [note.clone()]);
            Note::merge(&mut collected.new, [note]);
        }
    }

    /// Adds what the cluster has changed in a pod on `node`.
    pub fn add_changes(&self, node: NodeId, sent: &Pod, stored: &Pod) {
        self.add(changes(sent, stored).into_iter().filter_map(|change| note(node, change)));
    }

    /// The notes since the last call.
    pub fn take(&self) -> Vec<Note> {
        std::mem::take(&mut self.lock().new)
    }

    fn lock(&self) -> MutexGuard<'_, Collected> {
        // nothing panics while holding the lock
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// None for a change that does not affect figures.
fn note(node: NodeId, change: Change) -> Option<Note> {
    let (kind, sentence) = match change {
        Change::Limit { resource, .. } if resource != "cpu" => return None,
        Change::Limit { limit, by_limit_range, .. } => {
            let who = if by_limit_range { "a LimitRange" } else { "the cluster" };
            let sentence = format!(
                "{who} set a CPU limit of {limit}: figures marked ~ may be those of the limit instead of the network"
            );
            (NoteKind::CpuLimit, sentence)
        }
        Change::Container(name) => {
            let sentence = format!("the cluster added the container {name}: traffic may pass through it");
            (NoteKind::AddedContainer, sentence)
        }
        Change::InitContainer(name) => {
            (NoteKind::AddedInitContainer, format!("the cluster added the init container {name}"))
        }
        Change::HostNetworkRemoved => (
            NoteKind::HostNetworkRemoved,
            "the cluster took the pods off the host network: figures over host are not those of the host network"
                .to_owned(),
        ),
        Change::RuntimeClass(class) => {
            (NoteKind::RuntimeClass, format!("the cluster set the runtime class {class}"))
        }
    };
    Some(Note::of_node(kind, sentence, node))
}
