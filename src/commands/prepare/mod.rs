//! From what was asked for to a testbed that is ready to start, and a document with all that is
//! known before it does.

mod cluster;
mod layout;
mod local;
mod place;

pub(super) use cluster::{Destination, across_clusters, connected, within_cluster};
pub(super) use local::local;

use std::time::Duration;

use jiff::Timestamp;
use kubectl_netbench::analysis::diagnosis::MOST_TESTS;
use kubectl_netbench::delivery::volume::VolumeClient;
use kubectl_netbench::document::{ApiVersion, Kind, Node, Parameters, Run, State, Summary, Versions};
use kubectl_netbench::options::{ClientMode, Path, PlacementOptions, Route};
use kubectl_netbench::plan::{Estimate, Plan};
use kubectl_netbench::runner::Settings;
use kubectl_netbench::testbed::Processes;

use super::request::Request;
use layout::Layout;

/// A testbed that is ready to start, and what is known before it does.
pub(super) struct Prepared<T> {
    pub testbed: T,
    pub plan: Plan,
    pub settings: Settings,
    /// The document, without measurements.
    pub run: Run,
    pub estimate: Estimate,
    /// The volume that the document is kept on through a pod.
    pub volume: Option<VolumeClient>,
    /// How a person removes what the run makes, cluster by cluster.
    pub removals: Vec<Removal>,
}

impl<T> Prepared<T> {
    /// The same with another testbed.
    fn map<U>(self, testbed: impl FnOnce(T) -> U) -> Prepared<U> {
        let Self { testbed: before, plan, settings, run, estimate, volume, removals } = self;
        Prepared { testbed: testbed(before), plan, settings, run, estimate, volume, removals }
    }

    /// How long the run takes, if nothing is in its way.
    pub fn expected(&self) -> Duration {
        self.estimate.total(&self.plan)
    }
}

/// What a run makes in a cluster.
pub(super) struct Removal {
    /// The command by which a person removes it.
    pub command: String,
    /// Whether it stays after the run.
    pub stays: bool,
}

/// What differs between the kinds of testbed.
struct Setup {
    routes: Vec<Route>,
    client_mode: ClientMode,
    processes: Processes,
    layout: Layout,
    /// Of the nodes, in the order of the plan, a server elsewhere included.
    names: Vec<String>,
    startup: Duration,
    /// From the end of one slot to the first byte of the next.
    per_slot: Duration,
    /// How long a client may take beyond its time.
    grace: Duration,
}

/// What is measured in which order, and how long that takes.
struct Measuring {
    plan: Plan,
    settings: Settings,
    estimate: Estimate,
}

impl Measuring {
    fn new(request: &Request, setup: &Setup) -> Self {
        let measurement = &request.measurement;
        let variants = layout::variants(setup.routes.len(), measurement.latency_time_seconds.is_some());
        let plan = setup.layout.plan(request, &variants, setup.names.len());
        let settings = Settings {
            nodes: setup.names.clone(),
            started: setup.names.len() - usize::from(request.placement.to.is_some()),
            routes: setup.routes.clone(),
            variants,
            processes: setup.processes,
            options: measurement.clone(),
            grace: setup.grace,
        };
        let slots = settings.variants.iter();
        let slots = slots.map(|variant| settings.time(variant.measure) + setup.per_slot).collect();
        let estimate = Estimate { startup: setup.startup, slots };
        Self { plan, settings, estimate }
    }

    /// The longest that measuring can take, suspicious pairs once more included.
    fn longest(&self) -> Duration {
        let slots: Vec<Duration> =
            self.estimate.slots.iter().map(|slot| *slot + self.settings.grace).collect();
        let slowest = slots.iter().max().copied().unwrap_or_default();
        let again = slowest * (MOST_TESTS * self.settings.routes.len()) as u32;
        Estimate { startup: Duration::ZERO, slots }.measuring(&self.plan) + again
    }
}

/// The options of the request with everything filled in that was resolved.
fn parameters(request: &Request, setup: &Setup) -> Parameters {
    let mut paths: Vec<Path> = setup.routes.iter().map(|route| route.path).collect();
    paths.dedup();
    Parameters {
        measurement: request.measurement.clone(),
        placement: PlacementOptions {
            paths,
            port: Some(setup.processes.throughput.port),
            via: setup.client_mode,
            ..request.placement.clone()
        },
        plan: request.plan.clone(),
        pods: request.pods.clone(),
        latency_port: setup.processes.latency.map(|process| process.port),
    }
}

fn new_run(request: &Request, id: String, parameters: Parameters, nodes: Vec<Node>, plan: &Plan) -> Run {
    let now = Timestamp::now();
    Run {
        api_version: ApiVersion::V1Alpha1,
        kind: Kind::Run,
        id,
        command: request.command,
        state: State::Partial,
        started_at: now,
        finished_at: now,
        versions: Versions { netbench: env!("CARGO_PKG_VERSION").to_owned(), ..Versions::default() },
        cluster: None,
        server_cluster: None,
        parameters,
        nodes,
        left_out: Vec::new(),
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
