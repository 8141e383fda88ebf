//! The Services in front of the servers of a run. Pure.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::pod::spec_annotation;
use super::{NETWORK_LABEL, Network, RUN_LABEL, Role, SERVER_LABEL, Settings, metadata};
use crate::document::{IpFamily, Path, Protocol};
use crate::testbed::kubernetes::nodes::Chosen;

/// The Service in front of the servers of a node; none if no path needs one. One serves all paths: a Service with a node port has a cluster IP as well.
pub fn service(settings: &Settings, node: &Chosen, owner: Option<OwnerReference>) -> Option<Service> {
    let kind = kind(settings)?;
    let families: Vec<IpFamily> = settings.routes.iter().filter_map(|route| route.ip_family).collect();
    let has = |family: IpFamily| families.contains(&family);
    let (policy, ip_families) = match (has(IpFamily::Ipv4), has(IpFamily::Ipv6)) {
        (false, false) => (None, None),
        (true, true) => (Some("PreferDualStack"), None),
        (true, false) => (Some("SingleStack"), Some("IPv4")),
        (false, true) => (Some("SingleStack"), Some("IPv6")),
    };
    let slug = settings.slug(node);
    let selector =
        [(RUN_LABEL, settings.run()), (SERVER_LABEL, slug.as_str()), (NETWORK_LABEL, Network::Pod.name())];
    let udp = settings.protocol == Protocol::Udp && !needs_udp_node_port(settings);
    let mut metadata = metadata(settings, &format!("netbench-{}-service-{slug}", settings.run()), owner);
    let spec = ServiceSpec {
        type_: Some(kind.to_owned()),
        selector: Some(BTreeMap::from(selector.map(|(key, value)| (key.to_owned(), value.to_owned())))),
        ports: Some(ports(settings, udp)),
        // a container that a webhook adds may make the pod unready
        publish_not_ready_addresses: Some(true),
        ip_family_policy: policy.map(str::to_owned),
        ip_families: ip_families.map(|family| vec![family.to_owned()]),
        ..ServiceSpec::default()
    };
    if settings.keep {
        metadata.annotations.get_or_insert_default().extend([spec_annotation(&spec)]);
    }
    Some(Service { metadata, spec: Some(spec), ..Service::default() })
}

fn kind(settings: &Settings) -> Option<&'static str> {
    if settings.role == Role::Clients {
        return None;
    }
    let has = |path: Path| settings.routes.iter().any(|route| route.path == path);
    let kinds =
        [(Path::LoadBalancer, "LoadBalancer"), (Path::NodePort, "NodePort"), (Path::Service, "ClusterIP")];
    kinds.into_iter().find_map(|(path, kind)| has(path).then_some(kind))
}

/// Whether a UDP port must be added once the node port for TCP is known: clients use the same port
/// for both, and the cluster would assign two different ones.
pub fn needs_udp_node_port(settings: &Settings) -> bool {
    settings.protocol == Protocol::Udp && settings.routes.iter().any(|route| route.path == Path::NodePort)
}

/// The ports of a Service, with UDP on the same node port as TCP.
pub fn with_udp(service: &Service) -> Vec<ServicePort> {
    let mut ports = service.spec.as_ref().and_then(|spec| spec.ports.clone()).unwrap_or_default();
    let udp = ports.iter().find(|port| port.name.as_deref() == Some(THROUGHPUT)).map(|tcp| ServicePort {
        name: Some(THROUGHPUT_UDP.to_owned()),
        protocol: Some("UDP".to_owned()),
        ..tcp.clone()
    });
    ports.extend(udp);
    ports
}

// The names of the ports.
const THROUGHPUT: &str = "throughput";
const THROUGHPUT_UDP: &str = "throughput-udp";
const LATENCY: &str = "latency";

fn ports(settings: &Settings, udp: bool) -> Vec<ServicePort> {
    let port = |name: &str, protocol: &str, number: u16| ServicePort {
        name: Some(name.to_owned()),
        protocol: Some(protocol.to_owned()),
        port: number.into(),
        target_port: Some(IntOrString::Int(number.into())),
        ..ServicePort::default()
    };
    let throughput = settings.processes.throughput.port;
    let mut ports = vec![port(THROUGHPUT, "TCP", throughput)];
    if udp {
        ports.push(port(THROUGHPUT_UDP, "UDP", throughput));
    }
    let latency = settings.processes.latency.filter(|latency| latency.port != throughput);
    ports.extend(latency.map(|latency| port(LATENCY, "TCP", latency.port)));
    ports
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Route;
    use crate::testbed::kubernetes::objects::fixtures::{chosen, over, settings, with_latency};

    fn created(settings: &Settings) -> Service {
        service(settings, &chosen("node-1"), None).unwrap()
    }

    #[test]
    fn one_service_serves_all_paths() {
        let routes = over(&[Path::Pod, Path::Service, Path::NodePort]);
        insta::assert_json_snapshot!(created(&with_latency(Settings { routes, ..settings() })));
    }

    #[test]
    fn paths_without_services_need_no_service() {
        let routes = over(&[Path::Pod, Path::Host]);
        assert!(service(&Settings { routes, ..settings() }, &chosen("node-1"), None).is_none());
    }

    #[test]
    fn udp_gets_the_node_port_of_tcp() {
        let routes = over(&[Path::NodePort]);
        let settings = Settings { routes, protocol: Protocol::Udp, ..settings() };
        let mut service = created(&settings);
        let ports = service.spec.as_mut().unwrap().ports.as_mut().unwrap();
        assert_eq!(ports.len(), 1);
        ports[0].node_port = Some(31_234);
        let udp = with_udp(&service).remove(1);
        assert_eq!((udp.protocol.as_deref(), udp.node_port, udp.port), (Some("UDP"), Some(31_234), 5201));
    }

    #[test]
    fn ip_families_are_requested() {
        let of = |families: &[IpFamily]| {
            let route = |&family: &IpFamily| Route { path: Path::Service, ip_family: Some(family) };
            let spec = created(&Settings { routes: families.iter().map(route).collect(), ..settings() }).spec;
            spec.map(|spec| (spec.ip_family_policy.unwrap(), spec.ip_families)).unwrap()
        };
        assert_eq!(of(&[IpFamily::Ipv6]), ("SingleStack".to_owned(), Some(vec!["IPv6".to_owned()])));
        assert_eq!(of(&[IpFamily::Ipv4, IpFamily::Ipv6]), ("PreferDualStack".to_owned(), None));
    }
}
