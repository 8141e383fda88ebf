//! A client in one cluster, and a server in another.

use async_trait::async_trait;

use super::kubernetes::KubernetesTestbed;
use super::{NodeServers, Output, Restored, ServerLines, StartProgress, Testbed, TestbedError, Trouble};
use crate::document::Failure;
use crate::engine::ClientExit;

/// Two nodes: the first is the only one of the first testbed, the second that of the other.
pub struct TwoClusters {
    client: KubernetesTestbed,
    server: KubernetesTestbed,
}

impl TwoClusters {
    /// Two testbeds of one node each.
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
        // both are tried, whatever comes of the other
        let (client, server) = tokio::join!(self.client.stop(), self.server.stop());
        client.and(server)
    }
}
