//! The JSON Schema beside the documentation is that of the code.

#![allow(clippy::expect_used, reason = "a test or benchmark ends by a panic, and talks to whoever runs it")]

use kubectl_netbench::document::Run;

/// `UPDATE_SCHEMA=1 cargo test --test schema` writes it anew.
#[test]
fn the_schema_in_docs_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/run.schema.json");
    let current = serde_json::to_string_pretty(&Run::schema()).expect("a schema is JSON") + "\n";
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(path, &current).expect("docs can be written");
    }
    let kept = std::fs::read_to_string(path).expect("docs/run.schema.json is there");
    assert!(kept == current, "docs/run.schema.json is not current: UPDATE_SCHEMA=1 cargo test --test schema");
}
