//! Documents that are derived from the program: the flags in the README, the settings in `docs/configuration.md`,
//! the man pages, the schema of run documents.
//!
//! `UPDATE_DOCUMENTS=1 cargo test --test documents` updates the generated ones.

#![allow(clippy::expect_used, reason = "a panic fails the test")]

mod flags;
mod man;
mod schema;

use std::path::PathBuf;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Compares a file with its generated content, or updates it.
#[track_caller]
fn assert_current(name: &str, current: &str) {
    let path = root().join(name);
    if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
        std::fs::write(&path, current).expect("documents can be written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == current, "{name} is not current: UPDATE_DOCUMENTS=1 cargo test --test documents");
}

/// Compares the text between two marks of a file with its generated content, or updates it.
#[track_caller]
fn assert_part_current(name: &str, mark: &str, current: &str) {
    let kept = std::fs::read_to_string(root().join(name)).expect("the document is there");
    let (begin, end) = (format!("<!-- {mark} -->\n"), format!("<!-- end of {mark} -->"));
    let (before, rest) = kept.split_once(&begin).expect("the mark is there");
    let (_, after) = rest.split_once(&end).expect("the end is marked");
    assert_current(name, &format!("{before}{begin}{current}{end}{after}"));
}
