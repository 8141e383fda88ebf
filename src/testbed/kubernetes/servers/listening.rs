//! Whether the servers in a pod listen, and why they do not: told by their logs.

use std::ops::ControlFlow;
use std::time::Duration;

use tokio::time::Instant;

use super::unusable;
use crate::cluster::API_SERVER_AWAY;
use crate::testbed::kubernetes::pods::log::{LogOf, LogPosition, REOPEN_PAUSE};
use crate::testbed::kubernetes::pods::state;
use crate::testbed::kubernetes::{KubernetesTestbed, Made, PodState};
use crate::testbed::{Process, Unusable};

/// How long a running server may take to listen.
const LISTEN_LIMIT: Duration = Duration::from_secs(10);

/// So many bytes of what a server said are looked through for why it ended.
const MOST_WORDS: usize = 64 << 10;

impl KubernetesTestbed {
    /// Reads the log of a running server until it listens. Returns its version.
    pub(super) async fn listening(
        &self,
        made: &Made,
        pod: &str,
        process: Process,
        silence: Duration,
    ) -> Result<Option<String>, Unusable> {
        let mut log = process.engine.server_log();
        let mut last_error = None;
        let mut position = LogPosition::default();
        let begun = Instant::now();
        let mut give_up = begun + LISTEN_LIMIT;
        let of = LogOf { pod, container: process.engine.program(), follow: !silence.is_zero() };
        let mut silent_until = Instant::now() + silence;
        let ended = loop {
            let mut take = |line: &str| {
                log.line(line);
                if log.is_listening() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            let until = if position.is_at_start() { silent_until.min(give_up) } else { give_up };
            // a process that has ended will never listen, and its last words say more than its log
            let read = tokio::select! {
                read = self.read_log(of, &mut position, &mut take) => Some(read),
                ended = made.pods.ended(pod) => break ended,
                () = tokio::time::sleep_until(until), if of.follow => None,
            };
            match read {
                Some(Ok(ControlFlow::Break(()))) => return Ok(log.version().map(str::to_owned)),
                Some(Ok(ControlFlow::Continue(()))) | None => {}
                Some(Err(error)) => {
                    // an API server that is away is waited for
                    if error.may_pass() && begun.elapsed() < API_SERVER_AWAY {
                        give_up = Instant::now() + LISTEN_LIMIT;
                    }
                    // a log that cannot be read is not silent
                    silent_until = give_up;
                    last_error = Some(error);
                }
            }
            let is_silent = Instant::now() >= silent_until && position.is_at_start();
            if is_silent || !of.follow {
                return Ok(log.version().map(str::to_owned));
            }
            if Instant::now() >= give_up {
                break made.pods.state(pod);
            }
            tokio::time::sleep(REOPEN_PAUSE).await;
        };
        Err(match (ended, last_error) {
            (Some(PodState::Ended { exit, .. }), _) if exit.code == Some(0) => {
                self.last_words(made, pod).await
            }
            (Some(PodState::Ended { unusable, .. }), _) => unusable,
            (None, _) => Unusable::because("its pod was deleted"),
            (_, Some(error)) => unusable(&error),
            (_, None) => Unusable::because(format!(
                "its server does not listen on port {} after {} seconds",
                process.port,
                LISTEN_LIMIT.as_secs()
            )),
        })
    }

    /// Why a pod has ended whose process says that all is well: iperf 2 exits with 0 when its port is
    /// taken, and a kubelet keeps the last words of failures only.
    pub(super) async fn last_words(&self, made: &Made, pod: &str) -> Unusable {
        let mut said = String::new();
        for process in self.settings.processes.iter() {
            let of = LogOf { pod, container: process.engine.program(), follow: false };
            let mut take = |line: &str| {
                said.push_str(line);
                said.push('\n');
                if said.len() < MOST_WORDS { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            };
            // a log that cannot be read says nothing
            let _ = self.read_log(of, &mut LogPosition::default(), &mut take).await;
        }
        made.pods.pod(pod).map_or_else(
            || Unusable::because("its pod was deleted"),
            |pod| state::ended_by_itself(&pod, 0, said.trim()),
        )
    }
}
