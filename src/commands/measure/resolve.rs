//! Resolves what a run will use: nodes, namespaces, and how clients start. Nothing is created yet.

use std::time::Duration;

use kubectl_netbench::cluster::{self, Cluster};
use kubectl_netbench::document::{Command, Node, NodeId, SkippedNode};
use kubectl_netbench::options::{Address, ClientMode, Path, Route};
use kubectl_netbench::recurring::delivery::volume::VolumeClient;
use kubectl_netbench::sanitize;
use kubectl_netbench::testbed::kubernetes::{self, Choice, Role, Wanted};
use kubectl_netbench::testbed::local::LocalTestbed;
use kubectl_netbench::testbed::{Server, Testbed, TwoClusters, WithExternalServer};

use super::layout::Layout;
use super::place::Place;
use super::plan::Planned;
use super::request::{Request, ServerCluster};
use crate::commands::id::new_id;
use crate::commands::{Error, ProgramContext, cleanup};

/// What a run will use.
pub struct Resolved {
    /// The id of the run.
    pub id: String,
    pub site: Site,
    pub layout: Layout,
    pub routes: Vec<Route>,
    pub client_mode: ClientMode,
    pub nodes: Vec<Node>,
    /// The external server that all tests go to.
    pub external_server: Option<Address>,
    pub skipped_nodes: Vec<SkippedNode>,
    pub timing: Timing,
    /// The version of Kubernetes.
    pub kubernetes: Option<String>,
    /// The volume for the run document.
    pub volume: Option<VolumeClient>,
}

/// Where the servers and clients of a run are.
pub enum Site {
    /// On this machine.
    Local(LocalTestbed),
    /// In a cluster.
    Cluster(Place),
    /// Clients in a cluster, and a server that runs already.
    ExternalServer { clients: Place, address: Address, server: Server },
    /// A client in one cluster, and a server in another.
    TwoClusters { client: Box<Place>, server: Box<Place>, server_id: NodeId },
}

/// How long the parts of a run take.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// From the start until all servers listen.
    pub startup: Duration,
    /// From the end of one slot to the first byte of the next.
    pub per_slot: Duration,
    /// How long a client may run beyond the duration of its test.
    pub grace: Duration,
}

/// The objects of a run in one cluster.
pub struct Removal {
    /// The shell command that deletes them.
    pub command: String,
    /// Whether they stay after the run.
    pub stays: bool,
}

/// Resolves a request.
///
/// # Errors
/// The run cannot start: a cluster is unreachable, too few nodes can be used, or a check fails.
pub async fn resolve(request: &Request, program: &ProgramContext) -> Result<Resolved, Error> {
    if let Some(count) = request.target.local {
        return local(request, count);
    }
    if let Some(server) = &request.server {
        return two_clusters(request, server, program).await;
    }
    let cluster = cluster::connect(&request.connection.options(), &program.environment).await?;
    if request.target.dry_run {
        return resolve_in(request, cluster).await;
    }
    let remarks = cleanup::remarks(&cluster, program.registry.as_ref());
    let (resolved, remarks) = tokio::join!(resolve_in(request, cluster.clone()), remarks);
    let resolved = resolved?;
    for remark in &remarks {
        request.console.remark(remark);
    }
    Ok(resolved)
}

/// Servers on this machine.
fn local(request: &Request, count: u16) -> Result<Resolved, Error> {
    let node = |number| Node { name: format!("local-{number}").as_str().into(), ..Node::default() };
    let nodes: Vec<Node> = (1..=count).map(node).collect();
    let ids: Vec<NodeId> = nodes.iter().map(|node| node.name).collect();
    let processes = request.processes();
    let latency = processes.latency.map(|latency| latency.engine);
    let testbed = LocalTestbed::new(&ids, request.placement.port, processes.throughput.engine, latency)?;
    Ok(Resolved {
        id: new_id(),
        site: Site::Local(testbed),
        layout: Layout::Mesh,
        routes: vec![Path::Loopback.into()],
        client_mode: ClientMode::Process,
        external_server: None,
        nodes,
        skipped_nodes: Vec::new(),
        timing: Timing {
            startup: Duration::from_millis(200),
            per_slot: Duration::from_millis(100),
            grace: Duration::from_secs(10),
        },
        kubernetes: None,
        volume: None,
    })
}

/// Resolves a request in a connected cluster, without looking for other runs.
///
/// # Errors
/// The run cannot start.
pub async fn resolve_in(request: &Request, cluster: Cluster) -> Result<Resolved, Error> {
    let (placement, dry_run) = (&request.placement, request.target.dry_run);
    // alone and first: the simplest request gives the clearest error if the cluster is unreachable
    let version = if dry_run { None } else { cluster.version().await? };
    let nodes = cluster.nodes(request.selector.as_deref()).await;
    let role = if placement.to.is_some() { Role::Clients } else { Role::Mesh };
    let routes = placement.routes(Path::Pod);
    let place =
        async |chosen| Place::new(request, cluster.clone(), new_id(), role, routes.clone(), chosen).await;
    let nodes = match nodes {
        // other permissions may be missing as well: they are reported together
        Err(error) if error.is_forbidden() && !dry_run => {
            place(Vec::new()).await.check(request, None, &[], &Choice::default()).await?;
            return Err(error.into());
        }
        nodes => nodes?,
    };
    let needed = if placement.to.is_some() { 1 } else { 2 };
    let choice = kubernetes::choose(&nodes, &request.wanted, needed)?;
    let place = place(choice.chosen.clone()).await;
    let volume = request.volume(&cluster);
    if !dry_run {
        place.check(request, version.as_deref(), &nodes, &choice).await?;
        if let Some(volume) = &volume {
            volume.check().await?;
        }
    }
    let Choice { chosen, skipped_nodes } = choice;
    let nodes: Vec<Node> = chosen.into_iter().map(|chosen| chosen.node).collect();
    let default_port = request.processes().throughput.engine.capabilities().default_port;
    // names are unique within a document
    let is_node = |to: &Address| nodes.iter().any(|node| node.name == *to.as_str());
    let to = placement.to.clone().map(|to| if is_node(&to) { to.with_port(default_port) } else { to });
    Ok(Resolved {
        id: place.id.clone(),
        layout: match (&to, request.command) {
            (None, _) => Layout::Mesh,
            (Some(_), Command::Matrix) => Layout::Towards,
            (Some(_), Command::Pair) => Layout::Between,
        },
        client_mode: place.client_mode,
        external_server: to.clone(),
        nodes,
        skipped_nodes,
        timing: place.timing(),
        kubernetes: version,
        volume,
        routes,
        site: match to {
            None => Site::Cluster(place),
            Some(to) => {
                let server = Server {
                    host: to.host.clone(),
                    port: to.port.unwrap_or(default_port),
                    latency_port: None,
                    version: None,
                };
                Site::ExternalServer { clients: place, address: to, server }
            }
        },
    })
}

