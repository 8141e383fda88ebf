//! Puts back servers that went away during a run: deleted, evicted, out of memory.

use std::time::Duration;

use k8s_openapi::api::core::v1::Node;
use kube::Api;
use kube::api::ListParams;
use tokio::time::Instant;

use super::nodes::obstacle;
use super::request::patiently;
use super::servers::Found;
use super::{KubernetesTestbed, PodState};
use crate::testbed::{Restored, Trouble, Unusable};

/// How long an API server that is away is waited for.
const API_SERVER_AWAY: Duration = Duration::from_secs(60);

/// How long a node may be not ready before its tests fail.
const NOT_READY_LIMIT: Duration = Duration::from_secs(15);

/// How often a node that is not ready is asked after.
const POLL: Duration = Duration::from_secs(1);

/// How long putting back may take: the image is on the node already, and a slot waits.
const RESTORE_LIMIT: Duration = Duration::from_secs(30);

impl KubernetesTestbed {
    /// Sees whether the servers of the node at position `index` are there. Puts them back if they
    /// are not, but only once: what takes them away would do it again.
    pub(super) async fn restored(&self, index: usize, trouble: Trouble) -> Restored {
        let (Some(made), Some(_)) = (self.made.get(), self.nodes.get(index)) else {
            return Restored::Intact;
        };
        let handed_out = self.addresses.lock().await.clone();
        let (mut lost, mut has_moved) = (None, false);
        for network in self.settings.networks() {
            match made.pods.state(&self.server_name(index, network)) {
                Some(PodState::Ended { unusable, .. }) => lost = Some(unusable),
                None => lost = Some(Unusable::because("its pod was deleted")),
                Some(PodState::Running { addresses }) => {
                    has_moved |= handed_out.get(&(index, network)).is_some_and(|known| *known != addresses);
                }
                Some(_) => {}
            }
        }
        // a kubelet may give a pod another network while its servers run on
        let lost = lost.or_else(|| has_moved.then(|| Unusable::because("its pod got another address")));
        let mut is_ready = self.readiness(index).await;
        // one whose kubelet could not report while the API server was away comes back soon
        let give_up = Instant::now() + NOT_READY_LIMIT;
        while is_ready.is_err() && trouble != Trouble::Gone && Instant::now() < give_up {
            tokio::time::sleep(POLL).await;
            is_ready = self.readiness(index).await;
        }
        // servers that stay may be busy with the test of somebody else
        let is_stuck = trouble == Trouble::Stuck && !self.settings.keep;
        let lost = lost
            .or_else(|| is_stuck.then(|| Unusable::because("its server was stuck in a test that is over")));
        let lost = match (lost, is_ready) {
            (None, Ok(())) => return Restored::Intact,
            (None, Err(not_ready)) => {
                return Restored::Lost(Unusable::because(not_ready).with_remedy(Some(self.remedy(index))));
            }
            (Some(lost), Err(not_ready)) => {
                return Restored::Lost(
                    lost.reworded(|reason| format!("{reason}; the node is {not_ready}"))
                        .with_remedy(Some(self.remedy(index))),
                );
            }
            (Some(lost), Ok(())) => lost,
        };
        if !has_moved && !self.put_back.lock().await.insert(index) {
            let again = |reason: &str| format!("{reason}, after it had been put back once");
            return Restored::Lost(lost.reworded(again).with_remedy(Some(self.remedy(index))));
        }
        let found = if is_stuck { Found::Unfit } else { Found::Perhaps };
        let start = self.start_node(made, index, found, &|_, _| {});
        let Ok(servers) = tokio::time::timeout(RESTORE_LIMIT, start).await else {
            let seconds = RESTORE_LIMIT.as_secs();
            let late = |reason: &str| format!("{reason}, and could not be put back within {seconds} seconds");
            return Restored::Lost(lost.reworded(late));
        };
        match servers.iter().find_map(|server| server.as_ref().err()) {
            None => Restored::Back { lost, servers },
            Some(again) => {
                let lost = lost.reason();
                Restored::Lost(
                    again.clone().reworded(|again| format!("{lost}, and could not be put back: {again}")),
                )
            }
        }
    }

    /// What to do about a node whose servers are gone.
    fn remedy(&self, index: usize) -> String {
        let name = &self.nodes[index].node.name;
        format!(
            "see what is wrong with the node: kubectl describe node {name}; \
             `kubectl netbench matrix --resume latest` then measures what is missing"
        )
    }

    /// Why no pod runs on the node at position `index`; a cluster that does not say is believed to
    /// be well.
    async fn readiness(&self, index: usize) -> Result<(), String> {
        let name = &self.nodes[index].node.name;
        let parameters = ListParams::default().fields(&format!("metadata.name={name}"));
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
