//! What a healthy cluster does not show, simulated by a fake API server.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::objects::fixtures::{chosen, over, settings};
use super::*;
use crate::cluster::fake_api::{Answer, FakeApi, running};
use crate::document::{IpFamily, Path};
use crate::options::Route;
use crate::testbed::kubernetes::nodes::NodeAddress;
use crate::testbed::{Server, Unusable};
use std::ops::ControlFlow;

macro_rules! recorded {
    ($name:literal) => {
        include_str!(concat!("../../../../tests/fixtures/kubernetes/", $name))
    };
}

mod cleanup;
mod clients;
mod leftovers;
mod nodes;
mod paths;
mod requests;
mod restore;
mod servers;

const SERVER_LOG: &str = include_str!("../../../../tests/fixtures/iperf3/3.18-server.log");

fn testbed(api: &FakeApi, nodes: usize, route: ClientMode, namespace: Option<&str>) -> KubernetesTestbed {
    with_settings(api, nodes, route, namespace, settings())
}

fn with_settings(
    api: &FakeApi,
    nodes: usize,
    route: ClientMode,
    namespace: Option<&str>,
    settings: Settings,
) -> KubernetesTestbed {
    let chosen = |index: usize| {
        let address = NodeAddress { ip: format!("192.0.2.{}", index + 1).parse().unwrap(), external: false };
        Chosen { number: index + 1, addresses: vec![address], ..chosen(&format!("node-{}", index + 1)) }
    };
    let scope = Scope::new("k3v9x2mq", namespace.map(str::to_owned));
    let scope = if settings.keep { Scope::kept(namespace.map(str::to_owned)) } else { scope };
    KubernetesTestbed::new(api.cluster(), (0..nodes).map(chosen).collect(), settings, scope, route)
}

/// Answers requests for logs with the log of a server that listens.
fn server_log(name: &str) -> Option<Answer> {
    (name.starts_with("GET") && name.contains("/log?")).then(|| {
        let lines = SERVER_LOG.lines().map(|line| format!("2026-11-23T01:00:00.1Z {line}\n"));
        Answer::text(&lines.collect::<String>())
    })
}

/// The route of most tests.
const POD: Route = Route { path: Path::Pod, ip_family: None };

fn node_1() -> NodeId {
    "node-1".into()
}

/// How the server of each node is reached over the first path, in the order of the nodes.
async fn start(testbed: &KubernetesTestbed) -> Vec<Result<Server, Unusable>> {
    let nodes = testbed.start(&|_, _| {}).await.unwrap();
    let mut nodes: Vec<_> = nodes.into_iter().collect();
    nodes.sort_unstable_by_key(|(node, _)| *node);
    nodes.into_iter().map(|(_, routes)| routes.into_values().next().unwrap()).collect()
}

/// The requests that created pods, without dry runs.
fn created_pods(api: &FakeApi) -> Vec<String> {
    let requests = api.requests("POST").into_iter();
    requests.filter(|request| request.contains("/pods?") && !request.contains("dryRun=All")).collect()
}

fn server(host: &str, port: u16) -> Server {
    Server { host: host.to_owned(), port, latency_port: None, version: Some("3.18".to_owned()) }
}
