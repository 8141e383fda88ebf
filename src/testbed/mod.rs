//! Testbeds: servers on nodes, and clients that connect to them.

mod external_server;
pub mod kubernetes;
pub mod local;
mod remedy;
mod two_clusters;

pub use external_server::WithExternalServer;
pub use remedy::{ImageFault, ImageUse, Remedy};
pub use two_clusters::TwoClusters;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::ControlFlow;

use async_trait::async_trait;

use crate::cluster::RequestError;
use crate::document::{Failure, NodeId, Note};
use crate::engine::{ClientExit, Engine};
use crate::explanation::Explanation;
use crate::options::Route;
use crate::sanitize;

use local::LocalError;

/// A server process.
#[derive(Debug, Clone, Copy)]
pub struct Process {
    /// The engine of the server.
    pub engine: &'static dyn Engine,
    /// The port of the server.
    pub port: u16,
}

/// The server processes of each node.
#[derive(Debug, Clone, Copy)]
pub struct Processes {
    /// The server of throughput tests.
    pub throughput: Process,
    /// The server of latency tests, if latency is measured. The throughput server serves both if their programs
    /// are the same.
    pub latency: Option<Process>,
}

impl Processes {
    /// The processes to start, the throughput server first.
    pub fn iter(&self) -> impl Iterator<Item = Process> + use<> {
        let program = self.throughput.engine.program();
        let other = self.latency.filter(|process| process.engine.program() != program);
        std::iter::once(self.throughput).chain(other)
    }
}

/// A listening server over one route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// The address that clients connect to.
    pub host: String,
    /// The port of throughput tests.
    pub port: u16,
    /// The port of latency tests, if latency is measured.
    pub latency_port: Option<u16>,
    /// The version of the throughput engine, if it was reported.
    pub version: Option<String>,
}

/// The servers of one node, by route.
pub type NodeServers = BTreeMap<Route, Result<Server, Unusable>>;

/// Why a node or a pod cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    reason: String,
    remedy: Option<Remedy>,
}

impl Unusable {
    /// A node or a pod without a remedy. `reason` is made safe to print.
    pub fn because(reason: impl Into<String>) -> Self {
        Self { reason: sanitize::reason(&reason.into()), remedy: None }
    }

    /// The same with a remedy, if one is known.
    #[must_use]
    pub fn with_remedy(self, remedy: Option<impl Into<Remedy>>) -> Self {
        Self { remedy: remedy.map(Into::into), ..self }
    }

    /// The same with a sentence that contains the reason.
    #[must_use]
    pub fn reworded(self, reword: impl FnOnce(&str) -> String) -> Self {
        Self { reason: sanitize::reason(&reword(&self.reason)), ..self }
    }

    /// The reason in one line, quoting the message of the cluster.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// How to fix it, if known; for a pod that measures.
    pub fn remedy(&self) -> Option<Cow<'_, str>> {
        self.remedy_for(ImageUse::Measuring)
    }

    /// How to fix it, if known, for a pod whose image is for `image_use`.
    pub fn remedy_for(&self, image_use: ImageUse) -> Option<Cow<'_, str>> {
        self.remedy.as_ref().map(|remedy| remedy.text(image_use))
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(&self.reason)?;
        match self.remedy() {
            Some(remedy) => write!(formatter, "; {remedy}"),
            None => Ok(()),
        }
    }
}

/// Why the servers of a node are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestoreReason {
    /// One of their tests failed.
    TestFailed,
    /// They were lost at the last check, and may have recovered.
    LostBefore,
    /// They are still busy with a finished test.
    Stuck,
    /// They accept connections, but do not respond.
    Unresponsive,
}

impl RestoreReason {
    /// Why servers that run are lost all the same; none if running ones are intact.
    pub fn loss(self) -> Option<Unusable> {
        let reason = match self {
            Self::TestFailed | Self::LostBefore => return None,
            Self::Stuck => "the server was stuck in a test that had ended",
            Self::Unresponsive => "the server accepted connections, but did not respond",
        };
        Some(Unusable::because(reason))
    }
}

/// The result of [`Testbed::restore`].
#[derive(Debug)]
pub enum RestoreOutcome {
    /// No problem was found.
    Intact,
    /// They were lost, and have been recreated.
    Recreated {
        /// Why they were lost.
        lost: Unusable,
        /// The new servers.
        servers: NodeServers,
    },
    /// Some of them are permanently lost.
    Unrecoverable {
        /// The remaining servers, and why the others were lost.
        servers: NodeServers,
    },
    /// They are lost, and cannot be recreated at the moment.
    Unavailable(Unusable),
}

