//! Why a run gave up.

use crate::explanation::{Explanation, by_reason};
use crate::testbed::{TestbedError, Unusable};

/// Why a run gave up.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The testbed cannot be used at all.
    #[error(transparent)]
    Testbed(#[from] TestbedError),
    /// Too few servers listen to measure anything.
    #[error("no pair is left to measure: servers do not listen")]
    TooFewServers {
        /// Each node without a server, and why.
        failed: Vec<(String, Unusable)>,
    },
}

impl RunError {
    /// The error in the three parts that are shown.
    pub fn explain(&self) -> Explanation {
        match self {
            Self::Testbed(error) => error.explain(),
            Self::TooFewServers { failed } => Explanation {
                help: remedies(failed),
                ..Explanation::new(self.to_string()).cause(grouped(failed))
            },
        }
    }
}

/// Nodes with the same reason on one line, so that a refusal of all of them reads as one.
fn grouped(failed: &[(String, Unusable)]) -> String {
    let reasons = by_reason(failed.iter().map(|(node, unusable)| (unusable.reason(), node.as_str())));
    let lines: Vec<String> =
        reasons.iter().map(|(reason, nodes)| format!("{}: {reason}", nodes.join(", "))).collect();
    lines.join("\n")
}

/// Each remedy once.
fn remedies(failed: &[(String, Unusable)]) -> Option<String> {
    let mut remedies: Vec<&str> = failed.iter().filter_map(|(_, unusable)| unusable.remedy()).collect();
    remedies.sort_unstable();
    remedies.dedup();
    (!remedies.is_empty()).then(|| remedies.join("\n"))
}
