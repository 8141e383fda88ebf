//! What an error says to the person who has to do something about it.

use crate::testbed::Unusable;
use crate::testbed::kubernetes::{ConnectError, RequestError, SelectionError};
use crate::testbed::local::LocalError;

/// An error as it is shown: what happened, why, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What could not be done.
    pub what: String,
    /// Why, in the words of whoever refused.
    pub why: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
}

impl Explanation {
    /// An explanation of an error that only says what happened.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), why: None, remedy: None }
    }

    /// Adds the cause.
    #[must_use]
    pub fn because(mut self, why: impl Into<String>) -> Self {
        self.why = Some(why.into());
        self
    }

    /// Adds the remedy.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

/// Why a command gave up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No connection to the cluster could be set up.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The API server refused a request, or did not answer it.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The nodes asked for cannot be measured.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// The servers of this machine could not be started.
    #[error(transparent)]
    Local(#[from] LocalError),
    /// Servers listen on fewer than two nodes.
    #[error("fewer than two nodes have a server that listens")]
    TooFewServers {
        /// Each node without a server, and why.
        failed: Vec<(String, Unusable)>,
    },
    /// The objects of the run don't go away.
    #[error("the objects of the run in the namespace {what} are not gone after {seconds} seconds")]
    Removal {
        /// The namespace.
        what: String,
        /// How long was waited.
        seconds: u64,
    },
    /// Results could not be written.
    #[error("cannot write the results")]
    Output(#[source] std::io::Error),
}

impl Error {
    /// The error in the three parts that are shown.
    pub fn explain(&self) -> Explanation {
        match self {
            Self::Connect(error) => error.explain(),
            Self::Request(error) => error.explain(),
            Self::Selection(error) => error.explain(),
            Self::Local(error) => error.explain(),
            Self::TooFewServers { failed } => Explanation {
                remedy: remedies(failed),
                ..Explanation::new(self.to_string()).because(grouped(failed))
            },
            Self::Removal { what, .. } => Explanation::new(self.to_string())
                .because("their deletion was accepted, but something in the cluster holds them")
                .remedy(format!("see what it is: kubectl get all,events --namespace {what}")),
            Self::Output(error) => Explanation::new(self.to_string()).because(error.to_string()),
        }
    }
}

/// Nodes with the same reason on one line, so that a refusal of all of them reads as one.
fn grouped(failed: &[(String, Unusable)]) -> String {
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for (node, unusable) in failed {
        match reasons.iter_mut().find(|(known, _)| *known == unusable.reason) {
            Some((_, nodes)) => nodes.push(node),
            None => reasons.push((&unusable.reason, vec![node])),
        }
    }
    let lines: Vec<String> =
        reasons.iter().map(|(reason, nodes)| format!("{}: {reason}", nodes.join(", "))).collect();
    lines.join("\n")
}

/// Each remedy once.
fn remedies(failed: &[(String, Unusable)]) -> Option<String> {
    let mut remedies: Vec<&str> =
        failed.iter().filter_map(|(_, unusable)| unusable.remedy.as_deref()).collect();
    remedies.sort_unstable();
    remedies.dedup();
    (!remedies.is_empty()).then(|| remedies.join("\n"))
}
