//! Prepares servers on the nodes of a cluster, or of two. Nothing is made yet.

use std::time::Duration;

use kubectl_netbench::check::{Seen, check};
use kubectl_netbench::cli::ViaArg;
use kubectl_netbench::document::{self, Command, Node, Path};
use kubectl_netbench::plain;
use kubectl_netbench::plan::Test;
use kubectl_netbench::testbed::kubernetes::{
    self, Choice, Chosen, ClientWay, Clients, Cluster, Depth, Environment, KubernetesTestbed, Needs, Role,
    START_LIMIT, Scope, Wanted, manifests,
};
use kubectl_netbench::testbed::{Outside, Server, TwoClusters, Way};

use super::{Layout, Measuring, Prepared, Removal, Setup, new_id, new_run, parameters};
use crate::commands::request::{Request, ServerCluster};
use crate::commands::{Error, Surroundings, cleanup};

/// When servers that stay end by themselves, should nobody remove them.
const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// Where the clients of a cluster measure to.
pub(in crate::commands) enum Destination {
    /// Servers in the same cluster.
    Within(Prepared<KubernetesTestbed>),
    /// A server that runs already.
    Elsewhere(Prepared<Outside<KubernetesTestbed>>),
    /// Nowhere: the objects of the run, as YAML.
    DryRun(String),
}

/// Prepares servers on the nodes of a cluster.
pub(in crate::commands) async fn cluster(
    request: &Request,
    surroundings: &Surroundings,
) -> Result<Destination, Error> {
    let (connection, placement, instead) = (&request.connection, &request.placement, &request.instead);
    let cluster = kubernetes::connect(&connection.options(), &surroundings.environment).await?;
    let to = placement.to.as_ref();
    let paths = placement.paths();
    let paths = if paths.is_empty() { vec![Path::Pod] } else { paths };
    // alone and first: a cluster that cannot be reached is best told by the plainest of questions
    let version = if instead.dry_run { None } else { cluster.version().await? };
    let leftovers = async {
        if instead.dry_run {
            return Vec::new();
        }
        cleanup::leftovers(&cluster, surroundings.processes.as_ref()).await
    };
    let (nodes, leftovers) = tokio::join!(cluster.nodes(request.selector.as_deref()), leftovers);
    let role = if to.is_some() { Role::Clients } else { Role::Mesh };
    let place =
        async |chosen| Place::new(request, &cluster, new_id(), role, placement.ways(&paths), chosen).await;
    let nodes = match nodes {
        // other rights may be missing as well: they are told together
        Err(error) if error.is_forbidden() && !instead.dry_run => {
            place(Vec::new()).await.check(request, &cluster, None, &[], &Choice::default()).await?;
            return Err(error.into());
        }
        nodes => nodes?,
    };
    for leftover in leftovers {
        request.console.remark(&format!(
            "a run that is over has left something: {leftover}; `kubectl netbench cleanup{}` removes it",
            cluster.kubectl_flags
        ));
    }
    let needed = if to.is_some() { 1 } else { 2 };
    let choice = kubernetes::choose(&nodes, &request.wanted, needed)?;
    let place = place(choice.chosen.clone()).await;
    if !instead.dry_run {
        place.check(request, &cluster, version.as_deref(), &nodes, &choice).await?;
    }
    let Choice { chosen, left_out } = choice;
    let nodes: Vec<Node> = chosen.into_iter().map(|chosen| chosen.node).collect();
    let layout = match (to, request.command) {
        (None, _) => Layout::Mesh,
        (Some(_), Command::Matrix) => Layout::Towards,
        (Some(_), Command::Pair) => Layout::Between,
    };
    let outside = to.map(ToString::to_string);
    let names = nodes.iter().map(|node| node.name.clone()).chain(outside).collect();
    let setup = place.setup(request, layout, names);
    let measuring = Measuring::new(request, &setup);
    let mut run =
        new_run(request, place.session.clone(), parameters(request, &setup), nodes, &measuring.plan);
    run.versions.kubernetes = version;
    run.cluster = Some(place.describe(&cluster));
    run.left_out = left_out;
    if instead.dry_run {
        return Ok(Destination::DryRun(place.manifests(request, &measuring)));
    }
    let stays = place.stays;
    let testbed = place.testbed(request, cluster, &measuring);
    let removals = vec![Removal { command: testbed.removal_command(), stays }];
    let Measuring { plan, settings, estimate } = measuring;
    Ok(match to {
        None => Destination::Within(Prepared { testbed, plan, settings, run, estimate, removals }),
        Some(to) => {
            let server = Server {
                host: to.host.clone(),
                port: to.port.unwrap_or(settings.processes.throughput.engine.default_port()),
                latency_port: None,
                version: None,
            };
            let testbed = Outside::new(testbed, server, settings.ways.len());
            Destination::Elsewhere(Prepared { testbed, plan, settings, run, estimate, removals })
        }
    })
}

