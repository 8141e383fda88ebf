//! Who a scheduled run is, and what it may do: no more than it needs.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::{
    ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject,
};

use super::{NAMESPACE_LABEL, Schedule, metadata};
use crate::cluster::objects::Object;
use crate::testbed::kubernetes::{Necessity, Reach, Right};

/// What a scheduled run does beside measuring: it finds the Job that owns what it makes, waits for others of
/// its schedule, and keeps its document where the list of schedules finds it.
const BESIDE_MEASURING: [Granted; 3] = [
    Granted { group: "", resource: "configmaps", verbs: &["create", "get", "list", "delete"] },
    Granted { group: "", resource: "pods", verbs: &["get", "list"] },
    Granted { group: "batch", resource: "jobs", verbs: &["list"] },
];

/// Verbs on one kind of object.
struct Granted {
    group: &'static str,
    resource: &'static str,
    verbs: &'static [&'static str],
}

impl Granted {
    fn of(right: &Right) -> Self {
        Self { group: right.group, resource: right.resource, verbs: right.verbs }
    }
}

/// The service account, its roles, and what binds them.
pub(super) fn objects(schedule: &Schedule) -> Vec<Object> {
    let name = schedule.id.object_name();
    let cluster_name = schedule.id.cluster_object_name();
    let of_account = || metadata(schedule, &name, "account");
    let of_cluster = || {
        let mut metadata = metadata(schedule, &cluster_name, "account");
        let namespace = schedule.id.namespace.clone();
        metadata.labels.get_or_insert_default().insert(NAMESPACE_LABEL.to_owned(), namespace);
        metadata
    };
    let account = ServiceAccount { metadata: of_account(), ..ServiceAccount::default() };
    // of the whole cluster it gets no more than what there is no run without
    let is_needed = |right: &&Right| match right.necessity {
        Necessity::Required => true,
        Necessity::Optional(_) => right.reach == Reach::Namespace,
        Necessity::InsteadOfExec => false,
    };
    let needed = || schedule.rights.iter().filter(is_needed);
    let reaching = |reach| needed().filter(move |right| right.reach == reach).map(Granted::of);
    let role = Role {
        metadata: of_account(),
        rules: Some(rules(reaching(Reach::Namespace).chain(BESIDE_MEASURING))),
    };
    let cluster_role = ClusterRole {
        metadata: of_cluster(),
        rules: Some(rules(reaching(Reach::Cluster))),
        ..ClusterRole::default()
    };
    let binding = RoleBinding {
        metadata: of_account(),
        role_ref: role_ref("Role", &name),
        subjects: Some(vec![subject(schedule, &name)]),
    };
    let cluster_binding = ClusterRoleBinding {
        metadata: of_cluster(),
        role_ref: role_ref("ClusterRole", &cluster_name),
        subjects: Some(vec![subject(schedule, &name)]),
    };
    vec![
        Object::namespaced(&account),
        Object::namespaced(&role),
        Object::namespaced(&binding),
        Object::cluster_scoped(&cluster_role),
        Object::cluster_scoped(&cluster_binding),
    ]
}

pub(super) fn role_ref(kind: &str, name: &str) -> RoleRef {
    RoleRef {
        api_group: "rbac.authorization.k8s.io".to_owned(),
        kind: kind.to_owned(),
        name: name.to_owned(),
    }
}

pub(super) fn subject(schedule: &Schedule, account: &str) -> Subject {
    Subject {
        kind: "ServiceAccount".to_owned(),
        name: account.to_owned(),
        namespace: Some(schedule.id.namespace.clone()),
        ..Subject::default()
    }
}

/// A rule for each kind of object.
fn rules(granted: impl Iterator<Item = Granted>) -> Vec<PolicyRule> {
    let mut verbs: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for granted in granted {
        verbs.entry((granted.group, granted.resource)).or_default().extend(granted.verbs);
    }
    let rule = |((group, resource), verbs): ((&str, &str), BTreeSet<&str>)| PolicyRule {
        api_groups: Some(texts(&[group])),
        resources: Some(texts(&[resource])),
        verbs: verbs.into_iter().map(str::to_owned).collect(),
        ..PolicyRule::default()
    };
    verbs.into_iter().map(rule).collect()
}

pub(super) fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
