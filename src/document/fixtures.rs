//! Small run documents for tests.

use jiff::Timestamp;

use super::*;
use crate::analysis::summarise;
use crate::options::PlacementOptions;

fn record(client: &str, server: &str, outcome: Outcome) -> TestRecord {
    TestRecord {
        client: client.into(),
        server: server.into(),
        measure: Measure::Throughput,
        direction: Direction::ClientToServer,
        route: Path::Pod.into(),
        slot: 1,
        repetition: 1,
        attempt: 1,
        started_at: Timestamp::UNIX_EPOCH,
        finished_at: Timestamp::UNIX_EPOCH,
        outcome,
    }
}

pub(crate) fn measured(client: &str, server: &str, bits_per_second: f64) -> TestRecord {
    let throughput = Throughput {
        bits_per_second,
        bytes: (bits_per_second / 8.0 * 10.0) as u64,
        seconds: 10.0,
        retransmits: Some(12),
        mss_bytes: Some(1448),
        round_trip_time: Some(RoundTripTime {
            min_microseconds: 84.0,
            mean_microseconds: 131.5,
            max_microseconds: 220.0,
        }),
        cpu: Some(Cpu { client_percent: 42.25, server_percent: 61.5 }),
        udp: None,
        cut_by: None,
        samples: Vec::new(),
    };
    record(client, server, Outcome::Ok(Measurement::Throughput(throughput)))
}

/// A latency test.
pub(crate) fn measured_latency(client: &str, server: &str, mean_microseconds: f64) -> TestRecord {
    let latency = Latency {
        requests: 20_000,
        seconds: 2.0,
        mean_microseconds,
        min_microseconds: mean_microseconds / 2.0,
        p50_microseconds: mean_microseconds,
        p95_microseconds: mean_microseconds * 2.0,
        p99_microseconds: mean_microseconds * 3.0,
        max_microseconds: mean_microseconds * 40.0,
        resolution_microseconds: 10.0,
    };
    let record = record(client, server, Outcome::Ok(Measurement::Latency(latency)));
    TestRecord { measure: Measure::Latency, ..record }
}

pub(crate) fn failed(client: &str, server: &str, reason: &str) -> TestRecord {
    let failure = Failure::new(FailureKind::Unreachable, reason);
    record(client, server, Outcome::Failed(failure))
}

pub(crate) fn run(nodes: &[&str], tests: Vec<TestRecord>) -> Run {
    let node = |name: &&str| Node { name: (*name).into(), ..Node::default() };
    Run {
        api_version: ApiVersion::V1Alpha1,
        kind: Kind::Run,
        id: "k3v9x2mq".to_owned(),
        command: Command::Matrix,
        state: State::Complete,
        started_at: Timestamp::UNIX_EPOCH,
        finished_at: Timestamp::UNIX_EPOCH,
        versions: Versions::default(),
        cluster: None,
        server_cluster: None,
        parameters: Parameters {
            placement: PlacementOptions {
                paths: vec![Path::Pod],
                via: ClientMode::Exec,
                ..PlacementOptions::default()
            },
            ..Parameters::default()
        },
        nodes: nodes.iter().map(node).collect(),
        skipped_nodes: Vec::new(),
        notes: Vec::new(),
        resumed: None,
        findings: Vec::new(),
        comparison: None,
        breaches: Vec::new(),
        retests: Vec::new(),
        planned_tests: nodes.len() * (nodes.len() - 1),
        summary: summarise(&tests, &[]),
        tests,
    }
}
