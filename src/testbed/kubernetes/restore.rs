//! Puts back servers that went away during a run: deleted, evicted, out of memory.

use std::time::Duration;

use k8s_openapi::api::core::v1::Node;
use kube::Api;
use kube::api::ListParams;
use tokio::time::Instant;

use super::servers::{Found, StartedNode};
use crate::cluster::{API_SERVER_AWAY, patiently};
use crate::testbed::kubernetes::nodes::obstacle;
use crate::testbed::kubernetes::objects::Network;
use crate::testbed::kubernetes::{KubernetesTestbed, Made, PodState};
use crate::testbed::{NodeServers, Restored, Trouble, Unusable, Way};

/// How long a node may be not ready before its tests fail.
const NOT_READY_LIMIT: Duration = Duration::from_secs(15);

/// The same after the API server was away: nodes could not report meanwhile, and take their time.
const NOT_READY_AFTER_AWAY: Duration = Duration::from_secs(60);

/// How often a node that is not ready is asked after.
const POLL: Duration = Duration::from_secs(1);

/// How long putting back may take. The image is on the node already, and a slot waits; but a kubelet
/// whose node was cut off notices only after a while that its connections are dead.
const RESTORE_LIMIT: Duration = Duration::from_secs(60);

/// What is wrong with the servers of a node on one of its networks.
struct Missing {
    network: Network,
    why: Unusable,
    /// Whether the pod is there, and only has another address: a kubelet may give it another network
    /// while its servers run on.
    has_moved: bool,
}

impl KubernetesTestbed {
    /// Sees whether the servers of the node at position `index` are there. Puts them back if they
    /// are not, but only once: what takes them away would do it again.
    pub(in crate::testbed::kubernetes) async fn restored(&self, index: usize, trouble: Trouble) -> Restored {
        let Some(made) = self.made.get() else {
            return Restored::Intact;
        };
        let missing = self.missing(made, index, trouble).await;
        let first = missing.first().map(|missing| missing.why.clone());
        match (first, self.readiness(made, index, trouble).await) {
            (None, Ok(())) => Restored::Intact,
            (None, Err(not_ready)) => {
                Restored::Lost(Unusable::because(not_ready).with_remedy(Some(self.remedy(index))))
            }
            (Some(why), Err(not_ready)) => Restored::Lost(
                why.reworded(|reason| format!("{reason}; the node is {not_ready}"))
                    .with_remedy(Some(self.remedy(index))),
            ),
            (Some(lost), Ok(())) => self.put_back(made, index, missing, lost).await,
        }
    }

    /// The networks on which servers that listened are missing.
    async fn missing(&self, made: &Made, index: usize, trouble: Trouble) -> Vec<Missing> {
        let started = self.started.lock().await;
        let missing = |network| {
            // what never listened has failed for reasons of its own
            let known = started.get(index)?.addresses.get(&network)?;
            let (why, has_moved) = match made.pods.state(&self.server_name(index, network)) {
                None => (Unusable::because("its pod was deleted"), false),
                Some(PodState::Ended { unusable, .. } | PodState::Stuck { unusable, .. }) => {
                    (unusable, false)
                }
                Some(PodState::Starting { .. }) => (Unusable::because("its pod starts again"), true),
                Some(PodState::Running { addresses }) if addresses != *known => {
                    (Unusable::because("its pod got another address"), true)
                }
                // servers that stay may be busy with the test of somebody else
                Some(PodState::Running { .. }) if trouble == Trouble::Stuck && !self.settings.keep => {
                    (Unusable::because("its server was stuck in a test that is over"), false)
                }
                Some(PodState::Running { .. }) => return None,
            };
            Some(Missing { network, why, has_moved })
        };
        self.settings.networks().into_iter().filter_map(missing).collect()
    }

