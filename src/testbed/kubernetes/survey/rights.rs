//! What a run does in a cluster, as the rights that this takes. Pure.
//!
//! This table is the only one: `check` asks for what is in it, and `check --rbac` prints it. Whoever
//! makes the testbed send a new request adds it here.

use crate::options::ClientMode;
use crate::testbed::kubernetes::objects::{self, Role, Settings, scope_name};

/// What a run needs of a cluster: what it will make there, where and how.
#[derive(Debug, Clone)]
pub struct Needs {
    /// What all objects of the run have in common.
    pub settings: Settings,
    /// The namespace that was given; none for one of the run's own.
    pub given: Option<String>,
    /// How clients are started: `Auto` where exec is preferred and Jobs are the fallback.
    pub client_mode: ClientMode,
    /// The server elsewhere that clients measure towards, and its port.
    pub to: Option<(String, u16)>,
    /// The PersistentVolumeClaim that the document is kept on through a pod; none for none.
    pub claim: Option<String>,
}

impl Needs {
    /// The namespace of all objects.
    pub fn namespace(&self) -> String {
        self.given.clone().unwrap_or_else(|| scope_name(self.settings.run()))
    }

    /// Whether there are Services in front of the servers.
    pub fn has_services(&self) -> bool {
        self.settings.role != Role::Clients
            && self.settings.routes.iter().any(|route| route.path.has_service())
    }
}

/// Where a right is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// In the whole cluster.
    Cluster,
    /// In the namespace of the run.
    Namespace,
}

/// How much depends on a right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Necessity {
    /// There is no run without it.
    Required,
    /// The run goes on without it; this is lost.
    Optional(&'static str),
    /// Needed where clients cannot be started by exec.
    InsteadOfExec,
}

/// What may be done with one kind of object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    /// The API group; empty for the core's.
    pub group: &'static str,
    /// The resource as rules name it: `pods`, `pods/exec`.
    pub resource: &'static str,
    /// The verbs.
    pub verbs: &'static [&'static str],
    /// Where.
    pub reach: Reach,
    /// What depends on it.
    pub necessity: Necessity,
    /// What the run needs it for.
    pub purpose: &'static str,
}

