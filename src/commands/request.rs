//! What a measuring command was asked for: the arguments of `matrix` and of `pair` in one form.

use std::time::Duration;

use kubectl_netbench::analysis::Gates;
use kubectl_netbench::check::NamespaceFlag;
use kubectl_netbench::cli::{
    CommonArgs, ConnectionArgs, InsteadArgs, MatrixArgs, MeasurementArgs, PairArgs, PlacementArgs, PodArgs,
    Saving, ViaArg,
};
use kubectl_netbench::cluster::{Cluster, ConnectionOptions};
use kubectl_netbench::delivery::volume::VolumeClient;
use kubectl_netbench::document::{Command, Path, Protocol, Run};
use kubectl_netbench::engine::Engine;
use kubectl_netbench::store;
use kubectl_netbench::testbed::kubernetes::{Clients, Needs, PodOptions, Role, Scope, Settings, Wanted};
use kubectl_netbench::testbed::{Process, Processes};

use super::delivery::Delivery;
use super::id::new_id;
use super::output::Output;
use super::scheduled::ScheduledRun;
use super::{Error, Surroundings, resume};
use crate::console::Console;

/// What a measuring command was asked for.
pub(super) struct Request {
    pub command: Command,
    pub wanted: Wanted,
    /// A label selector for the nodes.
    pub selector: Option<String>,
    /// The most tests at the same time.
    pub concurrency: Option<usize>,
    pub measurement: MeasurementArgs,
    pub placement: PlacementArgs,
    pub pods: PodArgs,
    pub instead: InsteadArgs,
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
        surroundings: &Surroundings,
    ) -> Result<Self, Error> {
        let resumed = arguments.resume.as_deref();
        let resumed =
            resumed.map(|reference| store::load(surroundings.store.as_ref(), reference)).transpose()?;
        let mut concurrency = arguments.concurrency.map(|limit| limit as usize);
        if let Some(run) = &resumed {
            resume::check(run)?;
            concurrency = run.parameters.concurrency;
            arguments.nodes = run.nodes.iter().map(|node| node.name.clone()).collect();
            let cluster = run.cluster.clone();
            let context = cluster.as_ref().and_then(|cluster| cluster.context.clone());
            // a run's own namespace is gone
            let namespace =
                cluster.map(|cluster| cluster.namespace).filter(|name| !is_of_a_run(name, &run.id));
            arguments.common = CommonArgs {
                measurement: MeasurementArgs::of(&run.parameters),
                placement: PlacementArgs::of(run).map_err(|why| Error::Resume { id: run.id.clone(), why })?,
                pods: PodArgs::of(&run.parameters.pods)
                    .map_err(|why| Error::Resume { id: run.id.clone(), why })?,
                instead: InsteadArgs::of(run),
                connection: arguments.common.connection.or(context, namespace),
                ..arguments.common
            };
            // the file may be anybody's
            arguments.common.check().map_err(|why| Error::Resume { id: run.id.clone(), why })?;
        }
        let wanted = if arguments.nodes.is_empty() {
            Wanted::Usable { tolerated: arguments.common.pods.options().tolerations }
        } else {
            Wanted::Named(arguments.nodes)
        };
        Ok(Self {
            selector: arguments.selector,
            concurrency,
            resumed,
            ..Self::new(Command::Matrix, wanted, arguments.common, console, surroundings)?
        })
    }

    /// The matrix of two nodes, shown with what explains its figures.
    ///
    /// # Errors
    /// The baseline cannot be read, or the result cannot go where it is to.
    pub fn pair(
        arguments: PairArgs,
        console: impl FnOnce(bool) -> Console,
        surroundings: &Surroundings,
    ) -> Result<Self, Error> {
        let options = arguments
            .server_context
            .map(|context| arguments.common.connection.options_of(context, arguments.server_kubeconfig));
        let (server, here) = match (options, arguments.server) {
            (Some(options), Some(node)) => (Some(ServerCluster { node, options }), None),
            (_, server) => (None, server),
        };
        let names = arguments.client.into_iter().chain(here).collect();
        let request =
            Self::new(Command::Pair, Wanted::Named(names), arguments.common, console, surroundings)?;
        Ok(Self { server, ..request })
    }

    fn new(
        command: Command,
        wanted: Wanted,
        common: CommonArgs,
        console: impl FnOnce(bool) -> Console,
        surroundings: &Surroundings,
    ) -> Result<Self, Error> {
        let baseline = common.gates.baseline.as_deref();
        let console = console(common.quiet);
        Ok(Self {
            command,
            wanted,
            selector: None,
            concurrency: None,
            console,
            output: Output::new(&common.output, surroundings.streams)?,
            saving: common.saving.saving(),
            delivery: Delivery::new(common.delivery, console)?,
            baseline: baseline
                .map(|reference| store::load(surroundings.store.as_ref(), reference))
                .transpose()?,
            gates: common.gates.gates(),
            resumed: None,
            confirms: !common.no_confirm,
            namespace_flag: NamespaceFlag::Optional,
            scheduled: None,
            measurement: common.measurement,
            placement: common.placement,
            pods: common.pods,
            instead: common.instead,
            connection: common.connection,
            server: None,
        })
    }

    /// What the run needs of a cluster.
    pub fn needs(&self) -> Needs {
        needs_of(
            &self.placement,
            self.command,
            self.processes(),
            self.measurement.throughput().protocol,
            self.pods.options(),
            self.connection.namespace.clone(),
        )
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
            options: self.pods.options(),
        })
    }

    /// The servers of each node of a cluster.
    pub fn processes(&self) -> Processes {
        processes(self.measurement.engine(), self.measurement.latency_engine(), self.placement.port)
    }
}

