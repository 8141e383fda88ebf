//! The versions of the engines.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use clap::ValueEnum;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::options::EngineId;

/// Versions by engine, of engines that report them. In a document, each is a field named after its engine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EngineVersions(BTreeMap<EngineId, String>);

impl EngineVersions {
    /// The version of an engine.
    pub fn get(&self, engine: EngineId) -> Option<&str> {
        self.0.get(&engine).map(String::as_str)
    }

    /// Sets the version of an engine.
    pub fn insert(&mut self, engine: EngineId, version: String) {
        self.0.insert(engine, version);
    }

    /// All versions, in the order of [`EngineId`].
    pub fn iter(&self) -> impl Iterator<Item = (EngineId, &str)> {
        self.0.iter().map(|(engine, version)| (*engine, version.as_str()))
    }
}

impl Serialize for EngineVersions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(engine, version)| (engine.name(), version)))
    }
}

impl<'de> Deserialize<'de> for EngineVersions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = EngineVersions;

            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("versions by engine")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<EngineVersions, A::Error> {
                let mut versions = EngineVersions::default();
                while let Some(name) = map.next_key::<Cow<'de, str>>()? {
                    let Ok(engine) = EngineId::from_str(&name, false) else {
                        // another field of the object, or an engine of a newer version of this program
                        map.next_value::<IgnoredAny>()?;
                        continue;
                    };
                    if let Some(version) = map.next_value()? {
                        versions.0.insert(engine, version);
                    }
                }
                Ok(versions)
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

impl JsonSchema for EngineVersions {
    fn schema_name() -> Cow<'static, str> {
        "EngineVersions".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
        let mut schema = json_schema!({ "type": "object", "properties": {} });
        for engine in EngineId::value_variants() {
            let description = format!("Version of {}, absent if it was not reported.", engine.name());
            schema.pointer_mut("/properties").and_then(serde_json::Value::as_object_mut).map(|properties| {
                properties.insert(
                    engine.name().to_owned(),
                    serde_json::json!({ "type": ["string", "null"], "description": description }),
                )
            });
        }
        schema
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Node;

    #[test]
    fn versions_are_fields_beside_others() {
        let json = r#"{"name":"node-1","iperf3":"3.18","kernel":"6.1","later":{"a":1}}"#;
        let node: Node = serde_json::from_str(json).unwrap();
        assert_eq!(node.engines.get(EngineId::Iperf3), Some("3.18"));
        assert_eq!(
            serde_json::to_string(&node).unwrap(),
            r#"{"name":"node-1","kernel":"6.1","iperf3":"3.18"}"#
        );
    }
}
