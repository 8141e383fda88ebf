//! Where the packets of a test go: the network path and the IP family.

use std::fmt;

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The network path from client to server.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, ValueEnum,
)]
#[serde(rename_all = "camelCase")]
pub enum Path {
    /// From pod to pod over the pod network.
    Pod,
    /// From a pod to the `ClusterIP` of a Service in front of the server.
    Service,
    /// From a pod to the node port of a Service on the server's node.
    #[value(name = "nodeport")]
    NodePort,
    /// From a pod to the load balancer address of a Service.
    #[value(name = "loadbalancer")]
    LoadBalancer,
    /// From host network to host network.
    Host,
    /// Over this machine's loopback interface.
    #[value(skip)]
    Loopback,
}

impl Path {
    /// As on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pod => "pod",
            Self::Service => "service",
            Self::NodePort => "nodeport",
            Self::LoadBalancer => "loadbalancer",
            Self::Host => "host",
            Self::Loopback => "loopback",
        }
    }

    /// Whether client and server run on the network of their nodes.
    pub fn is_on_host_network(self) -> bool {
        self == Self::Host
    }

    /// Whether packets pass a Service.
    pub fn has_service(self) -> bool {
        matches!(self, Self::Service | Self::NodePort | Self::LoadBalancer)
    }
}

/// A version of the Internet Protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum IpFamily {
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
}

/// The IP families of a run, never empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct IpFamilies(Vec<IpFamily>);

impl IpFamilies {
    /// The families in the order in which each pair is measured.
    pub fn as_slice(&self) -> &[IpFamily] {
        &self.0
    }

    /// A parser for `ipv4`, `ipv6` and `dual`.
    pub(super) fn parser() -> impl TypedValueParser<Value = Self> {
        PossibleValuesParser::new(["ipv4", "ipv6", "dual"]).map(|text| match text.as_str() {
            "ipv4" => Self(vec![IpFamily::Ipv4]),
            "ipv6" => Self(vec![IpFamily::Ipv6]),
            _ => Self(vec![IpFamily::Ipv4, IpFamily::Ipv6]),
        })
    }
}

impl fmt::Display for IpFamilies {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(match self.as_slice() {
            [IpFamily::Ipv4] => "IPv4",
            [IpFamily::Ipv6] => "IPv6",
            _ => "IPv4 and IPv6",
        })
    }
}

/// A path, with the IP family if one was requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Route {
    /// The network path.
    pub path: Path,
    /// The IP family, if one was requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_family: Option<IpFamily>,
}

impl Route {
    /// The IP family as the end of a phrase: ` over IPv6`; empty if none was requested.
    pub fn over_family(self) -> &'static str {
        match self.ip_family {
            Some(IpFamily::Ipv4) => " over IPv4",
            Some(IpFamily::Ipv6) => " over IPv6",
            None => "",
        }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "{}{}", self.path.name(), self.over_family())
    }
}

impl From<Path> for Route {
    fn from(path: Path) -> Self {
        Self { path, ip_family: None }
    }
}
