//! Whether a run can succeed in a cluster, and what is missing. Pure: from what the run needs and the state
//! of the cluster to a report, each item with its remedy.

mod admission;
mod host_ports;
mod namespace;
mod network_policies;
mod nodes;
mod permissions;
mod planned_objects;
mod quantity;
mod quota;
mod rbac;
mod remedy;
mod report;
mod selector;

pub use rbac::rbac_manifests;
pub use remedy::{ItemRemedy, NamespaceFlag};
pub use report::{Item, Level, Report, Topic};

use k8s_openapi::api::core::v1::Node;

use crate::cluster::RequestError;
use crate::document::Failure;
use crate::explanation::Explanation;
use crate::options::{ClientMode, DEFAULT_IMAGE, IMAGE_GUIDE};
use crate::testbed::kubernetes::{Choice, DryRuns, Facts, Known, Needs, Role, has_client_jobs};
use planned_objects::PlannedObjects;

/// The state of a cluster that a check looks at.
#[derive(Debug, Clone, Copy)]
pub struct ClusterSnapshot<'a> {
    /// The kubeconfig context.
    pub context: Option<&'a str>,
    /// The API server's version, if the user may read it.
    pub version: Option<&'a str>,
    /// The nodes; empty if the user may not list them.
    pub nodes: &'a [Node],
    /// Which of the nodes would be tested.
    pub choice: &'a Choice,
    /// Why the requested nodes cannot be tested.
    pub selection_error: Option<&'a Explanation>,
    /// Permissions and objects that affect a run.
    pub facts: &'a Facts,
    /// The responses to dry runs with objects of the run.
    pub dry_runs: &'a DryRuns,
}

/// Checks whether a run with these needs can succeed.
pub fn check(needs: &Needs, cluster: &ClusterSnapshot<'_>) -> Report {
    let planned = PlannedObjects::new(needs, cluster);
    let mut unchecked = Unchecked::default();
    let mut items = vec![cluster_item(cluster)];
    items.extend(nodes::check(needs, cluster));
    items.extend(planned.item(needs));
    items.extend(permissions::check(needs, cluster.facts, &mut unchecked));
    items.extend(exec_item(needs, cluster.facts));
    if let Some(given) = &cluster.facts.given {
        items.extend(namespace::check(needs, cluster, given, &mut unchecked));
    }
    items.extend(admission::check(needs, cluster, &mut unchecked));
    if let Some(given) = &cluster.facts.given {
        let quotas = unchecked.known_or_empty(&given.quotas);
        let is_rejected = items.iter().any(|item| item.topic == Topic::Quota);
        items.extend(quota::check(quotas, &planned, is_rejected));
        items.extend(network_policies::check(needs, cluster, given, &planned, &mut unchecked));
    }
    items.extend(host_ports::check(needs, cluster, &mut unchecked));
    items.push(image_item(needs, cluster.choice));
    items.extend(unchecked.item());
    Report::new(items, rbac::hint(needs))
}

fn cluster_item(cluster: &ClusterSnapshot<'_>) -> Item {
    let version = cluster.version.map_or("reachable".to_owned(), |version| format!("Kubernetes {version}"));
    let context = cluster.context.map_or(String::new(), |context| format!(", context {context}"));
    Item::ok(Topic::Cluster, version + &context)
}

/// Whether clients can run by exec, if they would.
fn exec_item(needs: &Needs, facts: &Facts) -> Option<Item> {
    if has_client_jobs(needs.client_mode, &facts.permissions) || needs.settings.role == Role::Servers {
        return None;
    }
    let is_requested = needs.client_mode == ClientMode::Exec;
    Some(match &facts.exec {
        None if is_requested => Item::ok(Topic::Exec, "whether exec works is known once a pod runs"),
        None => {
            Item::ok(Topic::Exec, "whether exec works is known once a pod runs; if not, clients run as Jobs")
        }
        Some(Ok(())) => Item::ok(Topic::Exec, "works in the kept servers"),
        Some(Err(Failure { reason, .. })) if is_requested => Item::problem(
            Topic::Exec,
            format!("fails in the kept servers: {reason}"),
            "omit --via exec, or set --via job",
        ),
        Some(Err(Failure { reason, .. })) => Item::warning(
            Topic::Exec,
            format!("fails in the kept servers: {reason}"),
            "clients will run as Jobs; set --via job to skip the attempt",
        ),
    })
}

fn image_item(needs: &Needs, choice: &Choice) -> Item {
    let image = &needs.settings.image;
    let reference = if image.contains("@sha256:") { "digest" } else { "tag" };
    let architectures = choice.chosen.iter().filter_map(|chosen| chosen.node.architecture.as_deref());
    // a node whose kubelet has never reported has none
    let mut architectures: Vec<&str> = architectures.filter(|name| !name.is_empty()).collect();
    architectures.sort_unstable();
    architectures.dedup();
    let platforms = match architectures.as_slice() {
        [_, _, ..] => format!("; must support {}", architectures.join(" and ")),
        _ => String::new(),
    };
    let guide = if image == DEFAULT_IMAGE {
        format!("; for nodes that cannot reach its registry: {IMAGE_GUIDE}")
    } else {
        String::new()
    };
    let found = format!(
        "{image}, referenced by {reference}{platforms}; image pull and iperf version are checked when the pods \
         start{guide}"
    );
    Item::ok(Topic::Image, found)
}

/// Collects what could not be checked.
#[derive(Debug, Default)]
struct Unchecked {
    /// The requests that the user is not permitted to make.
    forbidden: Vec<String>,
    /// The errors of other requests.
    failed: Vec<String>,
}

impl Unchecked {
    /// The objects; none if the request for them failed, which is recorded.
    fn known_or_empty<'a, T>(&mut self, known: &'a Known<Vec<T>>) -> &'a [T] {
        match known {
            Ok(objects) => objects,
            Err(error) => {
                self.add(error);
                &[]
            }
        }
    }

    fn add(&mut self, error: &RequestError) {
        if error.is_forbidden() {
            self.forbidden.push(error.operation.clone());
        } else {
            self.failed.push(format!("{error}: {}", error.why()));
        }
    }

    fn item(mut self) -> Option<Item> {
        let help = if self.failed.is_empty() {
            "a run does not need these permissions; for a complete check, run it as a user who has them"
        } else {
            "run the check again"
        };
        if !self.forbidden.is_empty() {
            self.failed.insert(0, format!("no permission to {}", self.forbidden.join(", ")));
        }
        let found = self.failed.join("; ");
        (!found.is_empty()).then(|| Item::warning(Topic::NotChecked, found, help))
    }
}

/// The most names that a sentence lists.
const MAX_NAMES: usize = 6;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;
