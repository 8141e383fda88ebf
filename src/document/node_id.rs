//! Node identities.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::ops::Deref;

use internment::Intern;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::quantity::join_first;

/// Identifies a node within its cluster, or an external server.
///
/// The names of nodes are interned: an ID is a pointer, it is compared and hashed as one, and it needs no table to be
/// printed, saved, or looked up in another run. Names are never freed; a process knows few of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct NodeId(Intern<str>);

impl NodeId {
    /// The name of the node.
    pub fn name(self) -> &'static str {
        self.0.as_ref()
    }
}

/// The most nodes that a line names.
const MAX_NAMES: usize = 6;

/// The names of nodes for people: `node-1, node-2`, with their number if there are many.
pub fn node_names(nodes: &[NodeId]) -> String {
    let names = join_first(nodes.iter().map(|node| node.name()), MAX_NAMES);
    if nodes.len() > MAX_NAMES { format!("{} nodes: {names}", nodes.len()) } else { names }
}

impl Deref for NodeId {
    type Target = str;

    fn deref(&self) -> &str {
        self.name()
    }
}

impl From<&str> for NodeId {
    fn from(name: &str) -> Self {
        Self(Intern::from(name))
    }
}

impl Default for NodeId {
    fn default() -> Self {
        Self::from("")
    }
}

impl PartialOrd for NodeId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for NodeId {
    /// By name.
    fn cmp(&self, other: &Self) -> Ordering {
        self.name().cmp(other.name())
    }
}

impl PartialEq<str> for NodeId {
    fn eq(&self, name: &str) -> bool {
        self.name() == name
    }
}

impl PartialEq<String> for NodeId {
    fn eq(&self, name: &String) -> bool {
        self.name() == name
    }
}

impl PartialEq<&str> for NodeId {
    fn eq(&self, name: &&str) -> bool {
        self.name() == *name
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        fmt::Debug::fmt(self.name(), formatter)
    }
}

impl Serialize for NodeId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for NodeId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Cow::<str>::deserialize(deserializer)?;
        Ok(Self::from(&*name))
    }
}

impl JsonSchema for NodeId {
    fn schema_name() -> Cow<'static, str> {
        String::schema_name()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }
}
