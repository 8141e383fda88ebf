//! Starts the servers: one pod per node and network, all at the same time.

mod endpoints;
pub(super) mod kept;
mod listening;
mod services;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join_all, try_join_all};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{DeleteParams, PostParams};
use kube::{Api, ResourceExt};
use tokio::sync::Mutex;
use tokio::time::Instant;

pub(super) use self::services::needs_load_balancer;
use super::context::{ActiveScope, Context};
use super::logs::{LogPosition, LogSource, REOPEN_PAUSE, read_log, with_init_log};
use super::nodes::Chosen;
use super::objects::{self, Network, has_same_spec};
use super::pods::events::{wait_for_obstacle, with_warning};
use super::pods::state::PodState;
use super::pods::{FailureCause, StartLimits, StartOutcome};
use crate::cluster::{RequestError, RequestErrorKind, ok_if_exists, ok_if_gone, retry, retry_unanswered};
use crate::document::NodeId;
use crate::options::Route;
use crate::testbed::{NodeServers, ServerLines, ServerState, StartProgress, Unusable};

/// How long a running server may print nothing. Nodes lose logs: after that time a server that is still
/// running is assumed to listen, and tests show whether it does.
const SILENCE_LIMIT: Duration = Duration::from_secs(4);

/// How long a new namespace may be without its service account,
pub(super) const ACCOUNT_LIMIT: Duration = Duration::from_secs(10);
/// and the pause between two attempts to create a pod in it.
pub(super) const ACCOUNT_PAUSE: Duration = Duration::from_millis(100);

/// The exit code of a container whose process the container runtime could not start.
const NOT_STARTED: i32 = 128;

/// How long a pod that is replaced may take to end.
const REPLACE_LIMIT: Duration = Duration::from_secs(20);

/// The servers of a testbed.
#[derive(Default)]
pub(super) struct Servers {
    /// The servers of each node, as last started.
    pub started: Mutex<HashMap<NodeId, StartedNode>>,
    /// How far the log of each server has been read.
    log_positions: Mutex<HashMap<(NodeId, Network), SharedPosition>>,
}

/// A position with its own lock: a slow log does not block the others.
type SharedPosition = Arc<Mutex<LogPosition>>;

/// The servers of a node.
#[derive(Debug, Clone, Default)]
pub(super) struct StartedNode {
    /// How they are reached.
    pub servers: NodeServers,
    /// The addresses of the pods whose servers listen.
    pub addresses: HashMap<Network, Vec<String>>,
    /// Whether they disappeared and were restored already.
    pub was_restored: bool,
}

/// The servers of a node to start.
#[derive(Debug, Clone, Copy)]
pub(super) struct NodeStart<'a> {
    pub node: &'a Chosen,
    /// The networks that servers are needed on.
    pub networks: &'a [Network],
    /// What to do about pods of the same name.
    pub existing: Existing,
    /// How long the pods may take to start.
    pub limits: StartLimits,
    /// Whether to wait for the address of a load balancer.
    pub needs_load_balancer: bool,
}

/// What to do about an existing pod of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Existing {
    /// There cannot be one.
    None,
    /// Delete it.
    Replace,
    /// Use it if it fits, delete it otherwise.
    Reuse,
}

/// A pod of servers in the cluster.
struct ServerPod {
    /// Its uid, where known.
    uid: Option<String>,
    /// Whether it was running before this run.
    was_running: bool,
}

/// A pod whose servers listen.
struct ListeningPod {
    /// The pod's addresses, at least one.
    addresses: Vec<String>,
    /// The version of the throughput engine, where known.
    version: Option<String>,
}

impl From<RequestError> for Unusable {
    fn from(error: RequestError) -> Self {
        Self::because(format!("{error}: {}", error.why())).with_remedy(error.remedy())
    }
}

/// Starts the servers of all nodes.
pub(super) async fn start(
    context: &Context,
    active: &ActiveScope,
    servers: &Servers,
    progress: StartProgress<'_>,
) -> HashMap<NodeId, NodeServers> {
    let networks = context.settings.networks();
    let existing = if context.settings.keep { Existing::Reuse } else { Existing::None };
    let needs_load_balancer = needs_load_balancer(&context.settings.routes, None);
    let limits = StartLimits::with(context.settings.options.start_timeout());
    let start = async |node: &Chosen| {
        let start = NodeStart { node, networks: &networks, existing, limits, needs_load_balancer };
        (node.node.name, start_node(context, active, start, progress).await)
    };
    let nodes = join_all(context.nodes.iter().map(start)).await;
    let reached = nodes.iter().map(|(id, node)| (*id, node.servers.clone())).collect();
    *servers.started.lock().await = nodes.into_iter().collect();
    reached
}

