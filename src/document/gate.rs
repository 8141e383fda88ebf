//! Pairs that failed a gate.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{NodeId, Route};

/// A pair that failed a gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Breach {
    /// The gate as given on the command line: `--fail-below 5Gbit/s`.
    pub gate: String,
    /// The network path and IP family.
    #[serde(flatten)]
    pub route: Route,
    /// The sending node.
    pub sender: NodeId,
    /// The receiving node.
    pub receiver: NodeId,
    /// The measured throughput in bits per second; none if the pair failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bits_per_second: Option<f64>,
    /// The required throughput in bits per second.
    pub limit_bits_per_second: f64,
}
