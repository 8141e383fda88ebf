//! Reads run documents.

use std::fs;
use std::path::Path;

use serde::de::Error;
use serde_json::Value;

use super::StoreError;
use crate::document::{Run, State, TestRecord};
use crate::sanitize::{is_line, line};

/// Reads the file of a run. A torn file is recovered up to its last complete test.
///
/// # Errors
/// The file cannot be read, or is not a run document.
pub(super) fn read(path: &Path) -> Result<Run, StoreError> {
    let text =
        fs::read_to_string(path).map_err(|source| StoreError::Read { path: path.to_owned(), source })?;
    parse(&text).map_err(|source| StoreError::InvalidDocument { path: path.to_owned(), source })
}

/// Parses a run document.
///
/// # Errors
/// The text is not a run document.
pub fn parse(text: &str) -> serde_json::Result<Run> {
    let run = serde_json::from_str(text).or_else(|error| recover(text).ok_or(error))?;
    let mut run = sanitize(text, run)?;
    check_figures(&run)?;
    if run.state == State::Partial {
        if !run.tests.is_empty() && run.tests.len() == run.planned_tests {
            // it was aborted during the retests
            run.state = State::Complete;
        }
        run.finished_at =
            run.tests.iter().map(|test| test.finished_at).fold(run.finished_at, std::cmp::Ord::max);
    }
    Ok(run)
}

/// # Errors
/// A test has a figure that cannot have been measured.
fn check_figures(run: &Run) -> serde_json::Result<()> {
    let invalid = run.tests.iter().chain(&run.retests).find(|test| !test.outcome.is_possible());
    match invalid {
        Some(test) => Err(serde_json::Error::custom(format!(
            "the test from {} to {} has an impossible figure",
            test.client, test.server
        ))),
        None => Ok(()),
    }
}

/// Recovers a run from a torn file: the tests whose lines are complete.
fn recover(text: &str) -> Option<Run> {
    let mut lines = text.lines();
    let head = lines.next().filter(|head| head.ends_with('['))?;
    let mut run: Run = serde_json::from_str(&format!("{head}]}}")).ok()?;
    let tests = lines.map_while(|line| serde_json::from_str::<TestRecord>(line.trim_end_matches(',')).ok());
    run.tests = tests.collect();
    Some(run)
}

/// Sanitizes all strings of a document from an untrusted file, as they are printed to terminals.
fn sanitize(text: &str, run: Run) -> serde_json::Result<Run> {
    // skip the conversion if nothing needs sanitizing: a large run has millions of figures
    if !text.contains('\\') && text.lines().all(is_line) {
        return Ok(run);
    }
    let mut document = serde_json::to_value(run)?;
    sanitize_value(&mut document);
    serde_json::from_value(document)
}

fn sanitize_value(value: &mut Value) {
    match value {
        Value::String(text) => *text = line(text),
        Value::Array(values) => values.iter_mut().for_each(sanitize_value),
        Value::Object(fields) => fields.values_mut().for_each(sanitize_value),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
