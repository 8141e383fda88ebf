//! The properties that the targets check: those of the tests in `tests/foreign_text`.

#[path = "../tests/foreign_text/properties/mod.rs"]
pub mod properties;
