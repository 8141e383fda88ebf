//! Prepares servers on this machine.

use std::time::Duration;

use kubectl_netbench::document::{Node, Parameters, Path, PodParameters, Via};
use kubectl_netbench::testbed::Way;
use kubectl_netbench::testbed::local::LocalTestbed;

use super::super::id::new_id;
use super::{Layout, Measuring, Prepared, Setup, new_run, parameters};
use crate::commands::Error;
use crate::commands::request::Request;

/// Prepares `count` servers on this machine.
pub(in crate::commands) fn local(request: &Request, count: u16) -> Result<Prepared<LocalTestbed>, Error> {
    let node = |number| Node { name: format!("local-{number}"), ..Node::default() };
    let nodes: Vec<Node> = (1..=count).map(node).collect();
    let setup = Setup {
        ways: vec![Way { path: Path::Loopback, ip_family: None }],
        via: Via::Process,
        processes: request.processes(),
        layout: Layout::Mesh,
        names: nodes.iter().map(|node| node.name.clone()).collect(),
        startup: Duration::from_millis(200),
        per_slot: Duration::from_millis(100),
        grace: Duration::from_secs(10),
    };
    let parameters = Parameters {
        image: None,
        pods: PodParameters::default(),
        port: request.placement.port,
        latency_port: None,
        ..parameters(request, &setup)
    };
    let Measuring { plan, settings, estimate } = Measuring::new(request, &setup);
    let (throughput, latency) = (request.measurement.engine(), request.measurement.latency_engine());
    Ok(Prepared {
        testbed: LocalTestbed::new(count, request.placement.port, throughput, latency)?,
        run: new_run(request, new_id(), parameters, nodes, &plan),
        plan,
        settings,
        estimate,
        volume: None,
        removals: Vec::new(),
    })
}
