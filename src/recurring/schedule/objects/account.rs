//! The service account of scheduled runs, and its roles: the least privileges that a run needs.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::{
    ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject,
};

use super::{NAMESPACE_LABEL, Schedule, metadata};
use crate::cluster::objects::Object;
use crate::testbed::kubernetes::{Necessity, Permission, Reach};

/// What a scheduled run does in addition to measuring: find its Job, which owns its objects, wait for other runs, keep
/// its document in a ConfigMap, and end the sidecars of its pod.
const SCHEDULING_GRANTS: [Grant; 3] = [
    Grant { group: "", resource: "configmaps", verbs: &["create", "get", "list", "delete"] },
    Grant { group: "", resource: "pods", verbs: &["get", "list", "patch"] },
    Grant { group: "batch", resource: "jobs", verbs: &["list"] },
];

/// Permitted verbs on one resource.
struct Grant {
    group: &'static str,
    resource: &'static str,
    verbs: &'static [&'static str],
}

impl From<&Permission> for Grant {
    fn from(permission: &Permission) -> Self {
        Self { group: permission.group, resource: permission.resource, verbs: permission.verbs }
    }
}

/// The service account, its roles, and their bindings.
pub(super) fn objects(schedule: &Schedule) -> Vec<Object> {
    let name = schedule.id.object_name();
    let cluster_name = schedule.id.cluster_object_name();
    let namespaced = || metadata(schedule, &name, "account");
    let cluster_scoped = || {
        let mut metadata = metadata(schedule, &cluster_name, "account");
        let namespace = schedule.id.namespace.clone();
        metadata.labels.get_or_insert_default().insert(NAMESPACE_LABEL.to_owned(), namespace);
        metadata
    };
    let account = ServiceAccount { metadata: namespaced(), ..ServiceAccount::default() };
    // in the whole cluster, only what a run cannot do without
    let is_needed = |permission: &&Permission| match permission.necessity {
        Necessity::Required => true,
        Necessity::Optional(_) | Necessity::InsteadOfExec => permission.reach == Reach::Namespace,
    };
    let needed = || schedule.permissions.iter().filter(is_needed);
    let grants = |reach| needed().filter(move |permission| permission.reach == reach).map(Grant::from);
    let role = Role {
        metadata: namespaced(),
        rules: Some(rules(grants(Reach::Namespace).chain(SCHEDULING_GRANTS))),
    };
    let cluster_role = ClusterRole {
        metadata: cluster_scoped(),
        rules: Some(rules(grants(Reach::Cluster))),
        ..ClusterRole::default()
    };
    let binding = RoleBinding {
        metadata: namespaced(),
        role_ref: role_ref("Role", &name),
        subjects: Some(vec![subject(schedule, &name)]),
    };
    let cluster_binding = ClusterRoleBinding {
        metadata: cluster_scoped(),
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

/// One rule per resource, with the verbs of all its grants.
fn rules(grants: impl Iterator<Item = Grant>) -> Vec<PolicyRule> {
    let mut verbs: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for grant in grants {
        verbs.entry((grant.group, grant.resource)).or_default().extend(grant.verbs);
    }
    let rule = |((group, resource), verbs): ((&str, &str), BTreeSet<&str>)| PolicyRule {
        api_groups: Some(strings(&[group])),
        resources: Some(strings(&[resource])),
        verbs: verbs.into_iter().map(str::to_owned).collect(),
        ..PolicyRule::default()
    };
    verbs.into_iter().map(rule).collect()
}

pub(super) fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}
