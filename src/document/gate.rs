//! What a run had to reach, and what did not.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{IpFamily, Path};

/// A pair that is worse than it was allowed to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Breach {
    /// The gate, as it was written: `--fail-below 5Gbit/s`.
    pub gate: String,
    /// The way of the packets.
    pub path: Path,
    /// The version of IP, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_family: Option<IpFamily>,
    /// The node that sends.
    pub sender: String,
    /// The node that receives.
    pub receiver: String,
    /// What it reached, in bits per second; none if it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bits_per_second: Option<f64>,
    /// What it had to reach, in bits per second.
    pub limit_bits_per_second: f64,
}
