//! The permissions that a run needs in a cluster. Pure.
//!
//! This table is the only one: `check` verifies its rules, and `check --rbac` prints them. Every request that
//! the testbed sends must be in it.

use crate::options::{ClientMode, PodSecurityLevel};
use crate::testbed::kubernetes::objects::{self, Role, Settings, scope_name};

/// What a run needs in a cluster.
#[derive(Debug, Clone)]
pub struct Needs {
    /// The settings of the run's objects.
    pub settings: Settings,
    /// The given namespace; none for a namespace of the run's own.
    pub given: Option<String>,
    /// How clients are started: `Auto` where exec is preferred and Jobs are the fallback.
    pub client_mode: ClientMode,
    /// The host and port of a server outside of the cluster, if clients measure against one.
    pub to: Option<(String, u16)>,
    /// The PersistentVolumeClaim that the run document is written to through a pod, if any.
    pub claim: Option<String>,
}

impl Needs {
    /// The namespace of all objects.
    pub fn namespace(&self) -> String {
        self.given.clone().unwrap_or_else(|| scope_name(self.settings.run()))
    }

    /// Whether the servers have Services.
    pub fn has_services(&self) -> bool {
        self.settings.role != Role::Clients
            && self.settings.routes.iter().any(|route| route.path.has_service())
    }
}

/// Where a permission is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// In the whole cluster.
    Cluster,
    /// In the namespace of the run.
    Namespace,
}

/// What depends on a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Necessity {
    /// The run is impossible without it.
    Required,
    /// The run is possible without it, with this disadvantage.
    Optional(&'static str),
    /// Needed if clients cannot be started by exec.
    InsteadOfExec,
}

/// A permission: verbs on a kind of object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The resource in the notation of RBAC rules: `pods`, `pods/exec`.
    pub resource: &'static str,
    /// The verbs.
    pub verbs: &'static [&'static str],
    /// Where it is needed.
    pub reach: Reach,
    /// What depends on it.
    pub necessity: Necessity,
    /// What the run needs it for, after "for".
    pub purpose: &'static str,
}

impl Permission {
    const fn new(
        reach: Reach,
        resource: &'static str,
        verbs: &'static [&'static str],
        purpose: &'static str,
    ) -> Self {
        Self { group: "", resource, verbs, reach, necessity: Necessity::Required, purpose }
    }

    const fn of_group(self, group: &'static str) -> Self {
        Self { group, ..self }
    }

    const fn otherwise(self, lost: &'static str) -> Self {
        self.with(Necessity::Optional(lost))
    }

    const fn with(self, necessity: Necessity) -> Self {
        Self { necessity, ..self }
    }

    /// The resource with its group, as `kubectl auth can-i` takes it: `jobs.batch`, `pods/exec`.
    pub fn name(&self) -> String {
        if self.group.is_empty() {
            self.resource.to_owned()
        } else {
            format!("{}.{}", self.resource, self.group)
        }
    }
}

/// What is lost without the permissions to delete objects one by one.
const SLOW_REMOVAL: &str = "deletion is left to the garbage collector, which may take a minute";

/// Needed before anything is created.
fn discovery() -> [Permission; 4] {
    use Reach::Cluster;
    [
        Permission::new(Cluster, "nodes", &["list"], "listing the nodes"),
        Permission::new(Cluster, "namespaces", &["list"], "detecting leftovers of killed runs")
            .otherwise("leftover namespaces of killed runs are not detected"),
        Permission::new(
            Cluster,
            "configmaps",
            &["list"],
            "detecting leftovers of killed runs with --namespace",
        )
        .otherwise("leftovers of killed runs with --namespace are not detected"),
        Permission::new(Cluster, "pods", &["list"], "distinguishing leftovers from runs in progress")
            .otherwise("leftovers of other users and machines are not detected"),
    ]
}

/// All permissions that a run with these needs uses.
pub fn required_permissions(needs: &Needs) -> Vec<Permission> {
    let parts = [scope(needs), servers(needs), services(needs), clients(needs), volume(needs)];
    discovery().into_iter().chain(parts.into_iter().flatten()).collect()
}

