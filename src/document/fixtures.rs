//! Small runs for the tests of whatever reads documents.

use jiff::Timestamp;

use super::*;
use crate::analysis::summarise;

fn record(client: &str, server: &str, outcome: Outcome) -> TestRecord {
    TestRecord {
        client: client.to_owned(),
        server: server.to_owned(),
        direction: Direction::ClientToServer,
        path: Path::Pod,
        slot: 1,
        repetition: 1,
        attempt: 1,
        started_at: Timestamp::UNIX_EPOCH,
        finished_at: Timestamp::UNIX_EPOCH,
        outcome,
    }
}

pub(crate) fn measured(client: &str, server: &str, bits_per_second: f64) -> TestRecord {
    let measurement = Measurement {
        bits_per_second,
        bytes: (bits_per_second / 8.0 * 10.0) as u64,
        seconds: 10.0,
        retransmits: Some(12),
        round_trip_time: Some(RoundTripTime {
            min_microseconds: 84.0,
            mean_microseconds: 131.5,
            max_microseconds: 220.0,
        }),
        cpu: Some(Cpu { client_percent: 42.25, server_percent: 61.5 }),
        samples: Vec::new(),
    };
    record(client, server, Outcome::Ok(measurement))
}

pub(crate) fn failed(client: &str, server: &str, reason: &str) -> TestRecord {
    let failure = Failure::new(FailureKind::Unreachable, reason);
    record(client, server, Outcome::Failed(failure))
}

pub(crate) fn run(nodes: &[&str], tests: Vec<TestRecord>) -> Run {
    let node = |name: &&str| Node { name: (*name).to_owned(), ..Node::default() };
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
        parameters: Parameters {
            time_seconds: 10,
            parallel: 1,
            repeat: 1,
            path: Path::Pod,
            via: Via::Exec,
            concurrency: None,
            image: None,
            port: None,
        },
        nodes: nodes.iter().map(node).collect(),
        left_out: Vec::new(),
        planned_tests: nodes.len() * (nodes.len() - 1),
        summary: summarise(&tests),
        tests,
    }
}
