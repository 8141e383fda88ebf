//! What a run was asked to do, defaults filled in.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PodParameters;

/// The way that the packets of a test take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Path {
    /// From pod to pod, over the cluster's pod network.
    Pod,
    /// From a pod to the `ClusterIP` of a Service in front of the server's pod.
    Service,
    /// From a pod to the address of the server's node and a `NodePort` there.
    NodePort,
    /// From a pod to the address that the cluster's load balancer gives a Service.
    LoadBalancer,
    /// Both ends on the network of their nodes.
    Host,
    /// Over this machine's loopback.
    Loopback,
}

impl Path {
    /// As the command line has it.
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

    /// Whether the ends of a test are on the network of their nodes.
    pub fn is_on_host_network(self) -> bool {
        self == Self::Host
    }

    /// Whether packets go through a Service.
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

impl IpFamily {
    /// ` over IPv4`, to follow the name of a path.
    fn suffix(self) -> &'static str {
        match self {
            Self::Ipv4 => " over IPv4",
            Self::Ipv6 => " over IPv6",
        }
    }
}

/// A network path together with its IP family. Displayed as `pod` or `pod over IPv4`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Route {
    /// The network path.
    pub path: Path,
    /// The requested IP family; none for the cluster's default.
    pub ip_family: Option<IpFamily>,
}

impl fmt::Display for Route {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "{}{}", self.path.name(), by_family(self.ip_family))
    }
}

/// ` over IPv4`, to follow the name of a path; empty if no IP family was requested.
pub fn by_family(ip_family: Option<IpFamily>) -> &'static str {
    ip_family.map_or("", IpFamily::suffix)
}

/// The route of these two, as displayed.
pub fn way_name(path: Path, ip_family: Option<IpFamily>) -> String {
    Route { path, ip_family }.to_string()
}

/// The transport protocol of throughput tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// The program that measures throughput.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum EngineName {
    /// iperf3.
    Iperf3,
    /// iperf 2.
    Iperf2,
}

/// How a test's client is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Via {
    /// Inside the pod that already runs on the client's node.
    Exec,
    /// By a Job for each test.
    Job,
    /// As a process of this machine.
    Process,
}

/// The parameters that were in effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Parameters {
    /// How long each throughput test sends, in seconds.
    pub time_seconds: u32,
    /// How long each latency test asks, in seconds; none if latency was not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_time_seconds: Option<u32>,
    /// How much of the start of each test is left out of its figures, in seconds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub omit_seconds: u32,
    /// Streams at the same time in each test.
    pub parallel: u32,
    /// How often each pair is measured.
    pub repeat: u32,
    /// The ways of the packets, in the order in which each pair is measured.
    pub paths: Vec<Path>,
    /// The versions of IP that were asked for; none for the cluster's own choice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ip_families: Vec<IpFamily>,
    /// What throughput is measured with.
    pub engine: EngineName,
    /// The transport protocol.
    pub protocol: Protocol,
    /// Whether both directions are measured at the same time.
    #[serde(default, skip_serializing_if = "is_false")]
    pub bidirectional: bool,
    /// The rate that senders keep to, in bits per second, all streams together: 0 for none; none
    /// for the default, which for UDP follows from what TCP gets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_bits_per_second: Option<u64>,
    /// The bytes of one write, or of one datagram.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length_bytes: Option<u64>,
    /// TCP's maximum segment size, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mss_bytes: Option<u32>,
    /// The size of the sockets' buffers, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_bytes: Option<u64>,
    /// TCP's congestion control.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub congestion_control: Option<String>,
    /// The differentiated services code point of the packets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dscp: Option<u8>,
    /// Further arguments of the clients of throughput tests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub client_arguments: Vec<String>,
    /// The server outside of the cluster that all tests went to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Whether servers were to stay after the run.
    #[serde(default, skip_serializing_if = "is_false")]
    pub keep: bool,
    /// How clients are started.
    pub via: Via,
    /// The most tests that run at the same time; none for as many as there are disjoint pairs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<usize>,
    /// The image of the pods; none without a cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// What the pods were to have beside that.
    #[serde(default, skip_serializing_if = "PodParameters::is_empty")]
    pub pods: PodParameters,
    /// The port of the servers; none where each has its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The port of the servers of latency tests; none without them, and where each has its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_port: Option<u16>,
}

// serde hands out references
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn route_is_displayed_with_its_ip_family_if_requested() {
        let route = |ip_family| Route { path: Path::NodePort, ip_family }.to_string();
        assert_eq!(route(None), "nodeport");
        assert_eq!(route(Some(IpFamily::Ipv6)), "nodeport over IPv6");
    }
}