impl Right {
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

/// What is lost without the rights to remove things one by one.
const SLOW_REMOVAL: &str = "the removal is left to the cluster's garbage collector alone";

/// What a run finds out before it makes anything.
fn to_find_out() -> [Right; 4] {
    use Reach::Cluster;
    [
        Right::new(Cluster, "nodes", &["list"], "knowing the nodes"),
        Right::new(Cluster, "namespaces", &["list"], "noticing what a run that crashed has left")
            .otherwise("namespaces that crashed runs have left are not noticed"),
        Right::new(Cluster, "configmaps", &["list"], "noticing that in given namespaces as well")
            .otherwise("what crashed runs have left in given namespaces is not noticed"),
        Right::new(Cluster, "pods", &["list"], "telling what crashed runs have left from runs that go on")
            .otherwise("what runs of other users and machines have left is not noticed"),
    ]
}

/// All that a run with these needs does in a cluster.
pub fn rights(needs: &Needs) -> Vec<Right> {
    use Reach::{Cluster, Namespace};
    let settings = &needs.settings;
    let (given, own) = (needs.given.is_some(), needs.given.is_none());
    let (keep, services) = (settings.keep, needs.has_services());
    let udp_node_port = services && objects::needs_udp_node_port(settings);
    let has_clients = settings.role != Role::Servers;
    let exec = match needs.client_mode {
        _ if !has_clients => None,
        ClientMode::Exec => Some(Necessity::Required),
        ClientMode::Auto => Some(Necessity::Optional(
            "each test is a Job of its own, which takes rights on jobs and one to two seconds more",
        )),
        ClientMode::Job | ClientMode::Process => None,
    };
    let job = match needs.client_mode {
        _ if !has_clients => None,
        ClientMode::Exec | ClientMode::Process => None,
        ClientMode::Auto => Some(Necessity::InsteadOfExec),
        ClientMode::Job => Some(Necessity::Required),
    };
    let policy = settings.options.network_policy;
    let of_policies = |verbs, purpose| {
        Right::new(Namespace, "networkpolicies", verbs, purpose).of_group("networking.k8s.io")
    };
    let of_jobs = |verbs, purpose| Right::new(Namespace, "jobs", verbs, purpose).of_group("batch");
    let table = [
        // what holds the rest together
        (own && !keep, Right::new(Cluster, "namespaces", &["create", "delete"], "a namespace for each run")),
        (
            own && !keep,
            Right::new(Cluster, "namespaces", &["get"], "waiting until that is gone")
                .otherwise("the run ends before its namespace is gone"),
        ),
        (
            own && keep,
            Right::new(Cluster, "namespaces", &["create", "get"], "the namespace of servers that stay"),
        ),
        (
            own && keep && settings.host_network(),
            Right::new(Cluster, "namespaces", &["patch"], "letting the network of the nodes into it")
                .otherwise("servers that stay on the pod network cannot be joined by some on the nodes'"),
        ),
        (given, Right::new(Namespace, "configmaps", &["create", "get"], "the object that owns all else")),
        (given && !keep, Right::new(Namespace, "configmaps", &["delete"], "removing all that")),
        (policy, of_policies(&["create"], "letting only the run's own clients in")),
        (policy && given, of_policies(&["delete"], "removing that at once").otherwise(SLOW_REMOVAL)),
        // servers
        (true, Right::new(Namespace, "pods", &["create", "list", "watch", "delete"], "servers")),
        (keep, Right::new(Namespace, "pods", &["get"], "servers that stay")),
        (
            !keep,
            Right::new(Namespace, "pods", &["get"], "putting back a server that goes away")
                .otherwise("a server that goes away during the run is not put back"),
        ),
        (
            true,
            Right::new(Namespace, "pods/log", &["get"], "seeing whether servers listen, and clients by Job"),
        ),
        (
            true,
            Right::new(
                Namespace,
                "events",
                &["list"],
                "saying why a pod does not start, where its status is silent",
            )
            .otherwise("a pod that does not start may give no reason"),
        ),
        (services, Right::new(Namespace, "services", &["create", "get"], "Services in front of servers")),
        (udp_node_port, Right::new(Namespace, "services", &["patch"], "a node port for UDP")),
        (
            services && keep,
            Right::new(Namespace, "services", &["delete"], "replacing one that stayed")
                .otherwise("servers that stayed for other paths are in the route"),
        ),
        (
            services,
            Right::new(Namespace, "services", &["list"], "using those that stayed")
                .otherwise("servers that stayed are not used again"),
        ),
        (
            services && given && !keep,
            Right::new(Namespace, "services", &["delete"], "removing them at once").otherwise(SLOW_REMOVAL),
        ),
    ];
    let clients = [
        // a WebSocket is opened with GET, which older servers check as `get` and newer ones as `create`
        exec.map(|necessity| {
            Right::new(Namespace, "pods/exec", &["get", "create"], "clients").with(necessity)
        }),
        job.map(|necessity| of_jobs(&["create", "delete"], "clients").with(necessity)),
    ];
    let table = table.into_iter().filter_map(|(needed, right)| needed.then_some(right));
    let of_volume = needs.claim.iter().flat_map(|_| to_keep(exec != Some(Necessity::Required)));
    to_find_out().into_iter().chain(table).chain(clients.into_iter().flatten()).chain(of_volume).collect()
}

/// What keeping a document on a volume takes beside pods. `and_exec`: clients do not take exec already.
fn to_keep(and_exec: bool) -> Vec<Right> {
    let look = Right::new(
        Reach::Namespace,
        "persistentvolumeclaims",
        &["get"],
        "looking for the volume at the start",
    )
    .otherwise("that there is no such volume is noticed at the end");
    let write = Right::new(Reach::Namespace, "pods/exec", &["get", "create"], "writing to the volume");
    std::iter::once(look).chain(and_exec.then_some(write)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Path, Protocol};
    use crate::testbed::kubernetes::objects::fixtures::{needs, over, settings};

    fn table(needs: &Needs) -> Vec<String> {
        let row = |right: &Right| {
            let necessity = match right.necessity {
                Necessity::Required => "",
                Necessity::Optional(_) => "?",
                Necessity::InsteadOfExec => "else",
            };
            format!("{:?} {} {} {necessity}", right.reach, right.name(), right.verbs.join(","))
        };
        rights(needs).iter().map(|right| row(right).trim_end().to_owned()).collect()
    }

    #[test]
    fn a_matrix_in_a_namespace_of_its_own() {
        insta::assert_debug_snapshot!(table(&needs(settings(), None, ClientMode::Auto)));
    }

    #[test]
    fn jobs_and_services_for_udp_in_a_given_namespace() {
        let routes = over(&[Path::Pod, Path::NodePort]);
        let settings = Settings { routes, protocol: Protocol::Udp, ..settings() };
        insta::assert_debug_snapshot!(table(&needs(settings, Some("team-a"), ClientMode::Job)));
    }

    #[test]
    fn where_only_servers_are_no_client_needs_a_right() {
        let settings = Settings { role: Role::Servers, ..settings() };
        let table = table(&needs(settings, None, ClientMode::Job));
        assert!(!table.iter().any(|row| row.contains("jobs") || row.contains("exec")), "{table:?}");
    }

    #[test]
    fn a_volume_is_written_to_by_exec_however_clients_are_started() {
        for clients in [ClientMode::Exec, ClientMode::Job] {
            let needs =
                Needs { claim: Some("results".to_owned()), ..needs(settings(), Some("team-a"), clients) };
            let table = table(&needs);
            let exec = table.iter().filter(|row| row.as_str() == "Namespace pods/exec get,create").count();
            assert_eq!(exec, 1, "{table:?}");
        }
    }

    #[test]
    fn servers_that_stay_on_the_network_of_the_nodes() {
        let settings = Settings { routes: over(&[Path::Host]), keep: true, ..settings() };
        insta::assert_debug_snapshot!(table(&needs(settings, None, ClientMode::Exec)));
    }
}
