//! The part of a run in one cluster: its namespace, its nodes, and how clients are started there.

use std::time::Duration;

use k8s_openapi::api::core::v1::Node;
use kubectl_netbench::check::{ClusterSnapshot, Item, Level, Topic, check};
use kubectl_netbench::cluster::Cluster;
use kubectl_netbench::document;
use kubectl_netbench::explanation::Explanation;
use kubectl_netbench::options::{ClientMode, Path, Route};
use kubectl_netbench::plan::Test;
use kubectl_netbench::sanitize;
use kubectl_netbench::testbed::kubernetes::{
    self, Choice, Chosen, Depth, DryRunScope, DryRuns, KubernetesTestbed, Needs, Role, START_LIMIT, Scope,
    manifests,
};

use super::{Layout, Measuring, Setup};
use crate::commands::Error;
use crate::commands::request::{Request, client_mode};

/// When servers that stay end by themselves, should nobody remove them.
const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// The part of a run in one cluster.
pub(super) struct Place {
    pub session: String,
    scope: Scope,
    client_mode: ClientMode,
    nodes: Vec<Chosen>,
    role: Role,
    routes: Vec<Route>,
    /// Whether its servers stay.
    pub stays: bool,
    /// Whether all of them have stayed already.
    was_kept: bool,
}

impl Place {
    pub async fn new(
        request: &Request,
        cluster: &Cluster,
        session: String,
        role: Role,
        routes: Vec<Route>,
        nodes: Vec<Chosen>,
    ) -> Self {
        let placement = &request.placement;
        let host_network = routes.iter().any(|route| route.path.is_on_host_network());
        let given = request.connection.namespace.clone();
        let kept =
            Scope::kept(given.clone(), host_network).with(&request.pods.objects, request.pods.network_policy);
        let own = Scope::new(&session, given, host_network)
            .with(&request.pods.objects, request.pods.network_policy);
        let owner = request.scheduled.as_ref().and_then(|scheduled| scheduled.owner.clone());
        let own = match owner {
            Some(owner) => own.owned_by(owner),
            None => own,
        };
        let mut place = Self {
            session,
            scope: own,
            client_mode: ClientMode::Exec,
            nodes,
            role,
            routes,
            stays: placement.keep,
            was_kept: false,
        };
        // a policy goes with its run: servers that stay have none
        if !request.target.dry_run && !request.pods.network_policy {
            let settings = place.settings(request, Duration::ZERO);
            place.was_kept = kubernetes::has_kept(cluster, &kept, &settings, &place.nodes).await
                && place.may_use_kept(request, cluster).await;
        }
        if place.was_kept {
            let namespace = kept.namespace();
            request.console.remark(&format!("using the servers that stayed in the namespace {namespace}"));
            place.stays = true;
        }
        if place.stays {
            place.scope = kept;
        }
        place.client_mode = match client_mode(placement.via, request.command) {
            // a dry run cannot ask, and assumes that exec is allowed
            ClientMode::Auto if request.target.dry_run => ClientMode::Exec,
            ClientMode::Auto => kubernetes::choose_client_mode(cluster, &place.scope.namespace()).await,
            mode => mode,
        };
        place
    }

    /// Whether this user may use servers that stayed: they may be those of somebody with more rights.
    async fn may_use_kept(&self, request: &Request, cluster: &Cluster) -> bool {
        let mut needs = self.needs(request, client_mode(request.placement.via, request.command));
        needs.settings.keep = true;
        let facts = kubernetes::facts(cluster, &needs, Depth::Start).await;
        let choice = Choice { chosen: self.nodes.clone(), left_out: Vec::new() };
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

    /// Looks whether the run can begin here, and tells what may stand in its way. Where servers have
    /// stayed, it can.
    pub async fn check(
        &self,
        request: &Request,
        cluster: &Cluster,
        version: Option<&str>,
        nodes: &[Node],
        choice: &Choice,
    ) -> Result<(), Error> {
        if self.was_kept {
            return Ok(());
        }
        let needs = self.needs(request, self.client_mode);
        let (facts, dry_runs) = tokio::join!(
            kubernetes::facts(cluster, &needs, Depth::Start),
            kubernetes::dry_runs(cluster, &needs, &choice.chosen, DryRunScope::Servers),
        );
        let context = cluster.context.as_deref();
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
        // one of two clusters is named
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

    pub fn setup(&self, request: &Request, layout: Layout, names: Vec<String>) -> Setup {
        let (per_slot, grace) = match self.client_mode {
            ClientMode::Job => (Duration::from_millis(1500), Duration::from_secs(75)),
            ClientMode::Auto | ClientMode::Exec | ClientMode::Process => {
                (Duration::from_millis(200), Duration::from_secs(15))
            }
        };
        Setup {
            routes: self.routes.clone(),
            client_mode: self.client_mode,
            processes: request.processes(),
            layout,
            names,
            startup: if self.was_kept { Duration::from_millis(200) } else { Duration::from_secs(3) },
            per_slot,
            grace,
        }
    }

    pub fn describe(&self, cluster: &Cluster) -> document::Cluster {
        let context = cluster.context.as_deref().map(sanitize::line);
        document::Cluster { context, namespace: self.scope.namespace() }
    }

    /// The settings of a run whose measuring takes no longer than `longest`.
    fn settings(&self, request: &Request, longest: Duration) -> kubernetes::Settings {
        let client = u64::from(request.measurement.time_seconds + request.measurement.omit_seconds);
        kubernetes::Settings {
            session: self.session.clone(),
            keep: self.stays,
            image: request.placement.image().to_owned(),
            processes: request.processes(),
            routes: self.routes.clone(),
            protocol: request.measurement.protocol,
            role: self.role,
            options: request.pods.clone(),
            // long enough for the slowest start, and for slots that take all the time they may
            server_deadline: START_LIMIT + longest + Duration::from_secs(60),
            kept_deadline: KEPT_FOR,
            client_deadline: Duration::from_secs(client + 60),
        }
    }

    pub fn testbed(self, request: &Request, cluster: Cluster, measuring: &Measuring) -> KubernetesTestbed {
        let settings = self.settings(request, measuring.longest());
        KubernetesTestbed::new(cluster, self.nodes, settings, self.scope, self.client_mode)
    }

    /// The objects of the run, as YAML.
    pub fn manifests(&self, request: &Request, measuring: &Measuring) -> String {
        let settings = self.settings(request, measuring.longest());
        let clients: Vec<(usize, usize, Vec<String>)> = match self.client_mode {
            ClientMode::Auto | ClientMode::Exec | ClientMode::Process => Vec::new(),
            ClientMode::Job => {
                let tests = measuring.plan.slots().flat_map(|slot| slot.tests);
                let settings = &measuring.settings;
                let client = |test: Test| {
                    let server = &settings.nodes[test.server];
                    let route = settings.route(test);
                    let (host, port) = match (&request.placement.to, route.path) {
                        (Some(to), _) => (to.host.clone(), to.port),
                        (None, Path::NodePort) => {
                            (format!("<address of {server}; -p is its node port>"), None)
                        }
                        (None, _) => (format!("<address of the server on {server}>"), None),
                    };
                    let (route, command) = settings.command(test, &host, port);
                    (test.client, route, command)
                };
                tests.map(client).collect()
            }
        };
        manifests(&settings, &self.scope, &self.nodes, &clients)
    }
}
