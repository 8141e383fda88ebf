//! Documents as JSON and YAML.

use serde::Serialize;

/// A document as indented JSON.
pub fn json(document: &impl Serialize) -> String {
    // documents have string keys and finite numbers only, so serializing cannot fail
    let mut text = serde_json::to_string_pretty(document).unwrap_or_default();
    text.push('\n');
    text
}

/// A document as YAML.
pub fn yaml(document: &impl Serialize) -> String {
    // cannot fail, for the same reason as JSON
    serde_yaml::to_string(document).unwrap_or_default()
}
