//! The properties that the targets try, which are those of the tests in `tests/foreign_text`.

#[path = "../tests/foreign_text/properties/mod.rs"]
pub mod properties;
