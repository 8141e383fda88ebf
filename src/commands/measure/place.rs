//! The part of a run in one cluster: its namespace, its nodes, and how clients start there.

use std::time::Duration;

use k8s_openapi::api::core::v1::Node;
use kubectl_netbench::check::{ClusterSnapshot, Item, Level, Topic, check};
use kubectl_netbench::cluster::Cluster;
use kubectl_netbench::document::{self, NodeId};
use kubectl_netbench::explanation::Explanation;
use kubectl_netbench::options::{ClientMode, Path, Route};
use kubectl_netbench::plan::{Test, Variant};
use kubectl_netbench::sanitize;
use kubectl_netbench::testbed::kubernetes::{
    self, Choice, Chosen, Depth, DryRunScope, DryRuns, KubernetesTestbed, Needs, Role, Scope, StartLimits,
    manifests,
};

use super::plan::Planned;
use super::request::{Request, client_mode};
use super::resolve::{Removal, Timing};
use crate::commands::Error;

/// When kept servers end by themselves, in case they are never deleted.
const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a client may run as a Job beyond the duration of its test: most of it is for the start of its pod.
const JOB_GRACE: Duration = Duration::from_secs(75);

/// The part of a run in one cluster.
pub struct Place {
    /// The id of the run here.
    pub id: String,
    cluster: Cluster,
    scope: Scope,
    pub client_mode: ClientMode,
    nodes: Vec<Chosen>,
    role: Role,
    routes: Vec<Route>,
    /// Whether its servers stay after the run.
    keeps: bool,
    /// Whether all of its servers were kept by an earlier run.
    reuses: bool,
}

impl Place {
    pub async fn new(
        request: &Request,
        cluster: Cluster,
        id: String,
        role: Role,
        routes: Vec<Route>,
        nodes: Vec<Chosen>,
    ) -> Self {
        let placement = &request.placement;
        let given = request.connection.namespace.clone();
        let pods = &request.pods;
        let level = pods.pod_security_level(routes.iter().any(|route| route.path.is_on_host_network()));
        let with_options = |scope: Scope| scope.with(&pods.objects, pods.network_policy).enforcing(level);
        let kept = with_options(Scope::kept(given.clone()));
        let own = with_options(Scope::new(&id, given));
        let owner = request.scheduled.as_ref().and_then(|scheduled| scheduled.owner.clone());
        let own = match owner {
            Some(owner) => own.owned_by(owner),
            None => own,
        };
        let mut place = Self {
            id,
            cluster,
            scope: own,
            client_mode: ClientMode::Exec,
            nodes,
            role,
            routes,
            keeps: placement.keep,
            reuses: false,
        };
        // kept servers have no network policy: it would be deleted with the run
        if !request.target.dry_run && !pods.network_policy {
            let settings = place.settings(request, Duration::ZERO);
            place.reuses = kubernetes::has_kept(&place.cluster, &kept, &settings, &place.nodes).await
                && place.may_use_kept(request).await;
        }
        if place.reuses {
            let namespace = kept.namespace();
            request.console.remark(&format!("using kept servers in namespace {namespace}"));
            place.keeps = true;
        }
        if place.keeps {
            place.scope = kept;
        }
        place.client_mode = match client_mode(placement.via, request.command) {
            // a dry run creates nothing to ask about, and assumes that exec is allowed
            ClientMode::Auto if request.target.dry_run => ClientMode::Exec,
            ClientMode::Auto => {
                kubernetes::choose_client_mode(&place.cluster, &place.scope.namespace()).await
            }
            mode => mode,
        };
        place
    }

    /// Whether this user has the permissions to use kept servers: a user with more permissions may have created them.
    async fn may_use_kept(&self, request: &Request) -> bool {
        let mut needs = self.needs(request, client_mode(request.placement.via, request.command));
        needs.settings.keep = true;
        let facts = kubernetes::facts(&self.cluster, &needs, Depth::Start).await;
        let choice = Choice { chosen: self.nodes.clone(), skipped_nodes: Vec::new() };
        let snapshot = ClusterSnapshot {
            context: None,
            version: None,
            nodes: &[],
            choice: &choice,
            selection_error: None,
            facts: &facts,
            dry_runs: &DryRuns::default(),
        };
        let is_missing = |item: &Item| item.topic == Topic::Permissions && item.level == Level::Problem;
        !check(&needs, &snapshot).items.iter().any(is_missing)
    }

    /// What the run needs here.
    fn needs(&self, request: &Request, client_mode: ClientMode) -> Needs {
        Needs {
            settings: self.settings(request, Duration::ZERO),
            given: request.connection.namespace.clone(),
            client_mode,
            to: request.placement.to.as_ref().map(|to| {
                let default = || request.processes().throughput.engine.capabilities().default_port;
                (to.host.clone(), to.port.unwrap_or_else(default))
            }),
            claim: request.claim_to_reach().filter(|_| self.role != Role::Servers).map(str::to_owned),
        }
    }