/// Starts the servers of a node.
pub(super) async fn start_node(
    context: &Context,
    active: &ActiveScope,
    start: NodeStart<'_>,
    progress: StartProgress<'_>,
) -> StartedNode {
    let id = start.node.node.name;
    let pods = start.networks.iter().map(|&network| async move {
        let started = start_pod(context, active, start, network, progress).await;
        let started = started.map_err(|unusable| with_network(context, network, unusable));
        if let Err(unusable) = &started {
            progress(id, ServerState::Failed(unusable));
        }
        (network, started)
    });
    let service = services::create(context, active, start.node);
    let (mut service, pods) = tokio::join!(service, join_all(pods));
    if start.needs_load_balancer {
        let waiting = |waits_for: &str| progress(id, ServerState::Waiting(waits_for));
        service = services::with_address(context, service, waiting).await;
    }
    let reach = |route: &Route| {
        let network = Network::of(route.path);
        let pod = pods.iter().find_map(|(of, pod)| (*of == network).then_some(pod.as_ref()));
        let pod = pod.unwrap_or(Err(&Unusable::because("no server pod"))).map_err(Unusable::clone)?;
        endpoints::server(context, start.node, *route, pod, &service)
    };
    let routes = context.settings.routes.iter();
    let servers = routes.map(|route| (*route, reach(route))).collect();
    if pods.iter().all(|(_, pod)| pod.is_ok()) {
        progress(id, ServerState::Listening);
    }
    let listening = pods.into_iter().filter_map(|(network, pod)| Some((network, pod.ok()?.addresses)));
    StartedNode { servers, addresses: listening.collect(), was_restored: false }
}

/// Adds the network to a reason, where there are two.
fn with_network(context: &Context, network: Network, unusable: Unusable) -> Unusable {
    let is_about_node = context.nodes.iter().any(|node| node.unusable.as_deref() == Some(unusable.reason()));
    if is_about_node || context.settings.networks().len() == 1 {
        return unusable;
    }
    unusable.reworded(|reason| format!("on the {} network: {reason}", network.name()))
}

async fn start_pod(
    context: &Context,
    active: &ActiveScope,
    start: NodeStart<'_>,
    network: Network,
    progress: StartProgress<'_>,
) -> Result<ListeningPod, Unusable> {
    let node = start.node;
    if let Some(reason) = &node.unusable {
        return Err(Unusable::because(reason));
    }
    let name = context.settings.server_name(node, network);
    let start_once = async |existing: Existing| {
        let start = NodeStart { existing, ..start };
        let provided = provide_pod(context, active, start, network).await;
        let ServerPod { uid, was_running } = provided.map_err(|error| error.without_name(&name))?;
        let waiting = |waits_for: &str| progress(node.node.name, ServerState::Waiting(waits_for));
        // another pod of the same name may be terminating
        let is_it = |pod: &Pod| pod.name_any() == name && (uid.is_none() || pod.uid() == uid);
        let limits = start.limits;
        let outcome = tokio::select! {
            outcome = active.pods.wait_for_start(is_it, limits, waiting) => outcome,
            unusable = wait_for_obstacle(context, &name, limits.start) => {
                StartOutcome::Failed { name: Some(name.clone()), unusable, cause: FailureCause::Stuck }
            }
        };
        Ok::<_, RequestError>((outcome, was_running))
    };
    let (mut outcome, mut was_running) = start_once(start.existing).await?;
    if let StartOutcome::Failed { cause: FailureCause::Exited { code: NOT_STARTED }, .. } = &outcome {
        // the runtime may have failed for a reason that is transient
        (outcome, was_running) = start_once(Existing::Replace).await?;
    }
    let addresses = match outcome {
        StartOutcome::Running { addresses, .. } => addresses,
        StartOutcome::Failed { cause: FailureCause::Exited { code: 0 }, .. } => {
            return Err(listening::exit_reason(context, active, &name).await);
        }
        StartOutcome::Failed { unusable, cause, .. } => {
            let unusable = with_warning(context, &name, unusable, cause).await;
            let pod = active.pods.pod(&name);
            return Err(with_init_log(&context.cluster, &context.api(), pod.as_deref(), unusable).await);
        }
    };
    // a pod that was running has reported long ago that it listens, and its log may be lost
    let silence_limit = if was_running { Duration::ZERO } else { SILENCE_LIMIT };
    let processes = context.settings.processes.iter();
    let versions = processes
        .map(|process| listening::wait_until_listening(context, active, &name, process, silence_limit));
    let versions = try_join_all(versions).await?;
    Ok(ListeningPod { addresses, version: versions.into_iter().next().flatten() })
}

