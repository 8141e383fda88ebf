//! One attempt at a test, and whether another is worth it.

use std::time::Duration;

use super::{Event, Run};
use crate::document::{Failure, FailureKind, Outcome};
use crate::engine::iperf3::{ReportReader, client_command};
use crate::plan::Test;
use crate::testbed::{Enough, Server, Testbed};

/// How often a test is tried before its failure stands.
const MOST_ATTEMPTS: u32 = 3;

/// Runs the client of `test` once.
pub(super) async fn attempt<T: Testbed>(run: &Run<'_, T>, test: Test, server: &Server) -> Outcome {
    let names = &run.settings.nodes;
    let (client, server_name) = (names[test.client].as_str(), names[test.server].as_str());
    run.observer.observe(&Event::TestStarted { client, server: server_name });
    let mut reader = ReportReader::new(run.options.format, run.options.time_seconds);
    let command = client_command(&server.host, server.port, &run.options);
    let mut output = |bytes: &[u8]| {
        for sample in reader.push(bytes) {
            run.observer.observe(&Event::Sampled { client, server: server_name, sample });
        }
        if reader.is_complete() { Enough::Yes } else { Enough::NotYet }
    };
    let time = Duration::from_secs(run.options.time_seconds.into()) + run.settings.grace;
    let ended = tokio::time::timeout(time, run.testbed.run_client(test.client, &command, &mut output)).await;
    let result = match ended {
        Ok(Ok(exit)) => reader.finish(&exit),
        Ok(Err(failure)) => Err(failure),
        Err(_) => Err(Failure::new(
            FailureKind::TimedOut,
            format!("the client had not ended after {} seconds", time.as_secs()),
        )),
    };
    match result {
        Ok(measurement) => Outcome::Ok(measurement),
        Err(failure) => Outcome::Failed(failure),
    }
}

/// How long to wait before the next attempt; none if the outcome stands.
///
/// Only what may be over in a moment is tried again: a server that has not yet put away the test
/// before, and a client that was lost on the way to it. A lost client may still be sending, and is
/// given its time.
pub(super) fn pause_before_next(attempt: u32, outcome: &Outcome, time_seconds: u32) -> Option<Duration> {
    let Outcome::Failed(failure) = outcome else {
        return None;
    };
    let pause = match failure.kind {
        FailureKind::Busy => Duration::from_millis(500) * attempt,
        FailureKind::ClientLost => Duration::from_secs(time_seconds.into()),
        _ => return None,
    };
    (attempt < MOST_ATTEMPTS).then_some(pause)
}
