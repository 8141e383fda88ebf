//! A client in one cluster and a server in another (`--server-context`).

use async_trait::async_trait;

use super::kubernetes::KubernetesTestbed;
use super::{NodeServers, Output, Restored, ServerLines, StartProgress, Testbed, TestbedError, Trouble};
use crate::document::Failure;
use crate::engine::ClientExit;

/// Two nodes: the first in the client's cluster, the second in the server's.
pub struct TwoClusters {
    client: KubernetesTestbed,
    server: KubernetesTestbed,
}

impl TwoClusters {
    /// Combines two testbeds of one node each.
    pub fn new(client: KubernetesTestbed, server: KubernetesTestbed) -> Self {
        Self { client, server }
    }
}

#[async_trait]
impl Testbed for TwoClusters {
    async fn start(&self, progress: StartProgress<'_>) -> Result<Vec<NodeServers>, TestbedError> {
        let of_server = |_node: usize, starting: super::Starting| progress(1, starting);
        let (client, server) = tokio::join!(self.client.start(progress), self.server.start(&of_server));
        Ok(client?.into_iter().chain(server?).collect())
    }

    async fn run_client(
        &self,
        client: usize,
        route: usize,
        command: &[String],
        output: Output<'_>,
    ) -> Result<ClientExit, Failure> {
        self.client.run_client(client, route, command, output).await
    }

    async fn read_server(&self, _server: usize, route: usize, lines: ServerLines<'_>) -> Result<(), Failure> {
        self.server.read_server(0, route, lines).await
    }

    async fn restore(&self, node: usize, trouble: Trouble) -> Restored {
        let testbed = if node == 0 { &self.client } else { &self.server };
        testbed.restore(0, trouble).await
    }

    async fn stop(&self) -> Result<(), TestbedError> {
        // both are stopped, even if one of them fails
        let (client, server) = tokio::join!(self.client.stop(), self.server.stop());
        client.and(server)
    }
}
