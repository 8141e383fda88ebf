//! Why a run was aborted.

use crate::document::NodeId;
use crate::explanation::{Explanation, by_reason};
use crate::testbed::{TestbedError, Unusable};

/// Why a run was aborted.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The testbed failed as a whole.
    #[error(transparent)]
    Testbed(#[from] TestbedError),
    /// The program on a node is too old for a requested flag.
    #[error("{program} {version} on {node} does not support {flag}")]
    Unsupported {
        /// The program of the engine.
        program: &'static str,
        /// Its version.
        version: String,
        /// The node.
        node: NodeId,
        /// As on the command line.
        flag: &'static str,
        /// The first version that supports it.
        since: &'static str,
    },
    /// Fewer than two nodes have a server.
    #[error("{} of {nodes} servers started; at least two are needed", nodes - failed.len())]
    TooFewServers {
        /// The number of servers, external ones included.
        nodes: usize,
        /// Each node without a server, and the reason.
        failed: Vec<(NodeId, Unusable)>,
    },
}

impl RunError {
    /// The error as it is shown.
    pub fn explain(&self) -> Explanation {
        match self {
            Self::Testbed(error) => error.explain(),
            Self::Unsupported { program, since, .. } => Explanation::new(self.to_string())
                .cause(format!("{program} supports it from version {since} on"))
                .help(format!(
                    "set --image to one with {program} {since} or later (with --local: install it)"
                )),
            Self::TooFewServers { failed, .. } => Explanation {
                help: remedies(failed),
                ..Explanation::new(self.to_string()).cause(grouped(failed))
            },
        }
    }
}

/// One line per reason, so that a refusal of all nodes reads as one.
fn grouped(failed: &[(NodeId, Unusable)]) -> String {
    let reasons = by_reason(failed.iter().map(|(node, unusable)| (unusable.reason(), node.name())));
    let lines: Vec<String> =
        reasons.iter().map(|(reason, nodes)| format!("{}: {reason}", nodes.join(", "))).collect();
    lines.join("\n")
}

/// The distinct remedies.
fn remedies(failed: &[(NodeId, Unusable)]) -> Option<String> {
    let mut remedies: Vec<_> = failed.iter().filter_map(|(_, unusable)| unusable.remedy()).collect();
    remedies.sort_unstable();
    remedies.dedup();
    (!remedies.is_empty()).then(|| remedies.join("\n"))
}
