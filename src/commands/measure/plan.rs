//! Plans a run: its tests, how long they take, and its document before the first result. Pure.

use std::time::Duration;

use jiff::Timestamp;
use kubectl_netbench::analysis;
use kubectl_netbench::analysis::diagnosis::MAX_RETESTS;
use kubectl_netbench::document::{ApiVersion, Kind, NodeId, Parameters, Run, State, Summary, Versions};
use kubectl_netbench::options::{ClientMode, Path, PlacementOptions, PodOptions};
use kubectl_netbench::plan::{Estimate, Plan, Variant};
use kubectl_netbench::runner::Settings;

use super::request::Request;
use super::resolve::{Resolved, Site};
use super::{layout, resume};

/// What is measured, in which order, and how long that takes.
pub struct Planned {
    pub plan: Plan,
    pub settings: Settings,
    pub estimate: Estimate,
    /// The run document. Its only results are those of the run that it resumes.
    pub run: Run,
}

impl Planned {
    /// The expected time from start to result.
    pub fn expected(&self) -> Duration {
        self.estimate.total(&self.plan)
    }

    /// Maximum time from the first test to the last, including retests.
    pub fn longest(&self) -> Duration {
        let with_grace = |(variant, slot): &(Variant, Duration)| (*variant, *slot + self.settings.grace);
        let slots: Vec<_> = self.estimate.slots.iter().map(with_grace).collect();
        let slowest = slots.iter().map(|(_, slot)| *slot).max().unwrap_or_default();
        let retests = slowest * (MAX_RETESTS * self.settings.routes().len()) as u32;
        Estimate { startup: Duration::ZERO, slots }.measuring(&self.plan) + retests
    }
}

/// Plans a run.
pub fn plan(request: &Request, resolved: &Resolved) -> Planned {
    let measurement = &request.measurement;
    let variants = layout::variants(&resolved.routes, measurement.latency_time_seconds.is_some());
    let external_server = resolved.external_server.as_ref().map(|to| NodeId::from(to.as_str()));
    let nodes: Vec<NodeId> = resolved.nodes.iter().map(|node| node.name).chain(external_server).collect();
    let plan = resolved.layout.plan(request, &variants, &nodes);
    let settings = Settings {
        nodes,
        external_server,
        variants,
        processes: request.processes(),
        options: measurement.clone(),
        grace: resolved.timing.grace,
    };
    let slots = settings.variants.iter();
    let slots =
        slots.map(|variant| (*variant, settings.time(variant.measure) + resolved.timing.per_slot)).collect();
    let estimate = Estimate { startup: resolved.timing.startup, slots };
    let run = new_run(request, resolved, &plan);
    let mut planned = Planned { plan, settings, estimate, run };
    if let Some(base) = &request.resumed {
        planned.plan = resume::resume(&mut planned.run, &planned.plan, base);
        analysis::analyse(&mut planned.run);
    }
    planned
}

fn new_run(request: &Request, resolved: &Resolved, plan: &Plan) -> Run {
    let (cluster, server_cluster) = match &resolved.site {
        Site::Local(_) => (None, None),
        Site::Cluster(place) | Site::ExternalServer { clients: place, .. } => (Some(place.describe()), None),
        Site::TwoClusters { client, server, .. } => (Some(client.describe()), Some(server.describe())),
    };
    let now = Timestamp::now();
    Run {
        api_version: ApiVersion::V1Alpha1,
        kind: Kind::Run,
        id: resolved.id.clone(),
        command: request.command,
        state: State::Partial,
        started_at: now,
        finished_at: now,
        versions: Versions {
            netbench: env!("CARGO_PKG_VERSION").to_owned(),
            kubernetes: resolved.kubernetes.clone(),
            ..Versions::default()
        },
        cluster,
        server_cluster,
        parameters: parameters(request, resolved),
        nodes: resolved.nodes.clone(),
        skipped_nodes: resolved.skipped_nodes.clone(),
        notes: Vec::new(),
        resumed: None,
        findings: Vec::new(),
        comparison: None,
        breaches: Vec::new(),
        retests: Vec::new(),
        planned_tests: plan.result_count(),
        tests: Vec::new(),
        summary: Summary::default(),
    }
}

/// The options of the request, with the values that were resolved.
fn parameters(request: &Request, resolved: &Resolved) -> Parameters {
    let mut paths: Vec<Path> = resolved.routes.iter().map(|route| route.path).collect();
    paths.dedup();
    let to = resolved.external_server.clone();
    // replaced once Jobs turn out to be needed
    let via = if resolved.client_mode == ClientMode::Auto { ClientMode::Exec } else { resolved.client_mode };
    let placement = PlacementOptions { paths, via, to, ..request.placement.clone() };
    let (measurement, plan) = (request.measurement.clone(), request.plan.clone());
    if let Site::Local(_) = resolved.site {
        return Parameters {
            measurement,
            placement: PlacementOptions { image: None, ..placement },
            plan,
            pods: PodOptions::default(),
            latency_port: None,
        };
    }
    let processes = request.processes();
    Parameters {
        measurement,
        placement: PlacementOptions { port: Some(processes.throughput.port), ..placement },
        plan,
        pods: request.pods.clone(),
        latency_port: processes.latency.map(|process| process.port),
    }
}