    /// Checks whether the run can start here, and prints what may prevent it. Kept servers are not checked.
    ///
    /// # Errors
    /// The run cannot start.
    pub async fn check(
        &self,
        request: &Request,
        version: Option<&str>,
        nodes: &[Node],
        choice: &Choice,
    ) -> Result<(), Error> {
        if self.reuses {
            return Ok(());
        }
        let needs = self.needs(request, self.client_mode);
        let (facts, dry_runs) = tokio::join!(
            kubernetes::facts(&self.cluster, &needs, Depth::Start),
            kubernetes::dry_runs(&self.cluster, &needs, &choice.chosen, DryRunScope::Servers),
        );
        let context = self.cluster.context.as_deref();
        let snapshot = ClusterSnapshot {
            context,
            version,
            nodes,
            choice,
            selection_error: None,
            facts: &facts,
            dry_runs: &dry_runs,
        };
        let report = check(&needs, &snapshot);
        // of two clusters, name the one that this is about
        let context = context.filter(|_| request.server.is_some());
        if let Some(explanation) = report.error(request.namespace_flag) {
            let place = context
                .map_or(String::new(), |context| format!(", in the context {}", sanitize::line(context)));
            let error = explanation.error + &place;
            return Err(Error::Obstacles(Explanation { error, ..explanation }));
        }
        for remark in report.remarks() {
            let place = context.map_or(String::new(), |context| format!("{}: ", sanitize::line(context)));
            request.console.remark(&format!("{place}{remark}"));
        }
        Ok(())
    }

    pub fn timing(&self) -> Timing {
        let (per_slot, grace) = match self.client_mode {
            ClientMode::Job => (Duration::from_millis(1500), JOB_GRACE),
            // Jobs may replace exec
            ClientMode::Auto => (Duration::from_millis(200), JOB_GRACE),
            ClientMode::Exec | ClientMode::Process => (Duration::from_millis(200), Duration::from_secs(15)),
        };
        let startup = if self.reuses { Duration::from_millis(200) } else { Duration::from_secs(3) };
        Timing { startup, per_slot, grace }
    }

    /// The cluster in the document.
    pub fn describe(&self) -> document::Cluster {
        let context = self.cluster.context.as_deref().map(sanitize::line);
        document::Cluster { context, namespace: self.scope.namespace() }
    }

    /// The settings of a run whose tests take no longer than `longest`.
    fn settings(&self, request: &Request, longest: Duration) -> kubernetes::Settings {
        let client = u64::from(request.measurement.time_seconds + request.measurement.omit_seconds);
        kubernetes::Settings {
            session: self.id.clone(),
            keep: self.keeps,
            image: request.placement.image().to_owned(),
            processes: request.processes(),
            routes: self.routes.clone(),
            protocol: request.measurement.protocol,
            role: self.role,
            options: request.pods.clone(),
            // the slowest start, then the longest that all slots may take
            server_deadline: StartLimits::with(request.pods.start_timeout()).pull
                + longest
                + Duration::from_secs(60),
            kept_deadline: KEPT_FOR,
            client_deadline: Duration::from_secs(client + 60),
        }
    }

    pub fn into_testbed(self, request: &Request, planned: &Planned) -> (KubernetesTestbed, Removal) {
        let settings = self.settings(request, planned.longest());
        let testbed =
            KubernetesTestbed::new(self.cluster, self.nodes, settings, self.scope, self.client_mode);
        let removal = Removal { command: testbed.removal_command(), stays: self.keeps };
        (testbed, removal)
    }

    /// The objects of the run here, as YAML.
    pub fn manifests(&self, request: &Request, planned: &Planned) -> String {
        let settings = self.settings(request, planned.longest());
        let clients: Vec<(NodeId, Route, Vec<String>)> = match self.client_mode {
            ClientMode::Auto | ClientMode::Exec | ClientMode::Process => Vec::new(),
            ClientMode::Job => {
                let tests = planned.plan.slots().flat_map(|slot| slot.tests);
                let settings = &planned.settings;
                let client = |test: Test| {
                    let Test { client, server, variant: Variant { route, .. }, .. } = test;
                    let (host, port) = match (&request.placement.to, route.path) {
                        (Some(to), _) => (to.host.clone(), to.port),
                        (None, Path::NodePort) => {
                            (format!("<address of {server}; -p is its node port>"), None)
                        }
                        (None, _) => (format!("<address of the server on {server}>"), None),
                    };
                    (client, route, settings.command(test, &host, port))
                };
                tests.map(client).collect()
            }
        };
        manifests(&settings, &self.scope, &self.nodes, &clients)
    }
}