    async fn put_back(&self, made: &Made, index: usize, missing: Vec<Missing>, lost: Unusable) -> Restored {
        let networks: Vec<Network> = missing.iter().map(|missing| missing.network).collect();
        let has_moved = missing.iter().all(|missing| missing.has_moved);
        if !has_moved && self.put_back.lock().await.contains(&index) {
            let why = lost.reworded(|reason| format!("{reason}, after it had been put back once"));
            let servers = self.replaced(index, &networks, Err(why)).await;
            return Restored::Gone { servers };
        }
        let start = self.start_node(made, index, &networks, Found::Perhaps { is_fit: has_moved }, &|_, _| {});
        let started = tokio::time::timeout(RESTORE_LIMIT, start).await;
        // only now: one that is given up halfway has not been put back
        if !has_moved {
            self.put_back.lock().await.insert(index);
        }
        let new = started.map_err(|_| {
            let seconds = RESTORE_LIMIT.as_secs();
            lost.clone().reworded(|why| format!("{why}, and was not back within {seconds} seconds"))
        });
        let new = new.map(|node| {
            let failed = |again: Unusable| {
                again.reworded(|again| format!("{}, and could not be put back: {again}", lost.reason()))
            };
            let servers = node.servers.into_iter().map(|server| server.map_err(failed)).collect();
            StartedNode { servers, ..node }
        });
        let is_of = |way: &Way| networks.contains(&Network::of(way.path));
        let servers = self.replaced(index, &networks, new).await;
        if self.settings.ways.iter().zip(&servers).any(|(way, server)| is_of(way) && server.is_ok()) {
            Restored::Back { lost, servers }
        } else {
            Restored::Gone { servers }
        }
    }

    /// Replaces the servers of a node on some networks, way by way: what there was not before is not
    /// missed now.
    async fn replaced(
        &self,
        index: usize,
        networks: &[Network],
        new: Result<StartedNode, Unusable>,
    ) -> NodeServers {
        let mut nodes = self.started.lock().await;
        let Some(node) = nodes.get_mut(index) else {
            return NodeServers::new();
        };
        for (position, way) in self.settings.ways.iter().enumerate() {
            if !networks.contains(&Network::of(way.path)) {
                continue;
            }
            let new = new.as_ref().map_err(Unusable::clone).and_then(|new| new.servers[position].clone());
            if new.is_ok() || node.servers[position].is_ok() {
                let remedy = |why: Unusable| match why.remedy() {
                    Some(_) => why,
                    None => why.with_remedy(Some(self.remedy(index))),
                };
                node.servers[position] = new.map_err(remedy);
            }
        }
        for network in networks {
            match new.as_ref().ok().and_then(|new| new.addresses.get(network)) {
                Some(addresses) => node.addresses.insert(*network, addresses.clone()),
                None => node.addresses.remove(network),
            };
        }
        node.servers.clone()
    }

    /// What to do about a node whose servers are gone.
    fn remedy(&self, index: usize) -> String {
        let name = &self.nodes[index].node.name;
        format!("see what is wrong with the node: kubectl describe node {name}; then measure again")
    }

    /// Why no pod runs on the node at position `index`; a cluster that does not say is believed to
    /// be well. One whose kubelet could not report while the API server was away comes back soon:
    /// unless it is known to be gone, it is waited for.
    async fn readiness(&self, made: &Made, index: usize, trouble: Trouble) -> Result<(), String> {
        let begun = Instant::now();
        loop {
            let readiness = self.readiness_now(index).await;
            let is_late = begun.elapsed() >= NOT_READY_LIMIT
                && made.pods.away().is_none_or(|ago| ago >= NOT_READY_AFTER_AWAY);
            if readiness.is_ok() || trouble == Trouble::Gone || is_late {
                return readiness;
            }
            tokio::time::sleep(POLL).await;
        }
    }

    async fn readiness_now(&self, index: usize) -> Result<(), String> {
        // a server that runs elsewhere has no node
        let Some(node) = self.nodes.get(index) else {
            return Ok(());
        };
        let parameters = ListParams::default().fields(&format!("metadata.name={}", node.node.name));
        let api: Api<Node> = Api::all(self.cluster.client.clone());
        let list = || self.cluster.call("see whether a node is ready", api.list(&parameters));
        // a cluster that is away is waited for: without it no test can be run again either
        let Ok(found) = patiently(API_SERVER_AWAY, list).await else {
            return Ok(());
        };
        match found.items.first() {
            None => Err("not in the cluster any more".to_owned()),
            Some(node) => obstacle(node).map_or(Ok(()), Err),
        }
    }
}
