//! Pairs that failed a gate.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{IpFamily, Path, Route};

/// A pair that failed a gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Breach {
    /// The gate as given on the command line: `--fail-below 5Gbit/s`.
    pub gate: String,
    /// The network path.
    pub path: Path,
    /// The IP family, if one was requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_family: Option<IpFamily>,
    /// The sending node.
    pub sender: String,
    /// The receiving node.
    pub receiver: String,
    /// The measured throughput in bits per second; none if the pair failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bits_per_second: Option<f64>,
    /// The required throughput in bits per second.
    pub limit_bits_per_second: f64,
}

impl Breach {
    /// The path and IP family on which the pair failed the gate.
    pub fn route(&self) -> Route {
        Route { path: self.path, ip_family: self.ip_family }
    }
}
