//! The isolated retests of suspicious pairs, before a finding is reported.

use std::collections::HashSet;

use kubectl_netbench::analysis;
use kubectl_netbench::document::{Direction, Run, TestRecord};
use kubectl_netbench::engine::Flow;
use kubectl_netbench::plan::{Test, Variant};

/// One test of each suspicious pair, with the settings of its first measurement.
pub fn tests(run: &Run) -> Vec<Test> {
    let tests = analysis::suspicious(run).into_iter().map(|record| test_of(record, run));
    // both directions of a bidirectional test are one test
    let mut known = HashSet::new();
    let ends = |test: &Test| match test.flow {
        Flow::Both => (test.client.min(test.server), test.client.max(test.server)),
        Flow::Forward | Flow::Reverse => (test.client, test.server),
    };
    tests.filter(|test| known.insert((ends(test), test.variant, test.flow))).collect()
}

fn test_of(record: &TestRecord, run: &Run) -> Test {
    Test {
        client: record.client,
        server: record.server,
        variant: Variant { route: record.route, measure: record.measure },
        flow: match record.direction {
            _ if run.parameters.measurement.bidirectional => Flow::Both,
            Direction::ClientToServer => Flow::Forward,
            Direction::ServerToClient => Flow::Reverse,
        },
        repetition: 1,
    }
}