/// Those of the permissions that are marked as needed.
fn needed(permissions: impl IntoIterator<Item = (bool, Permission)>) -> Vec<Permission> {
    permissions.into_iter().filter_map(|(is_needed, permission)| is_needed.then_some(permission)).collect()
}

/// The namespace or the owner of the objects, and the `NetworkPolicy`.
fn scope(needs: &Needs) -> Vec<Permission> {
    use Reach::{Cluster, Namespace};
    let (keep, policy) = (needs.settings.keep, needs.settings.options.network_policy);
    let (given, own) = (needs.given.is_some(), needs.given.is_none());
    let policies = |verbs, purpose| {
        Permission::new(Namespace, "networkpolicies", verbs, purpose).of_group("networking.k8s.io")
    };
    needed([
        (own && !keep, Permission::new(Cluster, "namespaces", &["create", "delete"], "a namespace per run")),
        (
            own && !keep,
            Permission::new(
                Cluster,
                "namespaces",
                &["get"],
                "waiting until the namespace of the run is deleted",
            )
            .otherwise("the run ends before its namespace is deleted"),
        ),
        (
            own && keep,
            Permission::new(Cluster, "namespaces", &["create", "get"], "the namespace of kept servers"),
        ),
        (
            own && keep && needs.settings.pod_security() > PodSecurityLevel::Restricted,
            Permission::new(
                Cluster,
                "namespaces",
                &["patch"],
                "allowing host network pods in the namespace of kept servers",
            )
            .otherwise("servers on the host network cannot be added to kept servers on the pod network"),
        ),
        (
            given,
            Permission::new(
                Namespace,
                "configmaps",
                &["create", "get"],
                "the ConfigMap that owns all other objects",
            ),
        ),
        (
            given && !keep,
            Permission::new(
                Namespace,
                "configmaps",
                &["delete"],
                "deleting the ConfigMap and with it all other objects",
            ),
        ),
        (policy, policies(&["create"], "admitting only the run's own clients")),
        (
            policy && given,
            policies(&["delete"], "deleting NetworkPolicies immediately").otherwise(SLOW_REMOVAL),
        ),
    ])
}

fn servers(needs: &Needs) -> Vec<Permission> {
    use Reach::Namespace;
    let keep = needs.settings.keep;
    needed([
        (true, Permission::new(Namespace, "pods", &["create", "list", "watch", "delete"], "servers")),
        (keep, Permission::new(Namespace, "pods", &["get"], "reusing kept servers")),
        (
            !keep,
            Permission::new(Namespace, "pods", &["get"], "restoring a server that disappears")
                .otherwise("a server that disappears during the run is not restored"),
        ),
        (
            true,
            Permission::new(
                Namespace,
                "pods/log",
                &["get"],
                "checking that servers listen, and reading the output of client Jobs",
            ),
        ),
        (
            true,
            Permission::new(
                Namespace,
                "events",
                &["list"],
                "reporting why a pod does not start if its status has no reason",
            )
            .otherwise("the reason why a pod does not start may be missing"),
        ),
    ])
}

/// The Services in front of the servers.
fn services(needs: &Needs) -> Vec<Permission> {
    if !needs.has_services() {
        return Vec::new();
    }
    let (keep, given) = (needs.settings.keep, needs.given.is_some());
    let services = |verbs, purpose| Permission::new(Reach::Namespace, "services", verbs, purpose);
    needed([
        (true, services(&["create", "get"], "Services in front of servers")),
        (objects::needs_udp_node_port(&needs.settings), services(&["patch"], "a node port for UDP")),
        (
            keep,
            services(&["delete"], "replacing kept Services")
                .otherwise("Services that were kept for other paths block the run"),
        ),
        (true, services(&["list"], "reusing kept Services").otherwise("kept servers are not reused")),
        (given && !keep, services(&["delete"], "deleting Services immediately").otherwise(SLOW_REMOVAL)),
    ])
}

