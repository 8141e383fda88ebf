//! Runs the clients of tests, by exec or as Jobs.

mod exec;
mod job;
mod probe;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use self::exec::{ExecFailure, run_by_exec};
use self::job::run_by_job;
pub use self::probe::exec_in_kept;
use self::probe::probe;
use super::context::{ActiveScope, Context};
use super::nodes::Chosen;
use super::notes::Notes;
use super::objects::Network;
use super::survey::access::may_create_jobs;
use crate::document::{Failure, FailureKind, Note, NoteKind};
use crate::engine::ClientExit;
use crate::options::ClientMode;
use crate::testbed::{ClientStarted, Output, TestbedError};

/// How long to wait for an API server that does not answer when a client is started. Less than the time
/// that the runner grants a client beyond its test.
const START_REQUEST_LIMIT: Duration = Duration::from_secs(10);

/// How long to wait for an answer about a connection to a client that broke.
const INQUIRY_LIMIT: Duration = Duration::from_secs(5);

/// A client to run.
#[derive(Clone, Copy)]
pub(super) struct Client<'a> {
    pub context: &'a Context,
    pub active: &'a ActiveScope,
    pub notes: &'a Notes,
    pub node: &'a Chosen,
    pub network: Network,
    /// The program and its arguments.
    pub command: &'a [String],
    /// Called when it has started.
    pub started: ClientStarted<'a>,
}

/// Starts clients: by exec, until that turns out not to work and Jobs may replace it.
pub(super) struct Clients {
    mode: Mutex<Mode>,
    /// The number of Jobs created so far.
    jobs: AtomicUsize,
}

struct Mode {
    /// `Auto` for exec that Jobs may replace.
    current: ClientMode,
    /// When the first connection to a client was cut.
    first_cut: Option<Instant>,
}

impl Clients {
    pub fn new(mode: ClientMode) -> Self {
        let mode = Mode { current: mode, first_cut: None };
        Self { mode: Mutex::new(mode), jobs: AtomicUsize::new(0) }
    }

    /// Finds out in one of `pods`, or in two if the first one fails, whether exec works. Jobs replace it if not:
    /// a note on that.
    ///
    /// # Errors
    /// Neither exec nor Jobs can be used, or exec was requested.
    pub async fn choose(&self, context: &Context, pods: &[String]) -> Result<Option<Note>, TestbedError> {
        let mode = self.mode().current;
        if mode == ClientMode::Job {
            return Ok(None);
        }
        let Err(failure) = probe(&context.cluster, &context.scope.namespace(), &context.settings, pods).await
        else {
            return Ok(None);
        };
        let reason = failure.reason.clone();
        if mode == ClientMode::Exec {
            let remedy = "omit --via exec, or set --via job, to run the clients as Jobs";
            return Err(TestbedError::Exec { reason, remedy });
        }
        if !may_create_jobs(&context.cluster, &context.scope.namespace()).await {
            let remedy = "clients can run as Jobs if this user may create Jobs: `kubectl netbench check --via job --rbac` \
                          prints the permissions";
            return Err(TestbedError::Exec { reason, remedy });
        }
        Ok(Some(self.replace_by_jobs("exec does not work", &failure.reason)))
    }

    /// Runs a client. A connection that is cut for the second time makes Jobs replace exec.
    pub async fn run(&self, client: Client<'_>, output: Output<'_>) -> Result<ClientExit, Failure> {
        if self.mode().current == ClientMode::Job {
            loop {
                let relaxation = client.context.relaxation();
                let number = self.jobs.fetch_add(1, Ordering::Relaxed) + 1;
                match run_by_job(client, number, output).await {
                    // the pod of the Job was refused, although server pods were admitted
                    Err(failure)
                        if failure.kind == FailureKind::NodeUnusable
                            && client.context.relax(relaxation, &failure.reason) => {}
                    result => return result,
                }
            }
        }
        let began = Instant::now();
        match run_by_exec(client, output).await {
            Ok(exit) => Ok(exit),
            Err(ExecFailure::NotStarted(failure)) => Err(failure),
            Err(ExecFailure::Cut { failure, process }) => {
                let cluster = &client.context.cluster;
                let inquiry = tokio::time::timeout(INQUIRY_LIMIT, cluster.version()).await;
                // an API server or a node that is away ends connections as well: then exec does not work either
                if matches!(inquiry, Ok(Ok(_))) && exec::end(client, &process).await {
                    client.notes.add(self.record_cut(began, &failure));
                }
                Err(failure)
            }
        }
    }

    /// Records that the connection to a client, which began at `began`, was cut.
    fn record_cut(&self, began: Instant, failure: &Failure) -> Option<Note> {
        {
            let mut mode = self.mode();
            let first = *mode.first_cut.get_or_insert_with(Instant::now);
            // clients that ran at the same time were cut by the same event
            if mode.current != ClientMode::Auto || began < first {
                return None;
            }
        }
        let reason = format!("{}, for the second time", failure.reason);
        Some(self.replace_by_jobs("connections of exec are cut", &reason))
    }

    /// `problem` is what is wrong with exec.
    fn replace_by_jobs(&self, problem: &str, reason: &str) -> Note {
        self.mode().current = ClientMode::Job;
        let sentence = format!("clients run as Jobs, because {problem}: {reason}");
        Note::of_run(NoteKind::ExecUnusable, sentence)
    }

    fn mode(&self) -> MutexGuard<'_, Mode> {
        // nothing panics while holding the lock
        self.mode.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
