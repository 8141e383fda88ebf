//! Queries clusters, kubeconfigs and the saved runs for names.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::time::Duration;

use kubectl_netbench::cli::PartialLine;
use kubectl_netbench::cluster::{self, Cluster, ConnectionOptions, Environment, RequestError};
use kubectl_netbench::completion::{Kind, Name};
use kubectl_netbench::recurring::schedule::{ExistingSchedule, Schedules};
use kubectl_netbench::store::Store;
use tokio::runtime::Handle;

use crate::commands::ProgramContext;

/// Time limit of a query to a cluster, while the user waits for a completion.
const QUERY_LIMIT: Duration = Duration::from_millis(700);

/// Not completed: its value is unique to each node.
const HOSTNAME: &str = "kubernetes.io/hostname";

/// Queries names for a command line.
pub(super) struct Names {
    asked: PartialLine,
    environment: Environment,
    store: Option<Store>,
    runtime: Handle,
}

impl Names {
    /// `words` is the command line. Logins must not prompt.
    pub fn new(words: &[OsString], program: &ProgramContext, runtime: Handle) -> Self {
        // errors of the settings file are not reported during completion
        let settings = |given: &ConnectionOptions| program.settings(given).unwrap_or_default();
        let mut asked = PartialLine::parse(words, &settings(&ConnectionOptions::default()).connection());
        asked.namespace = asked.namespace.or_else(|| {
            let settings = settings(&asked.cluster);
            settings.of("namespace").and_then(|setting| setting.values.first().cloned())
        });
        Self {
            asked,
            environment: Environment { terminal: None, ..program.environment.clone() },
            store: program.store.clone(),
            runtime,
        }
    }

    /// The names of a kind; empty if they cannot be queried.
    pub fn list(&self, kind: Kind) -> Vec<Name> {
        let here = &self.asked.cluster;
        let there = self.asked.server.as_ref().unwrap_or(here);
        match kind {
            Kind::Node => self.nodes(here),
            Kind::ServerNode => self.nodes(there),
            Kind::NodeLabel => self.labels(here),
            Kind::Namespace => self.query(here, Cluster::namespaces).into_iter().map(name).collect(),
            Kind::Context => self.contexts(here),
            Kind::ServerContext => self.contexts(there),
            Kind::Cluster => self.kubeconfig(here).clusters.into_iter().map(name).collect(),
            Kind::User => self.kubeconfig(here).users.into_iter().map(name).collect(),
            Kind::Run => self.runs(),
            Kind::Schedule => self.query(here, async |cluster| self.schedules(cluster).await),
            Kind::Claim => self.query(here, async |cluster| self.claims(cluster).await),
            Kind::RunSource => self.query(here, async |cluster| self.run_sources(cluster).await),
        }
    }

    fn nodes(&self, options: &ConnectionOptions) -> Vec<Name> {
        let nodes = self.query(options, Cluster::node_labels).into_iter();
        let zone = "topology.kubernetes.io/zone";
        nodes.map(|(value, mut labels)| Name { value, help: labels.remove(zone) }).collect()
    }

    fn labels(&self, options: &ConnectionOptions) -> Vec<Name> {
        let nodes = self.query(options, Cluster::node_labels).into_iter();
        let labels = nodes.flat_map(|(_, labels)| labels).filter(|(key, _)| key != HOSTNAME);
        let labels: BTreeSet<String> = labels.map(|(key, value)| format!("{key}={value}")).collect();
        labels.into_iter().map(name).collect()
    }

    fn contexts(&self, options: &ConnectionOptions) -> Vec<Name> {
        let contexts = self.kubeconfig(options).contexts.into_iter();
        contexts.map(|(value, help)| Name { value, help }).collect()
    }

    fn runs(&self) -> Vec<Name> {
        let entries = self.store.as_ref().and_then(|store| store.list().ok()).unwrap_or_default();
        let newest = (!entries.is_empty()).then(|| name("latest".to_owned()));
        let entries = entries.into_iter().map(|entry| {
            let context = entry.context.map_or(String::new(), |context| format!(", {context}"));
            let help = format!("{:.0}, {} nodes{context}", entry.started_at, entry.nodes);
            Name { value: entry.id, help: Some(help) }
        });
        newest.into_iter().chain(entries).collect()
    }

    async fn schedules(&self, cluster: &Cluster) -> Result<Vec<Name>, RequestError> {
        let found = Schedules::discover(cluster).await?.all(Some(self.namespace(cluster))).await?;
        let name = |found: ExistingSchedule| Name { help: Some(found.cron()), value: found.id.name };
        Ok(found.into_iter().map(name).collect())
    }

    async fn claims(&self, cluster: &Cluster) -> Result<Vec<Name>, RequestError> {
        Ok(cluster.claims(self.namespace(cluster)).await?.into_iter().map(name).collect())
    }

    /// Users who may list only one of the two kinds get those.
    async fn run_sources(&self, cluster: &Cluster) -> Result<Vec<Name>, RequestError> {
        let (schedules, claims) = tokio::join!(self.schedules(cluster), self.claims(cluster));
        Ok([schedules, claims].into_iter().filter_map(Result::ok).flatten().collect())
    }

    fn namespace<'a>(&'a self, cluster: &'a Cluster) -> &'a str {
        self.asked.namespace.as_deref().unwrap_or(cluster.default_namespace())
    }

    fn kubeconfig(&self, options: &ConnectionOptions) -> cluster::KubeconfigNames {
        cluster::names(options, &self.environment).unwrap_or_default()
    }

    /// Queries a cluster. The default on errors and on timeout.
    fn query<T: Default>(
        &self,
        options: &ConnectionOptions,
        request: impl AsyncFnOnce(&Cluster) -> Result<T, RequestError>,
    ) -> T {
        let response = async {
            let cluster = cluster::connect(options, &self.environment).await.ok()?;
            request(&cluster).await.ok()
        };
        self.runtime
            .block_on(async { tokio::time::timeout(QUERY_LIMIT, response).await })
            .ok()
            .flatten()
            .unwrap_or_default()
    }
}

fn name(value: String) -> Name {
    Name { value, help: None }
}
