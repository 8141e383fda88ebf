//! Documents for programs.

use serde::Serialize;

use super::View;
use crate::document::Run;

pub(super) struct Json;

impl View for Json {
    fn render(&self, run: &Run) -> String {
        json(run)
    }
}

pub(super) struct Yaml;

impl View for Yaml {
    fn render(&self, run: &Run) -> String {
        yaml(run)
    }
}

/// A document as JSON.
pub fn json(document: &impl Serialize) -> String {
    // documents have string keys and finite numbers only: nothing in them can fail to serialise
    let mut text = serde_json::to_string_pretty(document).unwrap_or_default();
    text.push('\n');
    text
}

/// A document as YAML.
pub fn yaml(document: &impl Serialize) -> String {
    // as for JSON: nothing in a document can fail to serialise
    serde_yaml::to_string(document).unwrap_or_default()
}
