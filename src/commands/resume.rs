//! `matrix --resume`: what is missing or failed in an earlier run.

use std::collections::HashSet;

use kubectl_netbench::document::{Command, Direction, Measure, Run, TestRecord};
use kubectl_netbench::options::Route;
use kubectl_netbench::plan::{Plan, Test};
use kubectl_netbench::runner::Settings;

use super::Error;

/// Checks that a run can be resumed.
///
/// # Errors
/// It is no matrix, or nothing of it is missing or failed.
pub(super) fn check(run: &Run) -> Result<(), Error> {
    let why = if run.command != Command::Matrix {
        "it was made by `kubectl netbench pair`, which measures two nodes only"
    } else if run.tests.len() == run.planned_tests && !run.has_failures() {
        "nothing of it is missing, and nothing failed"
    } else {
        return Ok(());
    };
    Err(Error::Resume { id: run.id.clone(), why: why.to_owned() })
}

/// What makes a result of a run the only one of its kind.
type Key<'a> = (&'a str, &'a str, Measure, Route, Direction, u32);

fn key(test: &TestRecord) -> Key<'_> {
    let route = Route { path: test.path, ip_family: test.ip_family };
    (&test.client, &test.server, test.measure, route, test.direction, test.repetition)
}

/// The results that a planned test has.
fn keys(test: Test, settings: &Settings) -> impl Iterator<Item = Key<'_>> {
    let (client, server) = (settings.nodes[test.client].as_str(), settings.nodes[test.server].as_str());
    let (measure, route) = (settings.variants[test.variant].measure, settings.route(test));
    let directions = test.flow.directions().iter();
    directions.map(move |&direction| (client, server, measure, route, direction, test.repetition))
}

/// The part of `plan` that `base` does not have; what it has is taken over into `run`.
pub(super) fn resume(run: &mut Run, plan: &Plan, settings: &Settings, base: &Run) -> Plan {
    let done: HashSet<Key> = base.tests.iter().filter(|test| test.outcome.is_ok()).map(key).collect();
    let left = plan.only(|test| !keys(*test, settings).all(|key| done.contains(&key)));
    // where one direction of two at once failed, both are measured again
    let again: HashSet<Key> =
        left.slots().flat_map(|slot| slot.tests).flat_map(|test| keys(test, settings)).collect();
    let kept = base.tests.iter().filter(|test| test.outcome.is_ok() && !again.contains(&key(test)));
    run.tests = kept.cloned().collect();
    run.resumed = Some(base.id.clone());
    left
}
