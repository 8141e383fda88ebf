//! Restores servers that disappear during a run: deleted, evicted, out of memory.

use std::time::Duration;

use k8s_openapi::api::core::v1::Node;
use kube::api::ListParams;
use tokio::time::Instant;

use super::context::{ActiveScope, Context};
use super::nodes::{Chosen, unusable_reason};
use super::objects::Network;
use super::pods::StartLimits;
use super::pods::state::PodState;
use super::servers::{Existing, NodeStart, Servers, StartedNode, needs_load_balancer, start_node};
use crate::cluster::{API_SERVER_OUTAGE, retry_transient};
use crate::options::Route;
use crate::testbed::{NodeServers, RestoreOutcome, RestoreReason, Unusable};

/// How long a node may be not ready before its tests fail: a kubelet that could not report for a moment reports
/// again after 10 seconds, and the cluster takes some more to notice.
const NOT_READY_LIMIT: Duration = Duration::from_secs(30);

/// The same after the API server was unavailable: nodes could not report meanwhile, and recover slowly.
const NOT_READY_AFTER_OUTAGE: Duration = Duration::from_secs(60);

/// A response that takes this long, retries included, follows an outage of the control plane.
const OUTAGE: Duration = Duration::from_secs(3);

/// How often to check a node that is not ready.
const POLL: Duration = Duration::from_secs(1);

/// How long restoring may take. The image is on the node already, and other tests wait; but the kubelet of
/// a node that was cut off takes a while to notice that its connections are dead.
const RESTORE_LIMIT: Duration = Duration::from_secs(60);

/// A server that has disappeared from a network of its node.
struct LostServer {
    network: Network,
    reason: Unusable,
    /// Whether the pod exists, with another address: a kubelet may give a pod a new network while its
    /// servers keep running.
    has_moved: bool,
}

/// Checks the servers of a node, and restores those that have disappeared, but only once: the same cause
/// would remove them again. One that is stuck in a test is replaced each time: a path that loses the end of a test
/// loses it again, and the tests themselves succeed.
pub(super) async fn restore(
    context: &Context,
    active: &ActiveScope,
    servers: &Servers,
    node: &Chosen,
    reason: RestoreReason,
) -> RestoreOutcome {
    let lost = lost_servers(context, active, servers, node, reason).await;
    let first = lost.first().map(|lost| lost.reason.clone());
    match (first, readiness(context, active, node, reason).await) {
        (None, Ok(())) => RestoreOutcome::Intact,
        (None, Err(not_ready)) => {
            RestoreOutcome::Unavailable(Unusable::because(not_ready).with_remedy(Some(remedy(node))))
        }
        (Some(lost), Err(not_ready)) => RestoreOutcome::Unavailable(
            lost.reworded(|lost| format!("{lost}; the node is {not_ready}")).with_remedy(Some(remedy(node))),
        ),
        (Some(lost_by), Ok(())) => {
            let counts = reason != RestoreReason::Stuck && !lost.iter().all(|lost| lost.has_moved);
            restart(context, active, servers, node, &lost, lost_by, counts).await
        }
    }
}

/// The servers of a node that listened before and have disappeared.
async fn lost_servers(
    context: &Context,
    active: &ActiveScope,
    servers: &Servers,
    node: &Chosen,
    reason: RestoreReason,
) -> Vec<LostServer> {
    let started = servers.started.lock().await;
    let lost = |network| {
        // a server that never listened has failed for reasons of its own
        let known = started.get(&node.node.name)?.addresses.get(&network)?;
        let (reason, has_moved) = match active.pods.state(&context.settings.server_name(node, network)) {
            None => (Unusable::because("the server pod was deleted"), false),
            Some(PodState::Ended { unusable, .. } | PodState::Stuck { unusable, .. }) => (unusable, false),
            Some(PodState::Starting { .. }) => (Unusable::because("the server pod restarted"), true),
            Some(PodState::Running { addresses }) if addresses != *known => {
                (Unusable::because("the address of the server pod changed"), true)
            }
            Some(PodState::Running { .. }) => match reason {
                // kept servers may be busy with the test of another run
                RestoreReason::Stuck if context.settings.keep => return None,
                // the path may be at fault, and others may reach it
                RestoreReason::Unresponsive if started.get(&node.node.name)?.was_restored => return None,
                reason => (reason.loss()?, false),
            },
        };
        Some(LostServer { network, reason, has_moved })
    };
    context.settings.networks().into_iter().filter_map(lost).collect()
}

