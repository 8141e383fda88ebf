//! The isolated retests of suspicious pairs, before a finding is reported.

use std::collections::HashSet;

use kubectl_netbench::analysis;
use kubectl_netbench::document::{Direction, Measure, Run, TestRecord};
use kubectl_netbench::engine::Flow;
use kubectl_netbench::options::Route;
use kubectl_netbench::plan::Test;
use kubectl_netbench::runner::{Settings, Variant};

/// One test of each suspicious pair, with the settings of its first measurement.
pub fn tests(run: &Run, settings: &Settings) -> Vec<Test> {
    let tests = analysis::suspicious(run).into_iter().filter_map(|record| test_of(record, run, settings));
    // both directions of a bidirectional test are one test
    let mut known = HashSet::new();
    let ends = |test: &Test| match test.flow {
        Flow::Both => (test.client.min(test.server), test.client.max(test.server)),
        Flow::Forward | Flow::Reverse => (test.client, test.server),
    };
    tests.filter(|test| known.insert((ends(test), test.variant, test.flow))).collect()
}

fn test_of(record: &TestRecord, run: &Run, settings: &Settings) -> Option<Test> {
    let node = |name: &str| settings.nodes.iter().position(|node| node == name);
    let route = Route { path: record.path, ip_family: record.ip_family };
    let is_same =
        |variant: &Variant| variant.measure == Measure::Throughput && settings.routes[variant.route] == route;
    Some(Test {
        client: node(&record.client)?,
        server: node(&record.server)?,
        variant: settings.variants.iter().position(is_same)?,
        flow: match record.direction {
            _ if run.parameters.measurement.bidirectional => Flow::Both,
            Direction::ClientToServer => Flow::Forward,
            Direction::ServerToClient => Flow::Reverse,
        },
        repetition: 1,
    })
}
