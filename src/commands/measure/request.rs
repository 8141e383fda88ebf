//! A request to measure: the arguments of `matrix` or `pair`.

use std::time::Duration;

use kubectl_netbench::analysis::Gates;
use kubectl_netbench::check::NamespaceFlag;
use kubectl_netbench::cli::{CommonArgs, ConnectionArgs, Saving, TargetArgs};
use kubectl_netbench::cluster::{Cluster, ConnectionOptions};
use kubectl_netbench::document::{Command, Run};
use kubectl_netbench::engine::{Engine, latency_engine, throughput_engine};
use kubectl_netbench::options::{
    ClientMode, MeasurementOptions, Path, PlacementOptions, PlanOptions, PodOptions,
};
use kubectl_netbench::recurring::delivery::volume::VolumeClient;
use kubectl_netbench::store::{self, Store, StoreError};
use kubectl_netbench::testbed::kubernetes::{Needs, Role, Settings, Wanted};
use kubectl_netbench::testbed::{Process, Processes};

use super::delivery::Delivery;
use super::scheduled::ScheduledRun;
use crate::commands::id::new_id;
use crate::commands::output::Output;
use crate::commands::{Error, ProgramContext};
use crate::console::Console;

/// A request to measure.
pub struct Request {
    pub command: Command,
    pub wanted: Wanted,
    /// A label selector for the nodes.
    pub selector: Option<String>,
    pub plan: PlanOptions,
    pub measurement: MeasurementOptions,
    pub placement: PlacementOptions,
    pub pods: PodOptions,
    pub target: TargetArgs,
    pub connection: ConnectionArgs,
    /// The server's node and its cluster, if that is another one.
    pub server: Option<ServerCluster>,
    pub console: Console,
    pub output: Output,
    pub saving: Saving,
    /// The additional destinations of the results.
    pub delivery: Delivery,
    /// A reference to the run to compare with.
    pub baseline: Option<String>,
    pub gates: Gates,
    /// The run to complete.
    pub resumed: Option<Run>,
    /// Whether suspicious pairs are retested.
    pub confirms: bool,
    /// Whether the given namespace could be omitted.
    pub namespace_flag: NamespaceFlag,
    /// The schedule of this run.
    pub scheduled: Option<ScheduledRun>,
}

/// A node of another cluster.
pub struct ServerCluster {
    pub node: String,
    pub options: ConnectionOptions,
}

impl Request {
    /// # Errors
    /// The result or a delivery cannot be written.
    pub fn new(
        command: Command,
        wanted: Wanted,
        common: CommonArgs,
        console: Console,
        program: &ProgramContext,
    ) -> Result<Self, Error> {
        let console = console.with_quiet(common.quiet);
        Ok(Self {
            command,
            wanted,
            selector: None,
            plan: PlanOptions::default(),
            console,
            output: Output::new(&common.output, program.streams)?,
            saving: common.saving.saving(),
            delivery: Delivery::new(common.delivery, console)?,
            gates: common.gates.gates(),
            baseline: common.gates.baseline,
            resumed: None,
            confirms: !common.no_confirm,
            namespace_flag: NamespaceFlag::Optional,
            scheduled: None,
            measurement: common.measurement.resolved(),
            placement: common.placement,
            pods: common.pods,
            target: common.target,
            connection: common.connection,
            server: None,
        })
    }

    /// Loads the run to compare with.
    ///
    /// # Errors
    /// There is no such run, or it cannot be read.
    pub fn load_baseline(&self, store: Option<&Store>) -> Result<Option<Run>, StoreError> {
        self.baseline.as_deref().map(|reference| store::load(store, reference)).transpose()
    }

    /// What the run needs of a cluster.
    pub fn needs(&self) -> Needs {
        let mode = client_mode(self.placement.via, self.command);
        needs_of(&self.measurement, &self.placement, &self.pods, mode, self.connection.namespace.clone())
    }

    /// The PersistentVolumeClaim that a pod mounts to store the run document. A scheduled run has it in its own pod.
    pub fn claim_to_reach(&self) -> Option<&str> {
        let volume = self.delivery.volume.as_ref().filter(|_| self.scheduled.is_none());
        volume.map(|volume| volume.claim.as_str())
    }

    /// The access to the volume of [`Self::claim_to_reach`].
    pub fn volume(&self, cluster: &Cluster) -> Option<VolumeClient> {
        self.claim_to_reach()?;
        Some(VolumeClient {
            cluster: cluster.clone(),
            namespace: self.connection.namespace.clone()?,
            volume: self.delivery.volume.clone()?,
            image: self.placement.image().to_owned(),
            options: self.pods.objects.clone(),
        })
    }

    /// The servers of each node.
    pub fn processes(&self) -> Processes {
        processes(&self.measurement, self.placement.port)
    }
}

/// The lifetime of pods that are never created. The API server rejects zero, even in a dry run.
const ANY_DEADLINE: Duration = Duration::from_secs(60);

/// What a run with these options needs of a cluster.
pub fn needs_of(
    measurement: &MeasurementOptions,
    placement: &PlacementOptions,
    pods: &PodOptions,
    client_mode: ClientMode,
    given: Option<String>,
) -> Needs {
    let processes = processes(measurement, placement.port);
    let to = placement.to.as_ref();
    let default_port = processes.throughput.engine.capabilities().default_port;
    let to = to.map(|to| (to.host.clone(), to.port.unwrap_or(default_port)));
    let settings = Settings {
        session: new_id(),
        keep: placement.keep,
        image: placement.image().to_owned(),
        processes,
        routes: placement.routes(Path::Pod),
        protocol: measurement.protocol,
        role: if to.is_some() { Role::Clients } else { Role::Mesh },
        options: pods.clone(),
        server_deadline: ANY_DEADLINE,
        kept_deadline: ANY_DEADLINE,
        client_deadline: ANY_DEADLINE,
    };
    Needs { settings, given, client_mode, to, claim: None }
}

/// How clients start: `Auto` if exec is preferred and Jobs are the fallback.
pub fn client_mode(via: ClientMode, command: Command) -> ClientMode {
    match (via, command) {
        (ClientMode::Auto, Command::Pair) => ClientMode::Job,
        (via, _) => via,
    }
}

/// The servers of each node. A given port is that of the first one.
fn processes(measurement: &MeasurementOptions, port: Option<u16>) -> Processes {
    let engine = throughput_engine(measurement.engine);
    let default_port = |engine: &dyn Engine| engine.capabilities().default_port;
    let throughput = Process { engine, port: port.unwrap_or(default_port(engine)) };
    let latency = measurement.latency_time_seconds.map(|_| {
        let engine = latency_engine();
        // one server of the same program does both; otherwise given ports are consecutive
        let has_own_server = engine.program() != throughput.engine.program();
        let own_port = port.map_or(default_port(engine), |port| port.saturating_add(1));
        Process { engine, port: if has_own_server { own_port } else { throughput.port } }
    });
    Processes { throughput, latency }
}
