//! `matrix --resume`: completes an earlier run.

use std::collections::HashSet;

use kubectl_netbench::document::{Command, Direction, NodeId, Run, TestRecord};
use kubectl_netbench::plan::{Plan, Test, Variant};

use crate::commands::Error;

/// # Errors
/// The run cannot be resumed: it is no matrix, or has neither missing nor failed tests.
pub fn check(run: &Run) -> Result<(), Error> {
    let why = if run.command != Command::Matrix {
        "it is a run of `kubectl netbench pair`; only matrix runs can be resumed"
    } else if run.tests.len() == run.planned_tests && !run.has_failures() {
        "it has no missing or failed tests"
    } else {
        return Ok(());
    };
    Err(Error::Resume { id: run.id.clone(), why: why.to_owned() })
}

/// Identifies a result within a run.
type Key = (NodeId, NodeId, Variant, Direction, u32);

fn key(test: &TestRecord) -> Key {
    let variant = Variant { route: test.route, measure: test.measure };
    (test.client, test.server, variant, test.direction, test.repetition)
}

/// The keys of the results of a planned test.
fn keys(test: Test) -> impl Iterator<Item = Key> {
    let Test { client, server, variant, flow, repetition } = test;
    flow.directions().iter().map(move |&direction| (client, server, variant, direction, repetition))
}

/// The part of `plan` that is missing or failed in `base`. The other results of `base` are copied to `run`.
pub fn resume(run: &mut Run, plan: &Plan, base: &Run) -> Plan {
    let done: HashSet<Key> = base.tests.iter().filter(|test| test.outcome.is_ok()).map(key).collect();
    let left = plan.only(|test| !keys(*test).all(|key| done.contains(&key)));
    // if one direction of a bidirectional test failed, both are measured again
    let repeated: HashSet<Key> = left.slots().flat_map(|slot| slot.tests).flat_map(keys).collect();
    let kept = base.tests.iter().filter(|test| test.outcome.is_ok() && !repeated.contains(&key(test)));
    run.tests = kept.cloned().collect();
    run.resumed = Some(base.id.clone());
    left
}