/// Prepares a client on a node of one cluster, and a server on a node of another.
pub(in crate::commands) async fn across_clusters(
    request: &Request,
    server: &ServerCluster,
    environment: &Environment,
) -> Result<Prepared<TwoClusters>, Error> {
    let here = kubernetes::connect(&request.connection.options(), environment).await?;
    let there = kubernetes::connect(&server.options, environment).await?;
    let (version, version_there) = tokio::try_join!(here.version(), there.version())?;
    let (nodes_here, nodes_there) = tokio::try_join!(here.nodes(None), there.nodes(None))?;
    let choice_here = kubernetes::choose(&nodes_here, &request.wanted, 1)?;
    let wanted = Wanted::Named(vec![server.node.clone()]);
    let choice_there = kubernetes::choose(&nodes_there, &wanted, 1)?;
    let (chosen_here, chosen_there) = (choice_here.chosen.clone(), choice_there.chosen.clone());
    // documents know nodes by their names
    let there_name = match (&chosen_here[0].node.name, &there.context) {
        (name, Some(context)) if *name == server.node => plain::line(&format!("{context}/{}", server.node)),
        _ => server.node.clone(),
    };
    let nodes = vec![chosen_here[0].node.clone(), Node { name: there_name, ..chosen_there[0].node.clone() }];
    let paths = request.placement.paths();
    let paths = if paths.is_empty() { vec![Path::NodePort] } else { paths };
    let ways = request.placement.ways(&paths);
    let id = new_id();
    // both may turn out to be one cluster: no object has the name of another
    let server_id = format!("{id}-server");
    let client = Place::new(request, &here, id, Role::Clients, ways.clone(), chosen_here).await;
    let server = Place::new(request, &there, server_id, Role::Servers, ways, chosen_there).await;
    tokio::try_join!(
        client.check(request, &here, version.as_deref(), &nodes_here, &choice_here),
        server.check(request, &there, version_there.as_deref(), &nodes_there, &choice_there),
    )?;
    let names = nodes.iter().map(|node| node.name.clone()).collect();
    let setup = client.setup(request, Layout::Between, names);
    let measuring = Measuring::new(request, &setup);
    let parameters = parameters(request, &setup);
    let mut run = new_run(request, client.session.clone(), parameters, nodes, &measuring.plan);
    run.versions.kubernetes = version;
    run.cluster = Some(client.describe(&here));
    run.server_cluster = Some(server.describe(&there));
    let stays = [client.stays, server.stays];
    let client = client.testbed(request, here, &measuring);
    let server = server.testbed(request, there, &measuring);
    let commands = [client.removal_command(), server.removal_command()];
    let removals =
        commands.into_iter().zip(stays).map(|(command, stays)| Removal { command, stays }).collect();
    let Measuring { plan, settings, estimate } = measuring;
    Ok(Prepared { testbed: TwoClusters::new(client, server), plan, settings, run, estimate, removals })
}

/// The part of a run in one cluster.
struct Place {
    session: String,
    scope: Scope,
    client_way: ClientWay,
    nodes: Vec<Chosen>,
    role: Role,
    ways: Vec<Way>,
    /// Whether its servers stay.
    stays: bool,
    /// Whether all of them have stayed already.
    was_kept: bool,
}

impl Place {
    async fn new(
        request: &Request,
        cluster: &Cluster,
        session: String,
        role: Role,
        ways: Vec<Way>,
        nodes: Vec<Chosen>,
    ) -> Self {
        let placement = &request.placement;
        let host_network = ways.iter().any(|way| way.path.is_on_host_network());
        let given = request.connection.namespace.clone();
        let marks = || request.pods.options().marks;
        let kept = Scope::kept(given.clone(), host_network).marked(marks());
        let own = Scope::new(&session, given, host_network).marked(marks());
        let mut place = Self {
            session,
            scope: own,
            client_way: ClientWay::Exec,
            nodes,
            role,
            ways,
            stays: placement.keep,
            was_kept: false,
        };
        if !request.instead.dry_run {
            let settings = place.settings(request, Duration::ZERO);
            place.was_kept = kubernetes::has_kept(cluster, &kept, &settings, &place.nodes).await;
        }
        if place.was_kept {
            let namespace = kept.namespace();
            request.console.remark(&format!("using the servers that stayed in the namespace {namespace}"));
            place.stays = true;
        }
        if place.stays {
            place.scope = kept;
        }
        place.client_way = match (placement.via, request.command) {
            (ViaArg::Exec, _) => ClientWay::Exec,
            (ViaArg::Job, _) | (ViaArg::Auto, Command::Pair) => ClientWay::Job,
            // what a dry run cannot ask is taken for allowed
            (ViaArg::Auto, Command::Matrix) if request.instead.dry_run => ClientWay::Exec,
            (ViaArg::Auto, Command::Matrix) => {
                kubernetes::choose_client_way(cluster, &place.scope.namespace()).await
            }
        };
        place
    }

