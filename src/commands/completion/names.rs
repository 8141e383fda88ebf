//! Asks clusters, kubeconfigs and the saved runs for names.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::time::Duration;

use kubectl_netbench::cli::Asked;
use kubectl_netbench::cluster::{self, Cluster, ConnectionOptions, Environment, RequestError};
use kubectl_netbench::completion::{Kind, Name};
use kubectl_netbench::schedule::{ExistingSchedule, Schedules};
use kubectl_netbench::store::Store;
use tokio::runtime::Handle;

use crate::commands::Surroundings;

/// How long somebody who has pressed TAB may have to wait for a cluster.
const PATIENCE: Duration = Duration::from_millis(700);

/// A label that has another value on each node.
const HOSTNAME: &str = "kubernetes.io/hostname";

/// Where names are asked for.
pub(super) struct Names {
    asked: Asked,
    environment: Environment,
    store: Option<Store>,
    runtime: Handle,
}

impl Names {
    /// For this command line. No login may ask anybody anything.
    pub fn new(words: &[OsString], surroundings: &Surroundings, runtime: Handle) -> Self {
        // who presses TAB is not told what is wrong with a file
        let settings = |given: &ConnectionOptions| surroundings.settings(given).unwrap_or_default();
        let mut asked = Asked::of(words, &settings(&ConnectionOptions::default()).connection());
        asked.namespace = asked.namespace.or_else(|| {
            let settings = settings(&asked.cluster);
            settings.of("namespace").and_then(|setting| setting.values.first().cloned())
        });
        Self {
            asked,
            environment: Environment { interactive: false, ..surroundings.environment.clone() },
            store: surroundings.store.clone(),
            runtime,
        }
    }

    /// The names of a kind; none if they cannot be had.
    pub fn of(&self, kind: Kind) -> Vec<Name> {
        let here = &self.asked.cluster;
        let there = self.asked.server.as_ref().unwrap_or(here);
        match kind {
            Kind::Node => self.nodes(here),
            Kind::ServerNode => self.nodes(there),
            Kind::NodeLabel => self.labels(here),
            Kind::Namespace => self.ask(here, Cluster::namespaces).into_iter().map(name).collect(),
            Kind::Context => self.contexts(here),
            Kind::ServerContext => self.contexts(there),
            Kind::Cluster => self.kubeconfig(here).clusters.into_iter().map(name).collect(),
            Kind::User => self.kubeconfig(here).users.into_iter().map(name).collect(),
            Kind::Run => self.runs(),
            Kind::Schedule => self.ask(here, async |cluster| self.schedules(cluster).await),
            Kind::Claim => self.ask(here, async |cluster| self.claims(cluster).await),
            Kind::Place => self.ask(here, async |cluster| self.places(cluster).await),
        }
    }

    fn nodes(&self, options: &ConnectionOptions) -> Vec<Name> {
        let nodes = self.ask(options, Cluster::node_labels).into_iter();
        let zone = "topology.kubernetes.io/zone";
        nodes.map(|(value, mut labels)| Name { value, help: labels.remove(zone) }).collect()
    }

    fn labels(&self, options: &ConnectionOptions) -> Vec<Name> {
        let nodes = self.ask(options, Cluster::node_labels).into_iter();
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
            let place = entry.context.map_or(String::new(), |context| format!(", {context}"));
            let help = format!("{:.0}, {} nodes{place}", entry.started_at, entry.nodes);
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

    /// Who may list one of the two only is told of those.
    async fn places(&self, cluster: &Cluster) -> Result<Vec<Name>, RequestError> {
        let (schedules, claims) = tokio::join!(self.schedules(cluster), self.claims(cluster));
        Ok([schedules, claims].into_iter().filter_map(Result::ok).flatten().collect())
    }

    fn namespace<'a>(&'a self, cluster: &'a Cluster) -> &'a str {
        self.asked.namespace.as_deref().unwrap_or(cluster.default_namespace())
    }

    fn kubeconfig(&self, options: &ConnectionOptions) -> cluster::KubeconfigNames {
        cluster::names(options, &self.environment).unwrap_or_default()
    }

    /// Asks a cluster, for as long as there is patience.
    fn ask<T: Default>(
        &self,
        options: &ConnectionOptions,
        question: impl AsyncFnOnce(&Cluster) -> Result<T, RequestError>,
    ) -> T {
        let answer = async {
            let cluster = cluster::connect(options, &self.environment).await.ok()?;
            question(&cluster).await.ok()
        };
        self.runtime
            .block_on(async { tokio::time::timeout(PATIENCE, answer).await })
            .ok()
            .flatten()
            .unwrap_or_default()
    }
}

fn name(value: String) -> Name {
    Name { value, help: None }
}
