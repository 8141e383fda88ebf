//! Where tests take place: servers on nodes, and clients that talk to them.

pub mod kubernetes;
pub mod local;
mod outside;
mod remedy;
mod two_clusters;

pub use outside::Outside;
pub use remedy::{ImageFault, ImageUse, Remedy};
pub use two_clusters::TwoClusters;

use std::fmt;
use std::ops::ControlFlow;

use async_trait::async_trait;

use crate::cluster::RequestError;
use crate::document::Failure;
use crate::engine::{ClientExit, Engine};
use crate::explanation::Explanation;
use crate::sanitize;

use local::LocalError;

/// A server process.
#[derive(Debug, Clone, Copy)]
pub struct Process {
    /// The program.
    pub engine: &'static dyn Engine,
    /// The port that it listens on.
    pub port: u16,
}

/// The server processes of each node.
#[derive(Debug, Clone, Copy)]
pub struct Processes {
    /// The one that throughput is measured with.
    pub throughput: Process,
    /// The one that latency is measured with, where it is; it may be the same.
    pub latency: Option<Process>,
}

impl Processes {
    /// Each process once, that for throughput first.
    pub fn iter(&self) -> impl Iterator<Item = Process> + use<> {
        let program = self.throughput.engine.program();
        let other = self.latency.filter(|process| process.engine.program() != program);
        std::iter::once(self.throughput).chain(other)
    }
}

/// A server that listens, as it is reached on one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// The address that clients connect to.
    pub host: String,
    /// The port of throughput tests.
    pub port: u16,
    /// The port of latency tests, where there are any.
    pub latency_port: Option<u16>,
    /// The version of the program that measures throughput, if it told.
    pub version: Option<String>,
}

/// The servers of one node, way by way.
pub type NodeServers = Vec<Result<Server, Unusable>>;

/// A node that has no server, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    reason: String,
    remedy: Option<Remedy>,
}

impl Unusable {
    /// A node that cannot be used, for a reason that speaks for itself.
    pub fn because(reason: impl Into<String>) -> Self {
        Self { reason: sanitize::reason(&reason.into()), remedy: None }
    }

    /// The same with what to do about it, if that is known.
    #[must_use]
    pub fn with_remedy(self, remedy: Option<impl Into<Remedy>>) -> Self {
        Self { remedy: remedy.map(Into::into), ..self }
    }

    /// The same, in a sentence that has the reason in it.
    #[must_use]
    pub fn reworded(self, reword: impl FnOnce(&str) -> String) -> Self {
        Self { reason: sanitize::reason(&reword(&self.reason)), ..self }
    }

    /// What happened, with the words of whoever refused, in one line.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// What to do about it, where something can be done. A pod is one that measures.
    pub fn remedy(&self) -> Option<&str> {
        self.remedy_for(ImageUse::Measuring)
    }