/// A client on a node of one cluster, and a server on a node of another.
async fn two_clusters(
    request: &Request,
    server: &ServerCluster,
    program: &ProgramContext,
) -> Result<Resolved, Error> {
    let environment = &program.environment;
    let here = cluster::connect(&request.connection.options(), environment).await?;
    let there = cluster::connect(&server.options, environment).await?;
    let (version, version_there) = tokio::try_join!(here.version(), there.version())?;
    let nodes = async { tokio::try_join!(here.nodes(None), there.nodes(None)) };
    let registry = program.registry.as_ref();
    let (nodes, remarks_here, remarks_there) =
        tokio::join!(nodes, cleanup::remarks(&here, registry), cleanup::remarks(&there, registry));
    let (nodes_here, nodes_there) = nodes?;
    // both contexts may be of one cluster
    let only_there = remarks_there.iter().filter(|remark| !remarks_here.contains(remark));
    for remark in remarks_here.iter().chain(only_there) {
        request.console.remark(remark);
    }
    let choice_here = kubernetes::choose(&nodes_here, &request.wanted, 1)?;
    let wanted = Wanted::Named(vec![server.node.clone()]);
    let choice_there = kubernetes::choose(&nodes_there, &wanted, 1)?;
    let (chosen_here, chosen_there) = (choice_here.chosen.clone(), choice_there.chosen.clone());
    // names are unique within a document
    let there_name = match (&chosen_here[0].node.name, &there.context) {
        (name, Some(context)) if *name == *server.node => {
            NodeId::from(sanitize::line(&format!("{context}/{}", server.node)).as_str())
        }
        _ => NodeId::from(server.node.as_str()),
    };
    let nodes = vec![chosen_here[0].node.clone(), Node { name: there_name, ..chosen_there[0].node.clone() }];
    let routes = request.placement.routes(Path::NodePort);
    let id = new_id();
    // both contexts may be of one cluster: the objects must have different names
    let server_id = format!("{id}-server");
    let volume = request.volume(&here);
    let client = Place::new(request, here, id.clone(), Role::Clients, routes.clone(), chosen_here).await;
    let server = Place::new(request, there, server_id, Role::Servers, routes.clone(), chosen_there).await;
    tokio::try_join!(
        client.check(request, version.as_deref(), &nodes_here, &choice_here),
        server.check(request, version_there.as_deref(), &nodes_there, &choice_there),
    )?;
    if let Some(volume) = &volume {
        volume.check().await?;
    }
    Ok(Resolved {
        id,
        layout: Layout::Between,
        routes,
        client_mode: client.client_mode,
        external_server: None,
        nodes,
        skipped_nodes: Vec::new(),
        timing: client.timing(),
        kubernetes: version,
        volume,
        site: Site::TwoClusters { client: Box::new(client), server: Box::new(server), server_id: there_name },
    })
}

impl Resolved {
    /// The objects of the run, as YAML.
    pub fn manifests(&self, request: &Request, planned: &Planned) -> String {
        let places = match &self.site {
            Site::Local(_) => Vec::new(),
            Site::Cluster(place) | Site::ExternalServer { clients: place, .. } => vec![place],
            Site::TwoClusters { client, server, .. } => vec![&**client, &**server],
        };
        let of_places = places.into_iter().map(|place| place.manifests(request, planned));
        let of_volume = self.volume.iter().map(|volume| volume.manifest(&self.id));
        of_places.chain(of_volume).collect()
    }
}

impl Site {
    /// The testbed, which creates nothing before it is started, and what it will create, by cluster.
    pub fn into_testbed(self, request: &Request, planned: &Planned) -> (Box<dyn Testbed>, Vec<Removal>) {
        match self {
            Self::Local(testbed) => (Box::new(testbed), Vec::new()),
            Self::Cluster(place) => {
                let (testbed, removal) = place.into_testbed(request, planned);
                (Box::new(testbed), vec![removal])
            }
            Self::ExternalServer { clients, address, server } => {
                let (clients, removal) = clients.into_testbed(request, planned);
                let testbed = WithExternalServer::new(
                    Box::new(clients),
                    address.as_str().into(),
                    server,
                    planned.settings.routes(),
                );
                (Box::new(testbed), vec![removal])
            }
            Self::TwoClusters { client, server, server_id } => {
                let (client, of_client) = client.into_testbed(request, planned);
                let (server, of_server) = server.into_testbed(request, planned);
                (Box::new(TwoClusters::new(client, server, server_id)), vec![of_client, of_server])
            }
        }
    }
}
