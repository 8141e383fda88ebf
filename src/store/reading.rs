//! From a file to a run.

use std::fs;
use std::path::Path;

use serde::de::Error;
use serde_json::Value;

use super::StoreError;
use crate::document::{Run, State, TestRecord};
use crate::sanitize::{is_line, line};

/// Reads the document of a run. One that was not finished ends with its last test.
///
/// # Errors
/// There is no such file, or it is no run.
pub(super) fn read(path: &Path) -> Result<Run, StoreError> {
    let text =
        fs::read_to_string(path).map_err(|source| StoreError::Read { path: path.to_owned(), source })?;
    parse(&text).map_err(|source| StoreError::NoRun { path: path.to_owned(), source })
}

/// Reads the text of a document.
///
/// # Errors
/// It is no run.
pub fn parse(text: &str) -> serde_json::Result<Run> {
    let run = serde_json::from_str(text).or_else(|error| recovered(text).ok_or(error))?;
    let mut run = cleaned(text, run)?;
    check(&run)?;
    if run.state == State::Partial {
        if !run.tests.is_empty() && run.tests.len() == run.planned_tests {
            // it was ended while it confirmed what it had found
            run.state = State::Complete;
        }
        run.finished_at =
            run.tests.iter().map(|test| test.finished_at).fold(run.finished_at, std::cmp::Ord::max);
    }
    Ok(run)
}

/// Checks that all figures of tests are such as can be measured.
///
/// # Errors
/// One is not.
fn check(run: &Run) -> serde_json::Result<()> {
    let wrong = run.tests.iter().chain(&run.retests).find(|test| !test.outcome.is_possible());
    match wrong {
        Some(test) => Err(serde_json::Error::custom(format!(
            "the test from {} to {} has a figure that cannot be",
            test.client, test.server
        ))),
        None => Ok(()),
    }
}

/// The run in a file that lost its end, as in a crash of the machine: all tests whose lines are whole.
fn recovered(text: &str) -> Option<Run> {
    let mut lines = text.lines();
    let head = lines.next().filter(|head| head.ends_with('['))?;
    let mut run: Run = serde_json::from_str(&format!("{head}]}}")).ok()?;
    let tests = lines.map_while(|line| serde_json::from_str::<TestRecord>(line.trim_end_matches(',')).ok());
    run.tests = tests.collect();
    Some(run)
}

/// The words of a file that may come from anybody are shown to people: all of them in one line each,
/// and none that hides something.
///
/// # Errors
/// None: what was read can be read again.
fn cleaned(text: &str, run: Run) -> serde_json::Result<Run> {
    // what needs no cleaning is not taken apart: a large run has millions of figures
    if !text.contains('\\') && text.lines().all(is_line) {
        return Ok(run);
    }
    let mut document = serde_json::to_value(run)?;
    clean(&mut document);
    serde_json::from_value(document)
}

fn clean(value: &mut Value) {
    match value {
        Value::String(text) => *text = line(text),
        Value::Array(values) => values.iter_mut().for_each(clean),
        Value::Object(fields) => fields.values_mut().for_each(clean),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
