//! What to do about an item of a check.

use std::fmt;

use serde::{Serialize, Serializer};

/// What to do about an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemRemedy {
    /// A sentence that fits every command.
    Text(String),
    /// A sentence, or to omit `--namespace`.
    OrOmitNamespace(String),
}

/// Whether a command works without `--namespace`: a run then creates a namespace for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamespaceFlag {
    /// It does.
    Optional,
    /// It does not: the pods of a schedule have to be in the namespace of the schedule.
    Required,
}

impl ItemRemedy {
    /// The sentence for the user of a command.
    pub fn text(&self, namespace: NamespaceFlag) -> String {
        match (self, namespace) {
            (Self::OrOmitNamespace(text), NamespaceFlag::Optional) => {
                format!("{text}, or omit --namespace to run in a new namespace")
            }
            (Self::Text(text), _) | (Self::OrOmitNamespace(text), NamespaceFlag::Required) => text.clone(),
        }
    }
}

/// The sentence for the user of a run.
impl fmt::Display for ItemRemedy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text(NamespaceFlag::Optional))
    }
}

impl Serialize for ItemRemedy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl From<&str> for ItemRemedy {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for ItemRemedy {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}