/// Starts servers again. One that `counts` is final: there is no other after it.
async fn restart(
    context: &Context,
    active: &ActiveScope,
    servers: &Servers,
    node: &Chosen,
    lost: &[LostServer],
    reason: Unusable,
    counts: bool,
) -> RestoreOutcome {
    let networks: Vec<Network> = lost.iter().map(|lost| lost.network).collect();
    let has_moved = lost.iter().all(|lost| lost.has_moved);
    let before = servers.started.lock().await.get(&node.node.name).cloned().unwrap_or_default();
    if counts && before.was_restored {
        let reason = reason.reworded(|reason| format!("{reason}, after it was restored once"));
        let servers = replace(servers, node, &networks, Err(reason)).await;
        return RestoreOutcome::Unrecoverable { servers };
    }
    let start = NodeStart {
        node,
        networks: &networks,
        existing: if has_moved { Existing::Reuse } else { Existing::Replace },
        limits: StartLimits {
            silence: RESTORE_LIMIT,
            ..StartLimits::with(context.settings.options.start_timeout())
        },
        needs_load_balancer: needs_load_balancer(&context.settings.routes, Some(&before.servers)),
    };
    let started = start_node(context, active, start, &|_, _| {});
    let started = tokio::time::timeout(RESTORE_LIMIT, started).await;
    // only now: an attempt that was cancelled does not count
    if counts && let Some(started) = servers.started.lock().await.get_mut(&node.node.name) {
        started.was_restored = true;
    }
    let new = started.map_err(|_| {
        let seconds = RESTORE_LIMIT.as_secs();
        reason.clone().reworded(|reason| format!("{reason}, and was not restored within {seconds} seconds"))
    });
    let new = new.map(|node| {
        let failed = |again: Unusable| {
            again.reworded(|again| format!("{}, and cannot be restored: {again}", reason.reason()))
        };
        let servers =
            node.servers.into_iter().map(|(route, server)| (route, server.map_err(failed))).collect();
        StartedNode { servers, ..node }
    });
    let servers = replace(servers, node, &networks, new).await;
    let is_of = |route: &Route| networks.contains(&Network::of(route.path));
    if servers.iter().any(|(route, server)| is_of(route) && server.is_ok()) {
        RestoreOutcome::Recreated { lost: reason, servers }
    } else {
        RestoreOutcome::Unrecoverable { servers }
    }
}

/// Replaces the servers of a node on some networks, route by route, except those that did not work before and
/// do not work now. Returns all servers of the node.
async fn replace(
    servers: &Servers,
    node: &Chosen,
    networks: &[Network],
    new: Result<StartedNode, Unusable>,
) -> NodeServers {
    let mut nodes = servers.started.lock().await;
    let Some(started) = nodes.get_mut(&node.node.name) else {
        return NodeServers::new();
    };
    let is_of = |route: &Route| networks.contains(&Network::of(route.path));
    for (route, server) in started.servers.iter_mut().filter(|(route, _)| is_of(route)) {
        let new = new.as_ref().map_err(Unusable::clone).and_then(|new| new.servers[route].clone());
        if new.is_ok() || server.is_ok() {
            let with_remedy = |unusable: Unusable| match unusable.remedy() {
                Some(_) => unusable,
                None => unusable.with_remedy(Some(remedy(node))),
            };
            *server = new.map_err(with_remedy);
        }
    }
    for network in networks {
        match new.as_ref().ok().and_then(|new| new.addresses.get(network)) {
            Some(addresses) => started.addresses.insert(*network, addresses.clone()),
            None => started.addresses.remove(network),
        };
    }
    started.servers.clone()
}

fn remedy(node: &Chosen) -> String {
    let name = node.node.name;
    format!("check the node with `kubectl describe node {name}`, then measure again")
}

/// Why no pod can run on a node, if the cluster reports that. A node whose kubelet could not report while
/// the API server was unavailable recovers soon, and is waited for unless its servers are known to be gone.
async fn readiness(
    context: &Context,
    active: &ActiveScope,
    node: &Chosen,
    reason: RestoreReason,
) -> Result<(), String> {
    let begun = Instant::now();
    let mut answered_after_outage = None;
    loop {
        let asked = Instant::now();
        let readiness = readiness_now(context, node).await;
        if asked.elapsed() >= OUTAGE {
            answered_after_outage = Some(Instant::now());
        }
        let since_outage = [active.pods.since_unavailable(), answered_after_outage.map(|at| at.elapsed())];
        let is_late = begun.elapsed() >= NOT_READY_LIMIT
            && since_outage.into_iter().flatten().all(|since| since >= NOT_READY_AFTER_OUTAGE);
        if readiness.is_ok() || reason == RestoreReason::LostBefore || is_late {
            return readiness;
        }
        tokio::time::sleep(POLL).await;
    }
}

async fn readiness_now(context: &Context, node: &Chosen) -> Result<(), String> {
    let name = node.node.name;
    let parameters = ListParams::default().fields(&format!("metadata.name={name}"));
    let api = context.cluster.all::<Node>();
    let list = || context.cluster.call(format!("get the node {name}"), api.list(&parameters));
    // an unavailable API server is waited for: without it no test can be repeated either
    let Ok(found) = retry_transient(API_SERVER_OUTAGE, list).await else {
        return Ok(());
    };
    match found.items.first() {
        None => Err("no longer part of the cluster".to_owned()),
        Some(node) => unusable_reason(node).map_or(Ok(()), Err),
    }
}