/// Creates the server pod of a node, or finds it.
async fn provide_pod(
    context: &Context,
    active: &ActiveScope,
    start: NodeStart<'_>,
    network: Network,
) -> Result<ServerPod, RequestError> {
    let pod = objects::server_pod(&context.settings, start.node, network, active.owner.clone());
    let api = context.api::<Pod>();
    if start.existing != Existing::None
        && let Some(found) = reuse_or_delete(context, &api, &pod, start.existing).await?
    {
        let was_running = matches!(PodState::of(&found), PodState::Running { .. });
        return Ok(ServerPod { uid: found.uid(), was_running });
    }
    loop {
        let relaxation = context.relaxation();
        let pod = Pod { spec: pod.spec.clone().map(|spec| relaxation.apply(spec)), ..pod.clone() };
        let (cluster, api) = (context.cluster.clone(), api.clone());
        let create = async move {
            let parameters = PostParams::default();
            let create =
                || retry_unanswered(|| cluster.call("create the server pod", api.create(&parameters, &pod)));
            ok_if_exists(retry(ACCOUNT_LIMIT, ACCOUNT_PAUSE, is_account_missing, create).await)
        };
        match context.tracked(create).await {
            Err(error) if error.rejection().is_some() && context.relax(relaxation, &error.why()) => {}
            created => return Ok(ServerPod { uid: created?.and_then(|pod| pod.uid()), was_running: false }),
        }
    }
}

/// The existing pod if it may be reused: an earlier run has kept it, or another run is creating it. Any
/// other pod of that name is deleted.
async fn reuse_or_delete(
    context: &Context,
    api: &Api<Pod>,
    wanted: &Pod,
    existing: Existing,
) -> Result<Option<Pod>, RequestError> {
    let (cluster, name) = (&context.cluster, wanted.name_any());
    let get = || cluster.call("look for an existing server pod", api.get_opt(&name));
    let Some(found) = get().await? else {
        return Ok(None);
    };
    let is_alive = matches!(PodState::of(&found), PodState::Running { .. } | PodState::Starting { .. });
    // a pod of this run has its deadline already
    let needed = if context.settings.keep { context.settings.server_deadline } else { Duration::ZERO };
    let fits = is_alive && has_same_spec(&found, wanted) && lives_for(&found, needed);
    if existing == Existing::Reuse && fits {
        return Ok(Some(found));
    }
    let delete = async |grace_seconds: u32| {
        let parameters = DeleteParams::default().grace_period(grace_seconds);
        ok_if_gone(cluster.call("replace the server pod", api.delete(&name, &parameters)).await)
    };
    // gracefully, so that its ports are free; a dead node confirms nothing
    delete(1).await?;
    let give_up = Instant::now() + REPLACE_LIMIT;
    while get().await?.is_some_and(|pod| pod.uid() == found.uid()) {
        if Instant::now() >= give_up {
            delete(0).await?;
            break;
        }
        tokio::time::sleep(REOPEN_PAUSE).await;
    }
    Ok(None)
}

/// Hands over what the throughput server of a node has written since the last call.
pub(super) async fn read_server_log(
    context: &Context,
    servers: &Servers,
    node: &Chosen,
    network: Network,
    take: ServerLines<'_>,
) -> Result<(), RequestError> {
    let pod = context.settings.server_name(node, network);
    let container = context.settings.processes.throughput.engine.program();
    let position =
        Arc::clone(servers.log_positions.lock().await.entry((node.node.name, network)).or_default());
    let mut position = position.lock().await;
    let source = LogSource { pod: &pod, container, follow: false };
    read_log(&context.cluster, &context.api(), source, &mut position, &mut *take).await.map(drop)
}

/// Whether the cluster lets a pod run for `needed` longer.
fn lives_for(pod: &Pod, needed: Duration) -> bool {
    let started = pod.status.as_ref().and_then(|status| status.start_time.as_ref());
    let deadline = pod.spec.as_ref().and_then(|spec| spec.active_deadline_seconds);
    let (Some(started), Some(deadline)) = (started, deadline) else {
        return true;
    };
    let end = started.0.as_second().saturating_add(deadline);
    end.saturating_sub(Timestamp::now().as_second()) > i64::try_from(needed.as_secs()).unwrap_or(i64::MAX)
}

/// Whether a pod was refused because its new namespace has no service account yet.
pub(super) fn is_account_missing(error: &RequestError) -> bool {
    matches!(&error.kind, RequestErrorKind::Refused { code: 403, message, .. }
        if message.contains("error looking up service account"))
}
