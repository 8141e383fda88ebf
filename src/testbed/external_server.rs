//! Clients in a testbed, and one external server (`--to`).

use async_trait::async_trait;

use super::{
    NodeServers, Output, Restored, Server, ServerLines, StartProgress, Testbed, TestbedError, Trouble,
    Unusable,
};
use crate::document::{Failure, FailureKind};
use crate::engine::ClientExit;

/// A testbed whose last node is an external server, which it does not start.
pub struct WithExternalServer {
    clients: Box<dyn Testbed>,
    server: Server,
    routes: usize,
}

impl WithExternalServer {
    /// The nodes of `clients`, followed by `server`, which is reached over each of `routes` routes.
    pub fn new(clients: Box<dyn Testbed>, server: Server, routes: usize) -> Self {
        Self { clients, server, routes }
    }
}

#[async_trait]
impl Testbed for WithExternalServer {
    async fn start(&self, progress: StartProgress<'_>) -> Result<Vec<NodeServers>, TestbedError> {
        let mut nodes = self.clients.start(progress).await?;
        let server: Result<Server, Unusable> = Ok(self.server.clone());
        nodes.push(vec![server; self.routes]);
        Ok(nodes)
    }

    async fn run_client(
        &self,
        client: usize,
        route: usize,
        command: &[String],
        output: Output<'_>,
    ) -> Result<ClientExit, Failure> {
        self.clients.run_client(client, route, command, output).await
    }

    async fn read_server(
        &self,
        _server: usize,
        _route: usize,
        _lines: ServerLines<'_>,
    ) -> Result<(), Failure> {
        Err(Failure::new(FailureKind::Engine, "cannot read the output of an external server"))
    }

    async fn restore(&self, node: usize, trouble: Trouble) -> Restored {
        self.clients.restore(node, trouble).await
    }

    async fn stop(&self) -> Result<(), TestbedError> {
        self.clients.stop().await
    }
}
