//! What a measuring command was asked for: the arguments of `matrix` and of `pair` in one form.

use std::time::Duration;

use kubectl_netbench::analysis::Gates;
use kubectl_netbench::check::NamespaceFlag;
use kubectl_netbench::cli::{CommonArgs, ConnectionArgs, MatrixArgs, PairArgs, Saving, TargetArgs};
use kubectl_netbench::cluster::{Cluster, ConnectionOptions};
use kubectl_netbench::delivery::volume::VolumeClient;
use kubectl_netbench::document::{Command, Run};
use kubectl_netbench::engine::{Engine, latency_engine, throughput_engine};
use kubectl_netbench::options::{
    ClientMode, MeasurementOptions, Path, PlacementOptions, PlanOptions, PodOptions,
};
use kubectl_netbench::store;
use kubectl_netbench::testbed::kubernetes::{Needs, Role, Scope, Settings, Wanted};
use kubectl_netbench::testbed::{Process, Processes};

use super::delivery::Delivery;
use super::id::new_id;
use super::output::Output;
use super::scheduled::ScheduledRun;
use super::{Error, ProgramContext, resume};
use crate::console::Console;

/// What a measuring command was asked for.
pub(super) struct Request {
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
    /// Where results go beside that.
    pub delivery: Delivery,
    /// The run to compare with.
    pub baseline: Option<Run>,
    pub gates: Gates,
    /// The run of which the rest is to be measured.
    pub resumed: Option<Run>,
    /// Whether suspicious pairs are measured again.
    pub confirms: bool,
    /// Whether it could do without the namespace that is named.
    pub namespace_flag: NamespaceFlag,
    /// The schedule that has made it.
    pub scheduled: Option<ScheduledRun>,
}

/// A node of another cluster.
pub(super) struct ServerCluster {
    pub node: String,
    pub options: ConnectionOptions,
}

/// Whether a namespace was a run's own, or that of servers that stay: made by us, not named by a user.
fn is_of_a_run(namespace: &str, id: &str) -> bool {
    [Scope::new(id, None, false), Scope::kept(None, false)].iter().any(|scope| scope.namespace() == namespace)
}

impl Request {
    /// All ordered pairs of the nodes.
    ///
    /// # Errors
    /// A run that was named cannot be read or resumed, or the result cannot go where it is to.
    pub fn matrix(
        mut arguments: MatrixArgs,
        console: impl FnOnce(bool) -> Console,
        program: &ProgramContext,
    ) -> Result<Self, Error> {
        let resumed = arguments.resume.as_deref();
        let resumed = resumed.map(|reference| store::load(program.store.as_ref(), reference)).transpose()?;
        if let Some(run) = &resumed {
            resume::check(run)?;
            arguments.nodes = run.nodes.iter().map(|node| node.name.clone()).collect();
            arguments.plan = run.parameters.plan.clone();
            let cluster = run.cluster.clone();
            let context = cluster.as_ref().and_then(|cluster| cluster.context.clone());
            // a run's own namespace is gone
            let namespace =
                cluster.map(|cluster| cluster.namespace).filter(|name| !is_of_a_run(name, &run.id));
            let node_count = u16::try_from(run.nodes.len()).unwrap_or(u16::MAX);
            arguments.common = CommonArgs {
                measurement: run.parameters.measurement.clone(),
                placement: requested_placement(run),
                pods: run.parameters.pods.clone(),
                target: TargetArgs { dry_run: false, local: run.cluster.is_none().then_some(node_count) },
                connection: arguments.common.connection.or(context, namespace),
                ..arguments.common
            };
            // the file may be from anywhere
            let checked = arguments.common.check();
            checked.map_err(|conflict| Error::Resume { id: run.id.clone(), why: conflict.message })?;
        }
        let wanted = if arguments.nodes.is_empty() {
            Wanted::usable(&arguments.common.pods)
        } else {
            Wanted::Named(arguments.nodes)
        };
        Ok(Self {
            selector: arguments.selector,
            plan: arguments.plan,
            resumed,
            ..Self::new(Command::Matrix, wanted, arguments.common, console, program)?
        })
    }