    /// Looks whether the run can begin here, and tells what may stand in its way. Servers that have
    /// stayed prove that it can.
    async fn check(
        &self,
        request: &Request,
        cluster: &Cluster,
        version: Option<&str>,
        nodes: &[k8s_openapi::api::core::v1::Node],
        choice: &Choice,
    ) -> Result<(), Error> {
        if self.was_kept {
            return Ok(());
        }
        let needs = Needs {
            settings: self.settings(request, Duration::ZERO),
            given: request.connection.namespace.clone(),
            clients: match self.client_way {
                ClientWay::Exec => Clients::Exec,
                ClientWay::Job => Clients::Job,
            },
            to: None,
        };
        let facts = kubernetes::facts(cluster, &needs, Depth::Start).await;
        let context = cluster.context.as_deref();
        let report = check(&needs, &Seen { context, version, nodes, choice, refused: None, facts: &facts });
        if let Some(explanation) = report.error() {
            return Err(Error::Obstacles(explanation));
        }
        for remark in report.remarks() {
            request.console.remark(&remark);
        }
        Ok(())
    }

    fn setup(&self, request: &Request, layout: Layout, names: Vec<String>) -> Setup {
        let (per_slot, grace) = match self.client_way {
            ClientWay::Job => (Duration::from_millis(1500), Duration::from_secs(45)),
            ClientWay::Exec => (Duration::from_millis(200), Duration::from_secs(15)),
        };
        Setup {
            ways: self.ways.clone(),
            via: self.client_way.into(),
            processes: request.processes(),
            layout,
            names,
            startup: if self.was_kept { Duration::from_millis(200) } else { Duration::from_secs(3) },
            per_slot,
            grace,
        }
    }

    fn describe(&self, cluster: &Cluster) -> document::Cluster {
        let context = cluster.context.as_deref().map(plain::line);
        document::Cluster { context, namespace: self.scope.namespace() }
    }

    /// The settings of a run whose measuring takes no longer than `longest`.
    fn settings(&self, request: &Request, longest: Duration) -> kubernetes::Settings {
        let client = request.measurement.time + request.measurement.omit.unwrap_or_default();
        kubernetes::Settings {
            session: self.session.clone(),
            keep: self.stays,
            image: request.image().to_owned(),
            processes: request.processes(),
            ways: self.ways.clone(),
            protocol: request.measurement.throughput().protocol,
            role: self.role,
            options: request.pods.options(),
            // long enough for the slowest start, and for slots that take all the time they may
            server_deadline: START_LIMIT + longest + Duration::from_secs(60),
            kept_deadline: KEPT_FOR,
            client_deadline: client + Duration::from_secs(60),
        }
    }

    fn testbed(self, request: &Request, cluster: Cluster, measuring: &Measuring) -> KubernetesTestbed {
        let settings = self.settings(request, measuring.longest());
        KubernetesTestbed::new(cluster, self.nodes, settings, self.scope, self.client_way)
    }

    /// The objects of the run, as YAML.
    fn manifests(&self, request: &Request, measuring: &Measuring) -> String {
        let settings = self.settings(request, measuring.longest());
        let clients: Vec<(usize, usize, Vec<String>)> = match self.client_way {
            ClientWay::Exec => Vec::new(),
            ClientWay::Job => {
                let tests = measuring.plan.slots().flat_map(|slot| slot.tests);
                let settings = &measuring.settings;
                let client = |test: Test| {
                    let server = &settings.nodes[test.server];
                    let way = settings.way(test);
                    let (host, port) = match (&request.placement.to, way.path) {
                        (Some(to), _) => (to.host.clone(), to.port),
                        (None, Path::NodePort) => {
                            (format!("<address of {server}; -p is its node port>"), None)
                        }
                        (None, _) => (format!("<address of the server on {server}>"), None),
                    };
                    let (way, command) = settings.command(test, &host, port);
                    (test.client, way, command)
                };
                tests.map(client).collect()
            }
        };
        manifests(&settings, &self.scope, &self.nodes, &clients)
    }
}