/// How much depends on the permission to exec; none if no client uses it.
fn exec_necessity(needs: &Needs) -> Option<Necessity> {
    match needs.client_mode {
        _ if needs.settings.role == Role::Servers => None,
        ClientMode::Exec => Some(Necessity::Required),
        ClientMode::Auto => Some(Necessity::Optional(
            "each test runs as a Job, which needs permissions on jobs and takes one to two seconds longer",
        )),
        ClientMode::Job | ClientMode::Process => None,
    }
}

fn clients(needs: &Needs) -> Vec<Permission> {
    let job = match needs.client_mode {
        _ if needs.settings.role == Role::Servers => None,
        ClientMode::Exec | ClientMode::Process => None,
        ClientMode::Auto => Some(Necessity::InsteadOfExec),
        ClientMode::Job => Some(Necessity::Required),
    };
    let jobs = Permission::new(Reach::Namespace, "jobs", &["create", "delete"], "clients").of_group("batch");
    // a WebSocket is opened with GET, which older servers check as `get` and newer ones as `create`
    let exec = Permission::new(Reach::Namespace, "pods/exec", &["get", "create"], "clients");
    let exec = exec_necessity(needs).map(|necessity| exec.with(necessity));
    exec.into_iter().chain(job.map(|necessity| jobs.with(necessity))).collect()
}

/// Writing the run document to a volume; with exec unless clients require it anyway.
fn volume(needs: &Needs) -> Vec<Permission> {
    if needs.claim.is_none() {
        return Vec::new();
    }
    let purpose = "checking the volume at the start";
    let look = Permission::new(Reach::Namespace, "persistentvolumeclaims", &["get"], purpose)
        .otherwise("a missing volume is only detected at the end");
    let write = Permission::new(Reach::Namespace, "pods/exec", &["get", "create"], "writing to the volume");
    needed([(true, look), (exec_necessity(needs) != Some(Necessity::Required), write)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Path, Protocol};
    use crate::testbed::kubernetes::objects::fixtures::{needs, over, settings};

    fn table(needs: &Needs) -> Vec<String> {
        let row = |permission: &Permission| {
            let necessity = match permission.necessity {
                Necessity::Required => "",
                Necessity::Optional(_) => "?",
                Necessity::InsteadOfExec => "else",
            };
            format!("{:?} {} {} {necessity}", permission.reach, permission.name(), permission.verbs.join(","))
        };
        required_permissions(needs).iter().map(|permission| row(permission).trim_end().to_owned()).collect()
    }

    #[test]
    fn permissions_of_a_matrix_in_its_own_namespace() {
        insta::assert_debug_snapshot!(table(&needs(settings(), None, ClientMode::Auto)));
    }

    #[test]
    fn permissions_of_jobs_and_udp_node_ports_in_a_given_namespace() {
        let routes = over(&[Path::Pod, Path::NodePort]);
        let settings = Settings { routes, protocol: Protocol::Udp, ..settings() };
        insta::assert_debug_snapshot!(table(&needs(settings, Some("team-a"), ClientMode::Job)));
    }

    #[test]
    fn servers_alone_need_no_permissions_for_clients() {
        let settings = Settings { role: Role::Servers, ..settings() };
        let table = table(&needs(settings, None, ClientMode::Job));
        assert!(!table.iter().any(|row| row.contains("jobs") || row.contains("exec")), "{table:?}");
    }

    #[test]
    fn volume_needs_exec_once_however_clients_are_started() {
        for clients in [ClientMode::Exec, ClientMode::Job] {
            let needs =
                Needs { claim: Some("results".to_owned()), ..needs(settings(), Some("team-a"), clients) };
            let table = table(&needs);
            let exec = table.iter().filter(|row| row.as_str() == "Namespace pods/exec get,create").count();
            assert_eq!(exec, 1, "{table:?}");
        }
    }

    #[test]
    fn permissions_of_kept_servers_on_the_host_network() {
        let settings = Settings { routes: over(&[Path::Host]), keep: true, ..settings() };
        insta::assert_debug_snapshot!(table(&needs(settings, None, ClientMode::Exec)));
    }
}