    /// What to do about it, where something can be done, for a pod whose image is for `image_use`.
    pub fn remedy_for(&self, image_use: ImageUse) -> Option<&str> {
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

/// Why somebody asks after the servers of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// A test with them has failed.
    Failed,
    /// They were gone, and may be back.
    Gone,
    /// They have been busy for long with a test that is over.
    Stuck,
}

/// What has become of the servers of a node.
#[derive(Debug)]
pub enum Restored {
    /// They are there, as far as can be seen.
    Intact,
    /// They were gone, and have been put back: here they are.
    Back {
        /// What had happened.
        lost: Unusable,
        /// How they are reached now.
        servers: NodeServers,
    },
    /// Some of them are gone for good: here are the others, and why.
    Gone {
        /// How those that are left are reached.
        servers: NodeServers,
    },
    /// They are gone, and nothing brings them back at the moment.
    Lost(Unusable),
}

/// What happens to a server while it starts.
#[derive(Debug, Clone, Copy)]
pub enum Starting<'a> {
    /// It does not listen yet, and waits for this, told in a few words.
    WaitsFor(&'a str),
    /// It listens.
    Listens,
    /// It was lost, for this reason, and has been started again.
    Restored(&'a Unusable),
    /// It will not start.
    Failed(&'a Unusable),
}

/// Takes what happens to the server of the node at a position.
pub type StartProgress<'a> = &'a (dyn Fn(usize, Starting) + Sync);

/// Why a testbed cannot be used, or not be cleaned up.
#[derive(Debug, thiserror::Error)]
pub enum TestbedError {
    /// The API server refused a request, or did not answer it.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// A server of this machine could not be started.
    #[error(transparent)]
    Local(#[from] LocalError),
    /// The objects of the run don't go away.
    #[error("the objects of the run in the namespace {namespace} are not gone after {seconds} seconds")]
    Removal {
        /// The namespace.
        namespace: String,
        /// How long was waited.
        seconds: u64,
        /// What holds them, in the cluster's words, if it says so.
        held_by: Option<String>,
    },
}

impl TestbedError {
    /// The error in the three parts that are shown.
    pub fn explain(&self) -> Explanation {
        match self {
            Self::Request(error) => error.explain(),
            Self::Local(error) => error.explain(),
            Self::Removal { namespace, held_by, .. } => {
                let unknown =
                    || "their deletion was accepted, but something in the cluster holds them".to_owned();
                Explanation::new(self.to_string()).cause(held_by.clone().unwrap_or_else(unknown)).help(
                    format!(
                        "they go as soon as nothing holds them any more; see what it is: \
                     kubectl describe namespace {namespace}; kubectl get all,events --namespace {namespace}"
                    ),
                )
            }
        }
    }
}

/// Takes the lines of a client's standard output as they arrive, without their line feeds; breaks when the
/// result is complete, so that the client need not be waited for.
pub type Output<'a> = &'a mut (dyn FnMut(&str) -> ControlFlow<()> + Send);

/// Takes the lines of a server's output; breaks when it needs no more of them.
pub type ServerLines<'a> = &'a mut (dyn FnMut(&str) -> ControlFlow<()> + Send);

/// Nodes with servers, and a way to run clients on them.
///
/// Nodes are known by their positions in the list that the testbed was made with, and so are ways.
#[async_trait]
pub trait Testbed: Sync {
    /// Starts the servers of all nodes, all at once, and returns when each listens or has failed.
    /// One entry per node, in their order.
    ///
    /// # Errors
    /// What concerns all nodes. A node of its own is [`Unusable`].
    async fn start(&self, progress: StartProgress<'_>) -> Result<Vec<NodeServers>, TestbedError>;

    /// Runs `command` on the node at position `client`, where it can go the way at position `way`,
    /// and hands its output to `output`. Returns when the process has ended or `output` has had
    /// enough.
    ///
    /// Ends the process, or leaves it to end by itself, when the future is dropped.
    ///
    /// # Errors
    /// The client could not be started, or contact with it was lost.
    async fn run_client(
        &self,
        client: usize,
        way: usize,
        command: &[String],
        output: Output<'_>,
    ) -> Result<ClientExit, Failure>;

    /// Hands over what the server of throughput tests on the node at position `server` has written
    /// since this was last called, line by line; returns when there are enough, or no more at the
    /// moment.
    ///
    /// # Errors
    /// Its output cannot be read.
    async fn read_server(&self, server: usize, way: usize, lines: ServerLines<'_>) -> Result<(), Failure>;

    /// Sees whether the servers of the node at position `node` are still there, and puts them back if
    /// they are not and that may help. Those of a node that the testbed has not started are intact.
    async fn restore(&self, node: usize, trouble: Trouble) -> Restored;

    /// Removes everything that was made and is not to stay. Safe to call at any time, and more
    /// than once.
    ///
    /// # Errors
    /// Something is left; the error says what.
    async fn stop(&self) -> Result<(), TestbedError>;
}