    /// The matrix of two nodes, shown with what explains its figures.
    ///
    /// # Errors
    /// The baseline cannot be read, or the result cannot go where it is to.
    pub fn pair(
        arguments: PairArgs,
        console: impl FnOnce(bool) -> Console,
        program: &ProgramContext,
    ) -> Result<Self, Error> {
        let options = arguments
            .server_context
            .map(|context| arguments.common.connection.options_of(context, arguments.server_kubeconfig));
        let (server, here) = match (options, arguments.server) {
            (Some(options), Some(node)) => (Some(ServerCluster { node, options }), None),
            (_, server) => (None, server),
        };
        let names = arguments.client.into_iter().chain(here).collect();
        let request = Self::new(Command::Pair, Wanted::Named(names), arguments.common, console, program)?;
        Ok(Self { server, ..request })
    }

    fn new(
        command: Command,
        wanted: Wanted,
        common: CommonArgs,
        console: impl FnOnce(bool) -> Console,
        program: &ProgramContext,
    ) -> Result<Self, Error> {
        let baseline = common.gates.baseline.as_deref();
        let console = console(common.quiet);
        Ok(Self {
            command,
            wanted,
            selector: None,
            plan: PlanOptions::default(),
            console,
            output: Output::new(&common.output, program.streams)?,
            saving: common.saving.saving(),
            delivery: Delivery::new(common.delivery, console)?,
            baseline: baseline.map(|reference| store::load(program.store.as_ref(), reference)).transpose()?,
            gates: common.gates.gates(),
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

    /// What the run needs of a cluster.
    pub fn needs(&self) -> Needs {
        let mode = client_mode(self.placement.via, self.command);
        needs_of(&self.measurement, &self.placement, &self.pods, mode, self.connection.namespace.clone())
    }

    /// The claim of the volume that is reached through a pod: that of a schedule is in its own pod.
    pub fn claim_to_reach(&self) -> Option<&str> {
        let volume = self.delivery.volume.as_ref().filter(|_| self.scheduled.is_none());
        volume.map(|volume| volume.claim.as_str())
    }

    /// How that volume is reached; none if there is none to reach.
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

/// The placement that a run was started with: what it resolved is open again.
fn requested_placement(run: &Run) -> PlacementOptions {
    let placement = run.parameters.placement.clone();
    let default_port = throughput_engine(run.parameters.measurement.engine).capabilities().default_port;
    let is_local = run.cluster.is_none();
    PlacementOptions {
        paths: placement.paths.iter().copied().filter(|path| *path != Path::Loopback).collect(),
        // with latency, the second port follows from the first only if that was requested
        port: placement.port.filter(|port| is_local || *port != default_port),
        via: match placement.via {
            ClientMode::Job => ClientMode::Job,
            ClientMode::Auto | ClientMode::Exec | ClientMode::Process => ClientMode::Auto,
        },
        ..placement
    }
}

/// The lifetime of pods that are not created; the API server rejects a pod whose lifetime is zero.
const ANY_DEADLINE: Duration = Duration::from_secs(60);

/// What a run with these options needs of a cluster.
pub(super) fn needs_of(
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
        // any valid ones will do: nothing is created
        server_deadline: ANY_DEADLINE,
        kept_deadline: ANY_DEADLINE,
        client_deadline: ANY_DEADLINE,
    };
    Needs { settings, given, client_mode, to, claim: None }
}

/// How clients are to be started: `Auto` remains where exec is preferred and Jobs are the fallback.
pub(super) fn client_mode(via: ClientMode, command: Command) -> ClientMode {
    match (via, command) {
        (ClientMode::Auto, Command::Pair) => ClientMode::Job,
        (via, _) => via,
    }
}

/// The servers of each node, on ports from `port` on if one is given.
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
