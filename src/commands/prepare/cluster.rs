//! Prepares servers on the nodes of a cluster, or of two. Nothing is made yet.

use kubectl_netbench::cluster::{self, Cluster};
use kubectl_netbench::document::{Command, Node};
use kubectl_netbench::options::Path;
use kubectl_netbench::sanitize;
use kubectl_netbench::testbed::kubernetes::{self, Choice, KubernetesTestbed, Role, Wanted};
use kubectl_netbench::testbed::{Outside, Server, TwoClusters};

use super::place::Place;
use super::{Layout, Measuring, Prepared, Removal, new_run, parameters};
use crate::commands::id::new_id;
use crate::commands::request::{Request, ServerCluster};
use crate::commands::{Error, ProgramContext, cleanup};

/// Where the clients of a cluster measure to.
pub(in crate::commands) enum Destination {
    /// Servers in the same cluster.
    Within(Prepared<KubernetesTestbed>),
    /// A server that runs already.
    Elsewhere(Prepared<Outside>),
    /// Nowhere: the objects of the run, as YAML.
    DryRun(String),
}

/// Prepares servers on the nodes of the request's cluster.
pub(in crate::commands) async fn within_cluster(
    request: &Request,
    program: &ProgramContext,
) -> Result<Destination, Error> {
    let cluster = cluster::connect(&request.connection.options(), &program.environment).await?;
    if request.target.dry_run {
        return connected(request, cluster).await;
    }
    let remarks = cleanup::remarks(&cluster, program.registry.as_ref());
    let (prepared, remarks) = tokio::join!(connected(request, cluster.clone()), remarks);
    let prepared = prepared?;
    for remark in &remarks {
        request.console.remark(remark);
    }
    Ok(prepared)
}

/// The same in a cluster that is connected already, without looking for other runs.
pub(in crate::commands) async fn connected(
    request: &Request,
    cluster: Cluster,
) -> Result<Destination, Error> {
    let (placement, target) = (&request.placement, &request.target);
    let to = placement.to.as_ref();
    // alone and first: a cluster that cannot be reached is best told by the plainest of questions
    let version = if target.dry_run { None } else { cluster.version().await? };
    let nodes = cluster.nodes(request.selector.as_deref()).await;
    let role = if to.is_some() { Role::Clients } else { Role::Mesh };
    let place = async |chosen| {
        Place::new(request, &cluster, new_id(), role, placement.routes(Path::Pod), chosen).await
    };
    let nodes = match nodes {
        // other rights may be missing as well: they are told together
        Err(error) if error.is_forbidden() && !target.dry_run => {
            place(Vec::new()).await.check(request, &cluster, None, &[], &Choice::default()).await?;
            return Err(error.into());
        }
        nodes => nodes?,
    };
    let needed = if to.is_some() { 1 } else { 2 };
    let choice = kubernetes::choose(&nodes, &request.wanted, needed)?;
    let place = place(choice.chosen.clone()).await;
    if !target.dry_run {
        place.check(request, &cluster, version.as_deref(), &nodes, &choice).await?;
    }
    let volume = request.volume(&cluster);
    if let Some(volume) = volume.as_ref().filter(|_| !target.dry_run) {
        volume.check().await?;
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
    if target.dry_run {
        let of_volume = volume.map_or(String::new(), |volume| volume.manifest(&place.session));
        return Ok(Destination::DryRun(place.manifests(request, &measuring) + &of_volume));
    }
    let stays = place.stays;
    let testbed = place.testbed(request, cluster, &measuring);
    let removals = vec![Removal { command: testbed.removal_command(), stays }];
    let Measuring { plan, settings, estimate } = measuring;
    let prepared = Prepared { testbed, plan, settings, run, estimate, volume, removals };
    let Some(to) = to else { return Ok(Destination::Within(prepared)) };
    let settings = &prepared.settings;
    let server = Server {
        host: to.host.clone(),
        port: to.port.unwrap_or(settings.processes.throughput.engine.capabilities().default_port),
        latency_port: None,
        version: None,
    };
    let routes = settings.routes.len();
    Ok(Destination::Elsewhere(prepared.map(|testbed| Outside::new(Box::new(testbed), server, routes))))
}

/// Prepares a client on a node of one cluster, and a server on a node of another.
pub(in crate::commands) async fn across_clusters(
    request: &Request,
    server: &ServerCluster,
    program: &ProgramContext,
) -> Result<Prepared<TwoClusters>, Error> {
    let environment = &program.environment;
    let here = cluster::connect(&request.connection.options(), environment).await?;
    let there = cluster::connect(&server.options, environment).await?;
    let (version, version_there) = tokio::try_join!(here.version(), there.version())?;
    let nodes = async { tokio::try_join!(here.nodes(None), there.nodes(None)) };
    let processes = program.registry.as_ref();
    let (nodes, of_here, of_there) =
        tokio::join!(nodes, cleanup::remarks(&here, processes), cleanup::remarks(&there, processes));
    let (nodes_here, nodes_there) = nodes?;
    // both may be one cluster
    let only_there = of_there.iter().filter(|remark| !of_here.contains(remark));
    for remark in of_here.iter().chain(only_there) {
        request.console.remark(remark);
    }
    let choice_here = kubernetes::choose(&nodes_here, &request.wanted, 1)?;
    let wanted = Wanted::Named(vec![server.node.clone()]);
    let choice_there = kubernetes::choose(&nodes_there, &wanted, 1)?;
    let (chosen_here, chosen_there) = (choice_here.chosen.clone(), choice_there.chosen.clone());
    // documents know nodes by their names
    let there_name = match (&chosen_here[0].node.name, &there.context) {
        (name, Some(context)) if *name == server.node => {
            sanitize::line(&format!("{context}/{}", server.node))
        }
        _ => server.node.clone(),
    };
    let nodes = vec![chosen_here[0].node.clone(), Node { name: there_name, ..chosen_there[0].node.clone() }];
    let routes = request.placement.routes(Path::NodePort);
    let id = new_id();
    // both may turn out to be one cluster: no object has the name of another
    let server_id = format!("{id}-server");
    let client = Place::new(request, &here, id, Role::Clients, routes.clone(), chosen_here).await;
    let server = Place::new(request, &there, server_id, Role::Servers, routes, chosen_there).await;
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
    let volume = request.volume(&here);
    if let Some(volume) = &volume {
        volume.check().await?;
    }
    let client = client.testbed(request, here, &measuring);
    let server = server.testbed(request, there, &measuring);
    let commands = [client.removal_command(), server.removal_command()];
    let removals =
        commands.into_iter().zip(stays).map(|(command, stays)| Removal { command, stays }).collect();
    let Measuring { plan, settings, estimate } = measuring;
    Ok(Prepared {
        testbed: TwoClusters::new(client, server),
        plan,
        settings,
        run,
        estimate,
        volume,
        removals,
    })
}
