//! What a healthy cluster does not show, played by a server for tests.

use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::nodes::NodeAddress;
use super::objects::fixtures::{chosen, over, settings};
use super::*;
use crate::cluster::fake_api::{Answer, FakeApi, running};
use crate::document::{IpFamily, Path};
use crate::testbed::{Server, Unusable, Way};

macro_rules! recorded {
    ($name:literal) => {
        include_str!(concat!("../../../../tests/fixtures/kubernetes/", $name))
    };
}

mod clients;
mod left;
mod lost;
mod paths;
mod removal;
mod requests;
mod starting;

const SERVER_LOG: &str = include_str!("../../../../tests/fixtures/iperf3/3.18-server.log");

fn testbed(api: &FakeApi, nodes: usize, way: ClientWay, namespace: Option<&str>) -> KubernetesTestbed {
    with_settings(api, nodes, way, namespace, settings())
}

fn with_settings(
    api: &FakeApi,
    nodes: usize,
    way: ClientWay,
    namespace: Option<&str>,
    settings: Settings,
) -> KubernetesTestbed {
    let chosen = |index: usize| {
        let address = NodeAddress { ip: format!("192.0.2.{}", index + 1).parse().unwrap(), external: false };
        Chosen { addresses: vec![address], ..chosen(&format!("node-{}", index + 1)) }
    };
    let scope = Scope::new("k3v9x2mq", namespace.map(str::to_owned), false);
    let scope = if settings.keep { Scope::kept(namespace.map(str::to_owned), false) } else { scope };
    KubernetesTestbed::new(api.cluster(), (0..nodes).map(chosen).collect(), settings, scope, way)
}

/// Answers log requests as a server that listens.
fn server_log(name: &str) -> Option<Answer> {
    (name.starts_with("GET") && name.contains("/log?")).then(|| {
        let lines = SERVER_LOG.lines().map(|line| format!("2026-11-23T01:00:00.1Z {line}\n"));
        Answer::text(&lines.collect::<String>())
    })
}

/// How the server of each node is reached on the first way.
async fn start(testbed: &KubernetesTestbed) -> Vec<Result<Server, Unusable>> {
    let nodes = testbed.start(&|_, _| {}).await.unwrap();
    nodes.into_iter().map(|mut ways| ways.remove(0)).collect()
}

fn server(host: &str, port: u16) -> Server {
    Server { host: host.to_owned(), port, latency_port: None, version: Some("3.18".to_owned()) }
}
