//! From a file to a run.

use std::fs;
use std::path::Path;

use super::StoreError;
use crate::document::{Outcome, Run, State, TestRecord};
use crate::plain::plain;

/// Reads the document of a run. One that was not finished ends with its last test.
///
/// # Errors
/// There is no such file, or it is no run.
pub(super) fn read(path: &Path) -> Result<Run, StoreError> {
    let text =
        fs::read_to_string(path).map_err(|source| StoreError::Read { path: path.to_owned(), source })?;
    let mut run: Run = match serde_json::from_str(&text) {
        Ok(run) => run,
        Err(source) => recovered(&text).ok_or_else(|| StoreError::NoRun { path: path.to_owned(), source })?,
    };
    if run.state == State::Partial {
        if !run.tests.is_empty() && run.tests.len() == run.planned_tests {
            // it was ended while it confirmed what it had found
            run.state = State::Complete;
        }
        run.finished_at =
            run.tests.iter().map(|test| test.finished_at).fold(run.finished_at, std::cmp::Ord::max);
    }
    clean(&mut run);
    Ok(run)
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

/// The words of a file that may come from anybody are shown to people.
fn clean(run: &mut Run) {
    for node in &mut run.nodes {
        node.name = plain(&node.name);
    }
    for left_out in &mut run.left_out {
        left_out.name = plain(&left_out.name);
        left_out.reason = plain(&left_out.reason);
    }
    for test in run.tests.iter_mut().chain(&mut run.retests) {
        test.client = plain(&test.client);
        test.server = plain(&test.server);
        if let Outcome::Failed(failure) = &mut test.outcome {
            failure.reason = plain(&failure.reason);
            failure.remedy = failure.remedy.as_deref().map(plain);
        }
    }
}
