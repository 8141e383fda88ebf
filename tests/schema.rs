//! `docs/run.schema.json` matches the code.

#![allow(clippy::expect_used, reason = "a panic fails the test")]

use kubectl_netbench::document::Run;

/// `UPDATE_SCHEMA=1 cargo test --test schema` updates the file.
#[test]
fn schema_in_docs_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/run.schema.json");
    let current = serde_json::to_string_pretty(&Run::schema()).expect("the schema serializes") + "\n";
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(path, &current).expect("docs/run.schema.json is writable");
    }
    let documented = std::fs::read_to_string(path).expect("docs/run.schema.json exists");
    assert!(
        documented == current,
        "docs/run.schema.json is outdated: UPDATE_SCHEMA=1 cargo test --test schema"
    );
}
