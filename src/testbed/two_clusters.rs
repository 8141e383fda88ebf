//! A client in one cluster and a server in another (`--server-context`).

use std::collections::HashMap;

use async_trait::async_trait;

use super::kubernetes::KubernetesTestbed;
use super::{
    ClientStarted, NodeServers, Output, RestoreOutcome, RestoreReason, ServerLines, StartProgress, Testbed,
    TestbedError,
};
use crate::document::{Failure, NodeId, Note};
use crate::engine::ClientExit;
use crate::options::Route;

/// Two nodes, each in its own cluster.
pub struct TwoClusters {
    client: KubernetesTestbed,
    server: KubernetesTestbed,
    server_id: NodeId,
}

impl TwoClusters {
    /// Combines two testbeds of one node each. The node of the server is called `server_id`, since both clusters may
    /// have a node of the same name.
    pub fn new(client: KubernetesTestbed, server: KubernetesTestbed, server_id: NodeId) -> Self {
        Self { client, server, server_id }
    }
}

#[async_trait]
impl Testbed for TwoClusters {
    async fn start(&self, progress: StartProgress<'_>) -> Result<HashMap<NodeId, NodeServers>, TestbedError> {
        let of_server = |_node: NodeId, state: super::ServerState| progress(self.server_id, state);
        let (client, server) = tokio::join!(self.client.start(progress), self.server.start(&of_server));
        let server = server?.into_values().map(|servers| (self.server_id, servers));
        Ok(client?.into_iter().chain(server).collect())
    }

    async fn run_client(
        &self,
        client: NodeId,
        route: Route,
        command: &[String],
        started: ClientStarted<'_>,
        output: Output<'_>,
    ) -> Result<ClientExit, Failure> {
        self.client.run_client(client, route, command, started, output).await
    }

    async fn read_server(
        &self,
        _server: NodeId,
        route: Route,
        lines: ServerLines<'_>,
    ) -> Result<(), Failure> {
        self.server.read_server(self.server.only_node(), route, lines).await
    }

    async fn restore(&self, node: NodeId, reason: RestoreReason) -> RestoreOutcome {
        if node == self.server_id {
            self.server.restore(self.server.only_node(), reason).await
        } else {
            self.client.restore(node, reason).await
        }
    }

    fn take_notes(&self) -> Vec<Note> {
        [&self.client, &self.server].into_iter().flat_map(Testbed::take_notes).collect()
    }

    async fn stop(&self) -> Result<(), TestbedError> {
        // both are stopped, even if one of them fails
        let (client, server) = tokio::join!(self.client.stop(), self.server.stop());
        client.and(server)
    }
}