/// A new state of a server.
#[derive(Debug, Clone, Copy)]
pub enum ServerState<'a> {
    /// It is not listening yet: what it waits for, in a few words.
    Waiting(&'a str),
    /// It is listening.
    Listening,
    /// It was lost for this reason, and has been recreated.
    Restored(&'a Unusable),
    /// It cannot be started.
    Failed(&'a Unusable),
}

/// Takes the changes of the server on a node.
pub type StartProgress<'a> = &'a (dyn Fn(NodeId, ServerState) + Sync);

/// Why a testbed cannot be used, or cannot be removed.
#[derive(Debug, thiserror::Error)]
pub enum TestbedError {
    /// A request to the API server failed.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// A server on this machine could not be started.
    #[error(transparent)]
    Local(#[from] LocalError),
    /// The pods violate the Pod Security level of the run's own namespace.
    #[error(
        "the pods of the run violate the Pod Security level {level}, which the run sets for its namespace"
    )]
    PodSecurity {
        /// The level.
        level: &'static str,
        /// The message of the API server.
        reason: String,
    },
    /// No client can be started by exec.
    #[error("cannot start clients by exec")]
    Exec {
        /// The reason.
        reason: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The objects of the run were not deleted in time.
    #[error("the objects of the run in namespace {namespace} still exist after {seconds} seconds")]
    Removal {
        /// The namespace.
        namespace: String,
        /// The timeout.
        seconds: u64,
        /// What blocks their deletion, in the cluster's message.
        held_by: Option<String>,
    },
}

impl TestbedError {
    /// The error as it is shown.
    pub fn explain(&self) -> Explanation {
        match self {
            Self::Request(error) => error.explain(),
            Self::Local(error) => error.explain(),
            Self::PodSecurity { reason, .. } => Explanation::new(self.to_string()).cause(reason).help(
                "a webhook adds what violates it: set --pod-security privileged, or exclude the pods from the webhook, \
                 such as with --label sidecar.istio.io/inject=false",
            ),
            Self::Exec { reason, remedy } => Explanation::new(self.to_string()).cause(reason).help(*remedy),
            Self::Removal { namespace, held_by, .. } => {
                let unknown = || {
                    "their deletion was accepted, but has not completed; the cluster gave no reason"
                        .to_owned()
                };
                Explanation::new(self.to_string()).cause(held_by.clone().unwrap_or_else(unknown)).help(
                    format!(
                        "find out what blocks their deletion: kubectl describe namespace {namespace}; \
                         kubectl get all,events --namespace {namespace}"
                    ),
                )
            }
        }
    }
}

/// Takes the lines of a client's standard output as they arrive, without their line feeds. Breaks when the result
/// is complete: then there is no need to wait for the client to exit.
pub type Output<'a> = &'a mut (dyn FnMut(&str) -> ControlFlow<()> + Send);

/// Called when a client has started.
pub type ClientStarted<'a> = &'a (dyn Fn() + Sync);

/// Takes the lines of a server's output. Breaks when no more are needed.
pub type ServerLines<'a> = &'a mut (dyn FnMut(&str) -> ControlFlow<()> + Send);

/// Nodes on which servers and clients run.
#[async_trait]
pub trait Testbed: Sync {
    /// Starts the servers of all nodes concurrently, and returns when each one is listening or has failed.
    ///
    /// # Errors
    /// The testbed fails as a whole. A failure of a single node is an [`Unusable`] entry.
    async fn start(&self, progress: StartProgress<'_>) -> Result<HashMap<NodeId, NodeServers>, TestbedError>;

    /// Runs `command` on the node `client`, in the network in which `route` starts, calls `started`, and passes its
    /// output to `output`. Returns when the process has ended or `output` breaks.
    ///
    /// When the future is dropped, the process is killed, or ends after its test time.
    ///
    /// # Errors
    /// The client could not be started, or the connection to it was lost.
    async fn run_client(
        &self,
        client: NodeId,
        route: Route,
        command: &[String],
        started: ClientStarted<'_>,
        output: Output<'_>,
    ) -> Result<ClientExit, Failure>;

    /// Passes the output of the throughput server on the node `server` since the last call to `lines`. Returns when `lines` breaks, or when there is no more output at the moment.
    ///
    /// # Errors
    /// The output cannot be read.
    async fn read_server(&self, server: NodeId, route: Route, lines: ServerLines<'_>) -> Result<(), Failure>;

    /// Checks the servers of a node, and recreates them if they are lost and that may help.
    /// External servers, which the testbed has not started, are always intact.
    async fn restore(&self, node: NodeId, reason: RestoreReason) -> RestoreOutcome;

    /// The notes since the last call.
    fn take_notes(&self) -> Vec<Note> {
        Vec::new()
    }

    /// Removes everything that the testbed has created, except for kept servers. Can be called at any time, and
    /// repeatedly.
    ///
    /// # Errors
    /// Some objects were not removed; the error names them.
    async fn stop(&self) -> Result<(), TestbedError>;
}
