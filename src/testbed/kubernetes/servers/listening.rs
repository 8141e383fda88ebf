//! Whether the servers in a pod listen, by their logs, and why they do not.

use std::time::Duration;

use tokio::time::Instant;

use crate::cluster::API_SERVER_OUTAGE;
use crate::testbed::kubernetes::context::{ActiveScope, Context};
use crate::testbed::kubernetes::logs::{LogPosition, LogSource, REOPEN_PAUSE, read_log};
use crate::testbed::kubernetes::pods::state::{self, PodState};
use crate::testbed::{Process, Unusable};
use std::ops::ControlFlow;

/// How long a running server may take until it listens.
const LISTEN_LIMIT: Duration = Duration::from_secs(10);

/// The most bytes of a log that are searched for the reason of an exit.
const MAX_OUTPUT: usize = 64 << 10;

/// Reads the log of a running server until the server listens. Returns the version of the engine. A log that is empty
/// after `silence_limit`, or has no more than the version, counts as that of a server that listens: iperf3 before 3.7 does
/// not flush what follows.
pub(super) async fn wait_until_listening(
    context: &Context,
    active: &ActiveScope,
    pod: &str,
    process: Process,
    silence_limit: Duration,
) -> Result<Option<String>, Unusable> {
    let mut log = process.engine.server_log();
    let mut last_error = None;
    let mut position = LogPosition::default();
    let begun = Instant::now();
    let mut give_up = begun + LISTEN_LIMIT;
    let container = process.engine.program();
    let source = LogSource { pod, container, follow: !silence_limit.is_zero() };
    let mut silent_until = Instant::now() + silence_limit;
    let api = context.api();
    let state = loop {
        let may_be_silent = position.is_at_start() || log.version().is_some();
        let mut take = |line: &str| {
            log.line(line);
            if log.is_listening() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let until = if may_be_silent { silent_until.min(give_up) } else { give_up };
        // a process that has ended will never listen, and its last output says more than its log
        let read = tokio::select! {
            read = read_log(&context.cluster, &api, source, &mut position, &mut take) => Some(read),
            state = active.pods.wait_for_end(pod) => break state,
            () = tokio::time::sleep_until(until), if source.follow => None,
        };
        match read {
            Some(Ok(ControlFlow::Break(()))) => return Ok(log.version().map(str::to_owned)),
            Some(Ok(ControlFlow::Continue(()))) | None => {}
            Some(Err(error)) => {
                // an unavailable API server is waited for
                if error.is_transient() && begun.elapsed() < API_SERVER_OUTAGE {
                    give_up = Instant::now() + LISTEN_LIMIT;
                }
                // a log that cannot be read is not silent
                silent_until = give_up;
                last_error = Some(error);
            }
        }
        let may_be_silent = position.is_at_start() || log.version().is_some();
        if (may_be_silent && Instant::now() >= silent_until) || !source.follow {
            return Ok(log.version().map(str::to_owned));
        }
        if Instant::now() >= give_up {
            break active.pods.state(pod);
        }
        tokio::time::sleep(REOPEN_PAUSE).await;
    };
    Err(match (state, last_error) {
        (Some(PodState::Ended { exit, .. }), _) if exit.code == Some(0) => {
            exit_reason(context, active, pod).await
        }
        (Some(PodState::Ended { unusable, .. }), _) => unusable,
        (None, _) => Unusable::because("the server pod was deleted"),
        (_, Some(error)) => error.into(),
        (_, None) => Unusable::because(format!(
            "the server is not listening on port {} after {} seconds",
            process.port,
            LISTEN_LIMIT.as_secs()
        )),
    })
}

/// Why a server exited with code 0: some engines do when their port is in use, and a kubelet keeps the last
/// output of failures only.
pub(super) async fn exit_reason(context: &Context, active: &ActiveScope, pod: &str) -> Unusable {
    let mut output = String::new();
    for process in context.settings.processes.iter() {
        let source = LogSource { pod, container: process.engine.program(), follow: false };
        let mut take = |line: &str| {
            output.push_str(line);
            output.push('\n');
            if output.len() < MAX_OUTPUT { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        // a log that cannot be read adds nothing to the reason
        let mut position = LogPosition::default();
        let _ = read_log(&context.cluster, &context.api(), source, &mut position, &mut take).await;
    }
    active.pods.pod(pod).map_or_else(
        || Unusable::because("the server pod was deleted"),
        |pod| state::exited(&pod, 0, output.trim()),
    )
}
