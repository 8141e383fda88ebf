//! How a server is reached over each path: addresses of pods, Services and nodes. Pure.

use std::net::IpAddr;

use k8s_openapi::api::core::v1::{Service, ServicePort};

use super::ListeningPod;
use super::services::load_balancers;
use crate::document::{IpFamily, Path};
use crate::options::Route;
use crate::testbed::kubernetes::context::Context;
use crate::testbed::kubernetes::nodes::Chosen;
use crate::testbed::kubernetes::objects::Role;
use crate::testbed::{Server, Unusable};

/// How the server of a node is reached over `route`.
pub(super) fn server(
    context: &Context,
    node: &Chosen,
    route: Route,
    pod: &ListeningPod,
    service: &Result<Option<Service>, Unusable>,
) -> Result<Server, Unusable> {
    let (processes, role) = (&context.settings.processes, context.settings.role);
    let ports = |find: &dyn Fn(u16) -> Result<u16, Unusable>| {
        let latency_port = processes.latency.map(|process| find(process.port)).transpose()?;
        Ok::<_, Unusable>((find(processes.throughput.port)?, latency_port))
    };
    let unchanged = |port: u16| Ok(port);
    // nothing connects to the pods of clients: any address will do
    let path = if role == Role::Clients { Path::Pod } else { route.path };
    let is_outside = role == Role::Servers;
    let through = || match service {
        Ok(Some(service)) => Ok(service),
        Ok(None) => Err(Unusable::because("the server has no Service")),
        Err(unusable) => Err(unusable.clone()),
    };
    let (host, (port, latency_port)) = match path {
        Path::Pod | Path::Loopback => (of_family(&pod.addresses, route, "pod")?, ports(&unchanged)?),
        Path::Host if is_outside => (node_address(node, route, true)?, ports(&unchanged)?),
        Path::Host => (of_family(&pod.addresses, route, "node")?, ports(&unchanged)?),
        Path::Service => (of_family(&cluster_ips(through()?), route, "Service")?, ports(&unchanged)?),
        Path::NodePort => {
            let service = through()?;
            (node_address(node, route, is_outside)?, ports(&|port| node_port(service, port))?)
        }
        Path::LoadBalancer => {
            (of_family(&load_balancers(through()?), route, "load balancer")?, ports(&unchanged)?)
        }
    };
    Ok(Server { host, port, latency_port, version: pod.version.clone() })
}

/// The first address of the route's IP family, or of any family if the route has none.
fn of_family(addresses: &[String], route: Route, owner: &str) -> Result<String, Unusable> {
    let suits = |address: &&String| match route.ip_family {
        None => true,
        // a host name may have addresses of both families
        Some(family) => address.parse().map_or(true, |ip| family_of(ip) == family),
    };
    addresses.iter().find(suits).cloned().ok_or_else(|| no_address(owner, route))
}

fn no_address(owner: &str, route: Route) -> Unusable {
    Unusable::because(match route.ip_family {
        Some(IpFamily::Ipv4) => format!("the {owner} has no IPv4 address"),
        Some(IpFamily::Ipv6) => format!("the {owner} has no IPv6 address"),
        None => format!("the {owner} has no address"),
    })
}

fn family_of(ip: IpAddr) -> IpFamily {
    match ip {
        IpAddr::V4(_) => IpFamily::Ipv4,
        IpAddr::V6(_) => IpFamily::Ipv6,
    }
}

/// An address of a node: preferably an internal one from within its cluster, and an external one from
/// outside.
fn node_address(node: &Chosen, route: Route, is_outside: bool) -> Result<String, Unusable> {
    let of_kind = |external: bool| node.addresses.iter().filter(move |address| address.external == external);
    let in_order = of_kind(is_outside).chain(of_kind(!is_outside)).map(|address| address.ip.to_string());
    of_family(&in_order.collect::<Vec<_>>(), route, "node")
}

fn cluster_ips(service: &Service) -> Vec<String> {
    let Some(spec) = &service.spec else {
        return Vec::new();
    };
    // clusters before Kubernetes 1.20 have no list
    let all = spec.cluster_ips.clone().or_else(|| spec.cluster_ip.clone().map(|ip| vec![ip]));
    all.unwrap_or_default().into_iter().filter(|ip| !ip.is_empty() && ip != "None").collect()
}

fn node_port(service: &Service, port: u16) -> Result<u16, Unusable> {
    let ports = service.spec.as_ref().and_then(|spec| spec.ports.as_deref()).unwrap_or_default();
    let is_it = |of: &&ServicePort| of.port == i32::from(port);
    let number = ports.iter().find(is_it).and_then(|of| of.node_port);
    let number = number.and_then(|number| u16::try_from(number).ok());
    number.ok_or_else(|| Unusable::because("the Service has no node port"))
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
    fn address_of_the_family_is_used_or_reported_missing() {
        let dual = ["10.1.0.7".to_owned(), "fd00::7".to_owned()];
        let of = |addresses: &[String], family| of_family(addresses, on(Path::Pod, family), "pod");
        assert_eq!(of(&dual, None).as_deref(), Ok("10.1.0.7"));
        assert_eq!(of(&dual, Some(IpFamily::Ipv6)).as_deref(), Ok("fd00::7"));
        let missing = of(&dual[..1], Some(IpFamily::Ipv6)).unwrap_err();
        assert_eq!(missing.reason, "the pod has no IPv6 address");
    }

    #[test]
    fn node_is_reached_from_outside_by_its_external_address() {
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
    fn service_without_a_list_has_its_single_address() {
        let service = |json| serde_json::from_value::<Service>(json).unwrap();
        let old = service(serde_json::json!({"spec": {"clusterIP": "10.96.0.9"}}));
        assert_eq!(cluster_ips(&old), ["10.96.0.9"]);
        let dual = service(
            serde_json::json!({"spec": {"clusterIP": "10.96.0.9", "clusterIPs": ["10.96.0.9", "fd00::9"]}}),
        );
        assert_eq!(cluster_ips(&dual), ["10.96.0.9", "fd00::9"]);
    }
}
