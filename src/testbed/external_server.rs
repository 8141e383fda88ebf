//! Clients in a testbed, and one external server (`--to`).

use std::collections::HashMap;

use async_trait::async_trait;

use super::{
    ClientStarted, NodeServers, Output, RestoreOutcome, RestoreReason, Server, ServerLines, StartProgress,
    Testbed, TestbedError,
};
use crate::document::{Failure, FailureKind, NodeId, Note};
use crate::engine::ClientExit;
use crate::options::Route;

/// A testbed with an external server, which it does not start.
pub struct WithExternalServer {
    clients: Box<dyn Testbed>,
    id: NodeId,
    server: Server,
    routes: Vec<Route>,
}

impl WithExternalServer {
    /// The nodes of `clients` and `server`, which is reached over each of `routes`.
    pub fn new(clients: Box<dyn Testbed>, id: NodeId, server: Server, routes: Vec<Route>) -> Self {
        Self { clients, id, server, routes }
    }
}

#[async_trait]
impl Testbed for WithExternalServer {
    async fn start(&self, progress: StartProgress<'_>) -> Result<HashMap<NodeId, NodeServers>, TestbedError> {
        let mut nodes = self.clients.start(progress).await?;
        let servers = self.routes.iter().map(|route| (*route, Ok(self.server.clone())));
        nodes.insert(self.id, servers.collect());
        Ok(nodes)
    }

    async fn run_client(
        &self,
        client: NodeId,
        route: Route,
        command: &[String],
        started: ClientStarted<'_>,
        output: Output<'_>,
    ) -> Result<ClientExit, Failure> {
        self.clients.run_client(client, route, command, started, output).await
    }

    async fn read_server(
        &self,
        _server: NodeId,
        _route: Route,
        _lines: ServerLines<'_>,
    ) -> Result<(), Failure> {
        Err(Failure::new(FailureKind::Engine, "cannot read the output of an external server"))
    }

    async fn restore(&self, node: NodeId, reason: RestoreReason) -> RestoreOutcome {
        self.clients.restore(node, reason).await
    }

    fn take_notes(&self) -> Vec<Note> {
        self.clients.take_notes()
    }

    async fn stop(&self) -> Result<(), TestbedError> {
        self.clients.stop().await
    }
}
