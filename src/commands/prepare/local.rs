//! Prepares servers on this machine.

use std::time::Duration;

use kubectl_netbench::document::{Node, Parameters};
use kubectl_netbench::options::{ClientMode, Path, PlacementOptions, PodOptions};
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
        routes: vec![Path::Loopback.into()],
        client_mode: ClientMode::Process,
        processes: request.processes(),
        layout: Layout::Mesh,
        names: nodes.iter().map(|node| node.name.clone()).collect(),
        startup: Duration::from_millis(200),
        per_slot: Duration::from_millis(100),
        grace: Duration::from_secs(10),
    };
    let parameters = parameters(request, &setup);
    let parameters = Parameters {
        placement: PlacementOptions { image: None, port: request.placement.port, ..parameters.placement },
        pods: PodOptions::default(),
        latency_port: None,
        ..parameters
    };
    let Measuring { plan, settings, estimate } = Measuring::new(request, &setup);
    let processes = setup.processes;
    let (throughput, latency) =
        (processes.throughput.engine, processes.latency.map(|latency| latency.engine));
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
