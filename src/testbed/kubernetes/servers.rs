//! Starts the servers: one pod per node, all at once.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::api::PostParams;
use kube::{Api, ResourceExt};

use super::log::{LogPosition, REOPEN_PAUSE};
use super::objects;
use super::pods::Started;
use super::request::RequestErrorKind;
use super::{KubernetesTestbed, Made, PodState};
use crate::engine::iperf3::{ServerLog, server_command};
use crate::testbed::{Enough, Server, StartProgress, Starting, Unusable};

/// How long a pod may take to run; most of it is for pulling the image.
pub const START_LIMIT: Duration = Duration::from_secs(180);

/// How long a running server may take to listen.
const LISTEN_LIMIT: Duration = Duration::from_secs(10);

/// How long a new namespace may be without its service account.
const ACCOUNT_LIMIT: Duration = Duration::from_secs(10);

impl KubernetesTestbed {
    /// Starts the server of the node at position `index`.
    pub(super) async fn start_server(
        &self,
        made: &Made,
        index: usize,
        progress: StartProgress<'_>,
    ) -> Result<Server, Unusable> {
        let result = self.try_start_server(made, index, progress).await;
        match &result {
            Ok(_) => progress(index, Starting::Listens),
            Err(unusable) => progress(index, Starting::Failed(unusable)),
        }
        result
    }

    async fn try_start_server(
        &self,
        made: &Made,
        index: usize,
        progress: StartProgress<'_>,
    ) -> Result<Server, Unusable> {
        let node = &self.nodes[index];
        if let Some(reason) = &node.unusable {
            return Err(Unusable::because(reason));
        }
        let name = objects::server_name(&self.settings.run, index);
        self.create_server_pod(made, index).await?;
        let waiting = |waits_for: &str| progress(index, Starting::WaitsFor(waits_for));
        let started = made.pods.started(|pod| pod.name_any() == name, START_LIMIT, waiting).await;
        let address = match started {
            Started::Running { address, .. } => address,
            Started::Not { unusable, cause, .. } => {
                return Err(self.with_warning(&name, unusable, cause).await);
            }
        };
        let version = self.listening(made, &name).await?;
        Ok(Server { host: address, port: self.settings.port, version })
    }

    async fn create_server_pod(&self, made: &Made, index: usize) -> Result<(), Unusable> {
        let command = server_command(self.settings.port);
        let pod = objects::server_pod(&self.settings, index, &self.nodes[index], command, made.owner.clone());
        let api: Api<Pod> = Api::namespaced(self.cluster.client.clone(), &self.scope.namespace());
        let cluster = self.cluster.clone();
        let create = async move {
            let give_up = tokio::time::Instant::now() + ACCOUNT_LIMIT;
            loop {
                let made = cluster.call("create its pod", api.create(&PostParams::default(), &pod)).await;
                match made {
                    // a new namespace gets its service account a moment after it is there
                    Err(error) if lacks_account(&error.kind) && tokio::time::Instant::now() < give_up => {
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                    // a repeated request finds what the first one made: names carry the run's id
                    Err(error) if error.is_conflict() => return Ok(()),
                    other => return other.map(drop),
                }
            }
        };
        self.tracked(create)
            .await
            .map_err(|error| Unusable { reason: format!("{error}: {}", error.why()), remedy: error.remedy() })
    }

    /// Reads the log of a running server until it listens. Returns its version.
    async fn listening(&self, made: &Made, pod: &str) -> Result<Option<String>, Unusable> {
        let mut log = ServerLog::default();
        let mut last_error = None;
        let read = async {
            let mut position = LogPosition::default();
            let mut take = |line: &str| {
                log.line(line);
                if log.is_listening() { Enough::Yes } else { Enough::NotYet }
            };
            loop {
                match self.read_log(pod, &mut position, &mut take).await {
                    Ok(Enough::Yes) => return,
                    Ok(Enough::NotYet) => {}
                    Err(error) => last_error = Some(error),
                }
                tokio::time::sleep(REOPEN_PAUSE).await;
            }
        };
        // a process that has ended will never listen, and its last words say more than its log
        let ended = tokio::select! {
            () = read => return Ok(log.into_version()),
            ended = made.pods.ended(pod) => ended,
            () = tokio::time::sleep(LISTEN_LIMIT) => made.pods.state(pod),
        };
        Err(match (ended, last_error) {
            (Some(PodState::Ended { unusable, .. }), _) => unusable,
            (None, _) => Unusable::because("its pod was deleted"),
            (_, Some(error)) => {
                Unusable { reason: format!("{error}: {}", error.why()), remedy: error.remedy() }
            }
            (_, None) => Unusable::because(format!(
                "its server does not listen after {} seconds",
                LISTEN_LIMIT.as_secs()
            )),
        })
    }
}

fn lacks_account(error: &RequestErrorKind) -> bool {
    matches!(error, RequestErrorKind::Refused { code: 403, message, .. } if message.contains("error looking up service account"))
}
