//! How a server is reached on each route. Pure: from pods, Services and nodes to addresses.

use std::net::IpAddr;

use k8s_openapi::api::core::v1::Service;

use super::Listening;
use super::services::load_balancers;
use crate::document::{IpFamily, Path};
use crate::options::Route;
use crate::testbed::kubernetes::KubernetesTestbed;
use crate::testbed::kubernetes::nodes::Chosen;
use crate::testbed::kubernetes::objects::Role;
use crate::testbed::{Server, Unusable};

impl KubernetesTestbed {
    /// How the server of the node at position `index` is reached on `route`.
    pub(super) fn server(
        &self,
        index: usize,
        route: Route,
        pod: &Listening,
        service: &Result<Option<Service>, Unusable>,
    ) -> Result<Server, Unusable> {
        let processes = &self.settings.processes;
        let ports = |find: &dyn Fn(u16) -> Result<u16, Unusable>| {
            let latency_port = processes.latency.map(|process| find(process.port)).transpose()?;
            Ok((find(processes.throughput.port)?, latency_port))
        };
        let as_they_are = |port: u16| Ok(port);
        // a client's address is nobody's target: it only has to be there
        let path = if self.settings.role == Role::Clients { Path::Pod } else { route.path };
        let node = &self.nodes[index];
        let outside = self.settings.role == Role::Servers;
        let through = || match service {
            Ok(Some(service)) => Ok(service),
            Ok(None) => Err(Unusable::because("it has no Service")),
            Err(unusable) => Err(unusable.clone()),
        };
        let (host, (port, latency_port)) = match path {
            Path::Pod | Path::Loopback => {
                (of_family(&pod.addresses, route, "its pod")?, ports(&as_they_are)?)
            }
            Path::Host if outside => (node_address(node, route, true)?, ports(&as_they_are)?),
            Path::Host => (of_family(&pod.addresses, route, "the node")?, ports(&as_they_are)?),
            Path::Service => {
                (of_family(&cluster_ips(through()?), route, "its Service")?, ports(&as_they_are)?)
            }
            Path::NodePort => {
                let service = through()?;
                (node_address(node, route, outside)?, ports(&|port| node_port(service, port))?)
            }
            Path::LoadBalancer => {
                (of_family(&load_balancers(through()?), route, "its load balancer")?, ports(&as_they_are)?)
            }
        };
        Ok(Server { host, port, latency_port, version: pod.version.clone() })
    }
}

/// The first address of the family that the route asks for; the first of all if it asks for none.
fn of_family(addresses: &[String], route: Route, whose: &str) -> Result<String, Unusable> {
    let suits = |address: &&String| match route.ip_family {
        None => true,
        // a name may have addresses of both
        Some(family) => address.parse().map_or(true, |ip| family_of(ip) == family),
    };
    addresses.iter().find(suits).cloned().ok_or_else(|| lacks(whose, route))
}

fn lacks(whose: &str, route: Route) -> Unusable {
    Unusable::because(match route.ip_family {
        Some(IpFamily::Ipv4) => format!("{whose} has no IPv4 address"),
        Some(IpFamily::Ipv6) => format!("{whose} has no IPv6 address"),
        None => format!("{whose} has no address"),
    })
}

fn family_of(ip: IpAddr) -> IpFamily {
    match ip {
        IpAddr::V4(_) => IpFamily::Ipv4,
        IpAddr::V6(_) => IpFamily::Ipv6,
    }
}

/// The address of a node: from within its cluster's network the inner one, from `outside` the
/// outer one, each if there is one.
fn node_address(node: &Chosen, route: Route, outside: bool) -> Result<String, Unusable> {
    let of_kind = |external: bool| node.addresses.iter().filter(move |address| address.external == external);
    let in_order = of_kind(outside).chain(of_kind(!outside)).map(|address| address.ip.to_string());
    of_family(&in_order.collect::<Vec<_>>(), route, "the node")
}

fn cluster_ips(service: &Service) -> Vec<String> {
    let Some(spec) = &service.spec else {
        return Vec::new();
    };
    // only newer clusters have the list
    let all = spec.cluster_ips.clone().or_else(|| spec.cluster_ip.clone().map(|ip| vec![ip]));
    all.unwrap_or_default().into_iter().filter(|ip| !ip.is_empty() && ip != "None").collect()
}

fn node_port(service: &Service, port: u16) -> Result<u16, Unusable> {
    let ports = service.spec.as_ref().and_then(|spec| spec.ports.as_deref()).unwrap_or_default();
    let is_it = |of: &&k8s_openapi::api::core::v1::ServicePort| of.port == i32::from(port);
    let number = ports.iter().find(is_it).and_then(|of| of.node_port);
    let number = number.and_then(|number| u16::try_from(number).ok());
    number.ok_or_else(|| Unusable::because("its Service has no node port"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testbed::kubernetes::nodes::NodeAddress;
    use crate::testbed::kubernetes::objects::fixtures::chosen;

    fn on(path: Path, ip_family: Option<IpFamily>) -> Route {
        Route { path, ip_family }
    }

    #[test]
    fn an_address_of_the_family_is_taken_or_its_lack_is_told() {
        let dual = ["10.1.0.7".to_owned(), "fd00::7".to_owned()];
        let of = |addresses: &[String], family| of_family(addresses, on(Path::Pod, family), "its pod");
        assert_eq!(of(&dual, None).as_deref(), Ok("10.1.0.7"));
        assert_eq!(of(&dual, Some(IpFamily::Ipv6)).as_deref(), Ok("fd00::7"));
        let lack = of(&dual[..1], Some(IpFamily::Ipv6)).unwrap_err();
        assert_eq!(lack.reason, "its pod has no IPv6 address");
    }

    #[test]
    fn another_cluster_reaches_a_node_by_its_outer_address_if_it_has_one() {
        let address = |text: &str, external| NodeAddress { ip: text.parse().unwrap(), external };
        let both = vec![address("10.0.0.1", false), address("203.0.113.1", true)];
        let node = Chosen { addresses: both.clone(), ..chosen("a") };
        let inner = Chosen { addresses: both[..1].to_vec(), ..chosen("a") };
        let route = on(Path::NodePort, None);
        assert_eq!(node_address(&node, route, false).as_deref(), Ok("10.0.0.1"));
        assert_eq!(node_address(&node, route, true).as_deref(), Ok("203.0.113.1"));
        assert_eq!(node_address(&inner, route, true).as_deref(), Ok("10.0.0.1"));
    }

    #[test]
    fn an_old_clusters_service_has_its_one_address() {
        let service = |json| serde_json::from_value::<Service>(json).unwrap();
        let old = service(serde_json::json!({"spec": {"clusterIP": "10.96.0.9"}}));
        assert_eq!(cluster_ips(&old), ["10.96.0.9"]);
        let dual = service(
            serde_json::json!({"spec": {"clusterIP": "10.96.0.9", "clusterIPs": ["10.96.0.9", "fd00::9"]}}),
        );
        assert_eq!(cluster_ips(&dual), ["10.96.0.9", "fd00::9"]);
    }
}
