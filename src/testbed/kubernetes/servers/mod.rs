//! Starts the servers: one pod per node and network, all at once.

mod endpoints;
pub(super) mod kept;
mod listening;
mod services;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join_all, try_join_all};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Pod, Service};
use kube::api::{DeleteParams, PostParams};
use kube::{Api, ResourceExt};
use tokio::time::Instant;

use crate::cluster::{RequestError, RequestErrorKind, until_answered};
use crate::testbed::kubernetes::logs::{LogOf, REOPEN_PAUSE};
use crate::testbed::kubernetes::objects::{self, Network, is_same};
use crate::testbed::kubernetes::pods::{Cause, Started};
use crate::testbed::kubernetes::{KubernetesTestbed, Made, PodState};
use crate::testbed::{NodeServers, Process, StartProgress, Starting, Unusable};

/// How long a pod may take to run; most of it is for pulling the image.
pub const START_LIMIT: Duration = Duration::from_secs(180);

/// How long a running server may say nothing at all. Nodes lose logs: one that runs on is then taken
/// to listen, and clients find out.
const SILENCE_LIMIT: Duration = Duration::from_secs(4);

/// How long a new namespace may be without its service account.
const ACCOUNT_LIMIT: Duration = Duration::from_secs(10);

/// How long a pod that stayed and does not suit may take to go.
const GONE_LIMIT: Duration = Duration::from_secs(20);

/// What is there before a pod is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing that suits.
    Nothing,
    /// Perhaps a pod of the same name, dead or alive.
    Perhaps {
        /// Whether it may be used if it is alive.
        is_fit: bool,
    },
    /// The very pod, alive.
    Alive,
}

/// A pod whose servers listen.
pub(super) struct Listening {
    /// The pod's addresses, at least one.
    pub addresses: Vec<String>,
    /// The version of the program that measures throughput, if it told.
    pub version: Option<String>,
}

/// The servers of a node, as they were started or put back.
#[derive(Debug, Clone, Default)]
pub(super) struct StartedNode {
    /// How they are reached, way by way.
    pub servers: NodeServers,
    /// The addresses of the pods whose servers listen.
    pub addresses: HashMap<Network, Vec<String>>,
}

impl KubernetesTestbed {
    /// Starts the servers of the node at position `index`.
    pub(super) async fn start_node(
        &self,
        made: &Made,
        index: usize,
        networks: &[Network],
        found: Found,
        progress: StartProgress<'_>,
    ) -> StartedNode {
        let pods = networks.iter().map(|&network| async move {
            let started = self.start_pod(made, index, network, found, progress).await;
            let started = started.map_err(|unusable| self.on_network(network, unusable));
            if let Err(unusable) = &started {
                progress(index, Starting::Failed(unusable));
            }
            (network, started)
        });
        let (service, pods) = tokio::join!(self.make_service(made, index), join_all(pods));
        let service = self.complete_service(index, service, |waits_for| {
            progress(index, Starting::WaitsFor(waits_for));
        });
        let service = service.await;
        let servers: NodeServers = self
            .settings
            .ways
            .iter()
            .map(|way| {
                let network = Network::of(way.path);
                let pod = pods.iter().find_map(|(of, pod)| (*of == network).then_some(pod.as_ref()));
                let pod = pod.unwrap_or(Err(&Unusable::because("it has no pod"))).map_err(Unusable::clone)?;
                self.server(index, *way, pod, &service)
            })
            .collect();
        if pods.iter().all(|(_, pod)| pod.is_ok()) {
            progress(index, Starting::Listens);
        }
        let listening = pods.into_iter().filter_map(|(network, pod)| Some((network, pod.ok()?.addresses)));
        StartedNode { servers, addresses: listening.collect() }
    }

    async fn start_pod(
        &self,
        made: &Made,
        index: usize,
        network: Network,
        found: Found,
        progress: StartProgress<'_>,
    ) -> Result<Listening, Unusable> {
        let node = &self.nodes[index];
        if let Some(reason) = &node.unusable {
            return Err(Unusable::because(reason));
        }
        let name = self.server_name(index, network);
        let (found, uid) = self.make_server_pod(made, index, network, found).await?;
        let waiting = |waits_for: &str| progress(index, Starting::WaitsFor(waits_for));
        // a pod of the same name may be on its way out
        let is_it = |pod: &Pod| pod.name_any() == name && (uid.is_none() || pod.uid() == uid);
        let started = made.pods.started(is_it, START_LIMIT, waiting).await;
        let addresses = match started {
            Started::Running { addresses, .. } => addresses,
            Started::Not { cause: Cause::Exited { code: 0 }, .. } => {
                return Err(self.last_words(made, &name).await);
            }
            Started::Not { unusable, cause, .. } => {
                return Err(self.with_warning(&name, unusable, cause).await);
            }
        };
        let processes: Vec<Process> = self.settings.processes.iter().collect();
        // one that was found has said that it listens long ago, and its log may be gone
        let silence = if found == Found::Alive { Duration::ZERO } else { SILENCE_LIMIT };
        let versions = processes.iter().map(|process| self.listening(made, &name, *process, silence));
        let versions = try_join_all(versions).await?;
        Ok(Listening { addresses, version: versions.into_iter().next().flatten() })
    }

    /// Says which network a reason is about, where there are two.
    fn on_network(&self, network: Network, unusable: Unusable) -> Unusable {
        let is_the_only_one = self.settings.networks().len() == 1;
        if is_the_only_one
            || self.nodes.iter().any(|node| node.unusable.as_deref() == Some(unusable.reason()))
        {
            return unusable;
        }
        unusable.reworded(|reason| format!("on the {} network, {reason}", network.name()))
    }