/// What a run with these flags needs of a cluster.
pub(super) fn needs_of(
    placement: &PlacementArgs,
    command: Command,
    processes: Processes,
    protocol: Protocol,
    options: PodOptions,
    given: Option<String>,
) -> Needs {
    let paths = placement.paths();
    let paths = if paths.is_empty() { vec![Path::Pod] } else { paths };
    let to = placement.to.as_ref();
    let to = to.map(|to| (to.host.clone(), to.port.unwrap_or(processes.throughput.engine.default_port())));
    let settings = Settings {
        session: new_id(),
        keep: placement.keep,
        image: placement.image().to_owned(),
        processes,
        ways: placement.ways(&paths),
        protocol,
        role: if to.is_some() { Role::Clients } else { Role::Mesh },
        options,
        // any will do: nothing is made
        server_deadline: Duration::ZERO,
        kept_deadline: Duration::ZERO,
        client_deadline: Duration::ZERO,
    };
    Needs { settings, given, clients: clients_of(placement.via, command), to, claim: None }
}

/// How clients are to be started.
pub(super) fn clients_of(via: ViaArg, command: Command) -> Clients {
    match (via, command) {
        (ViaArg::Exec, _) => Clients::Exec,
        (ViaArg::Job, _) | (ViaArg::Auto, Command::Pair) => Clients::Job,
        (ViaArg::Auto, Command::Matrix) => Clients::ExecElseJob,
    }
}

/// The servers of each node, from `port` on if one is given.
pub(super) fn processes(
    engine: &'static dyn Engine,
    latency: Option<&'static dyn Engine>,
    given: Option<u16>,
) -> Processes {
    let port = given.unwrap_or(engine.default_port());
    let latency = latency.map(|latency| {
        // one server of iperf 2's does both; otherwise the ports are neighbours if one is given
        let own = latency.program() != engine.program();
        let own_port = given.map_or(latency.default_port(), |port| port.saturating_add(1));
        Process { engine: latency, port: if own { own_port } else { port } }
    });
    Processes { throughput: Process { engine, port }, latency }
}