    /// Makes the pod, or finds it. Returns its uid as well, where that is known.
    async fn make_server_pod(
        &self,
        made: &Made,
        index: usize,
        network: Network,
        found: Found,
    ) -> Result<(Found, Option<String>), Unusable> {
        let node = &self.nodes[index];
        let pod = objects::server_pod(&self.settings, index, network, node, made.owner.clone());
        let api: Api<Pod> = Api::namespaced(self.cluster.client.clone(), &self.scope.namespace());
        if let Found::Perhaps { is_fit } = found
            && let Some(found) = self.find(&api, &pod, is_fit).await.map_err(|error| unusable(&error))?
        {
            let is_running = matches!(PodState::of(&found), PodState::Running { .. });
            return Ok((if is_running { Found::Alive } else { Found::Nothing }, found.uid()));
        }
        let cluster = self.cluster.clone();
        let create = async move {
            let give_up = Instant::now() + ACCOUNT_LIMIT;
            loop {
                let parameters = PostParams::default();
                match until_answered(|| cluster.call("create its pod", api.create(&parameters, &pod))).await {
                    // a new namespace gets its service account a moment after it is there
                    Err(error) if lacks_account(&error.kind) && Instant::now() < give_up => {
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                    // a repeated request finds what the first one made: names carry the run's id
                    Err(error) if error.is_conflict() => return Ok(None),
                    other => return other.map(|pod| pod.uid()),
                }
            }
        };
        let uid = self.tracked(create).await.map_err(|error| unusable(&error))?;
        Ok((Found::Nothing, uid))
    }

    /// The very pod that is wanted, if an earlier run has left it, or another one is just making it.
    /// One that does not suit is removed.
    async fn find(&self, api: &Api<Pod>, wanted: &Pod, is_fit: bool) -> Result<Option<Pod>, RequestError> {
        let name = wanted.name_any();
        let get = || self.cluster.call("look for its pod", api.get_opt(&name));
        let Some(found) = get().await? else {
            return Ok(None);
        };
        let is_alive = matches!(PodState::of(&found), PodState::Running { .. } | PodState::Starting { .. });
        // one of this run's own has been given its time already
        let needed = if self.settings.keep { self.settings.server_deadline } else { Duration::ZERO };
        if is_fit && is_alive && is_same(&found, wanted) && lives_for(&found, needed) {
            return Ok(Some(found));
        }
        let delete = async |grace_seconds: u32| {
            let parameters = DeleteParams::default().grace_period(grace_seconds);
            match self.cluster.call("replace its pod", api.delete(&name, &parameters)).await {
                Err(error) if !error.is_not_found() => Err(error),
                _ => Ok(()),
            }
        };
        // in order, so that its ports are free; a node that is dead confirms nothing
        delete(1).await?;
        let give_up = Instant::now() + GONE_LIMIT;
        while get().await?.is_some_and(|pod| pod.uid() == found.uid()) {
            if Instant::now() >= give_up {
                delete(0).await?;
                break;
            }
            tokio::time::sleep(REOPEN_PAUSE).await;
        }
        Ok(None)
    }

    /// Hands over what the server has written since this was last called.
    pub(super) async fn read_server_log(
        &self,
        index: usize,
        network: Network,
        take: crate::testbed::ServerLines<'_>,
    ) -> Result<(), RequestError> {
        let pod = self.server_name(index, network);
        let container = self.settings.processes.throughput.engine.program();
        let position = Arc::clone(self.server_logs.lock().await.entry((index, network)).or_default());
        let mut position = position.lock().await;
        let of = LogOf { pod: &pod, container, follow: false };
        self.read_log(of, &mut position, &mut *take).await.map(drop)
    }

    /// Makes the Service of the node at position `index`; none if no way needs one.
    async fn make_service(&self, made: &Made, index: usize) -> Result<Option<Service>, Unusable> {
        let node = &self.nodes[index];
        match objects::service(&self.settings, index, node, made.owner.clone()) {
            Some(service) => self.create_service(service).await.map(Some).map_err(|error| unusable(&error)),
            None => Ok(None),
        }
    }
}

/// Whether a pod that was found is the wanted one, alive, and so for long enough.
pub(super) fn suits(found: &Pod, wanted: &Pod, needed: Duration) -> bool {
    is_same(found, wanted)
        && matches!(PodState::of(found), PodState::Running { .. })
        && lives_for(found, needed)
}

/// Whether the cluster lets a pod live so much longer.
fn lives_for(pod: &Pod, needed: Duration) -> bool {
    let started = pod.status.as_ref().and_then(|status| status.start_time.as_ref());
    let deadline = pod.spec.as_ref().and_then(|spec| spec.active_deadline_seconds);
    let (Some(started), Some(deadline)) = (started, deadline) else {
        return true;
    };
    let end = started.0.as_second().saturating_add(deadline);
    end.saturating_sub(Timestamp::now().as_second()) > i64::try_from(needed.as_secs()).unwrap_or(i64::MAX)
}

pub(super) fn unusable(error: &RequestError) -> Unusable {
    Unusable::because(format!("{error}: {}", error.why())).with_remedy(error.remedy())
}

fn lacks_account(error: &RequestErrorKind) -> bool {
    matches!(error, RequestErrorKind::Refused { code: 403, message, .. } if message.contains("error looking up service account"))
}
