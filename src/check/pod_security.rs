//! Whether the namespace exists and admits the pods: Pod Security and, in old clusters, PodSecurityPolicy.

use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt;

use super::{ClusterSnapshot, Item, ItemRemedy, Topic, Unchecked, join_names};
use crate::options::ClientMode;
use crate::testbed::kubernetes::objects::POD_SECURITY_ENFORCE;
use crate::testbed::kubernetes::{GivenNamespace, Needs, SecurityPolicy};

/// The minor version of Kubernetes 1 that enables Pod Security by default.
const POD_SECURITY_SINCE: u32 = 23;

/// The minor version of Kubernetes 1 that removed PodSecurityPolicy.
const SECURITY_POLICY_UNTIL: u32 = 25;

pub(super) fn check(needs: &Needs, cluster: &ClusterSnapshot<'_>, unchecked: &mut Unchecked) -> Vec<Item> {
    let mut items = Vec::new();
    match &cluster.facts.given {
        None => {
            let level = if needs.settings.host_network() { "privileged" } else { "restricted" };
            let found =
                format!("the new namespace enforces {level}; an admission policy could reject its labels");
            items.push(Item::ok(Topic::PodSecurity, found));
        }
        Some(given) => items.extend(check_given(needs, cluster, given, unchecked)),
    }
    match &cluster.facts.security_policies {
        Ok(policies) => items.extend(check_security_policies(needs, policies)),
        // without the permission, the request is rejected even where the resource no longer exists
        Err(_) if cluster.version.and_then(minor).is_some_and(|minor| minor >= SECURITY_POLICY_UNTIL) => {}
        Err(error) => unchecked.add(error),
    }
    items
}

fn check_given(
    needs: &Needs,
    cluster: &ClusterSnapshot<'_>,
    given: &GivenNamespace,
    unchecked: &mut Unchecked,
) -> Vec<Item> {
    match &given.namespace {
        Err(error) => {
            unchecked.add(error);
            Vec::new()
        }
        Ok(None) => vec![
            Item::problem(
                Topic::Namespace,
                format!("namespace {} does not exist", needs.namespace()),
                ItemRemedy::OrOmitNamespace("create it"),
            )
            .fatal(),
        ],
        Ok(Some(namespace)) if namespace.metadata.deletion_timestamp.is_some() => vec![
            Item::problem(
                Topic::Namespace,
                format!("namespace {} is being deleted", needs.namespace()),
                ItemRemedy::OrOmitNamespace("recreate it after the deletion"),
            )
            .fatal(),
        ],
        Ok(Some(namespace)) => check_labels(needs, cluster.version, namespace),
    }
}

/// Checks the Pod Security labels of the namespace: the pods satisfy `restricted`, except for the host
/// network.
fn check_labels(needs: &Needs, version: Option<&str>, namespace: &Namespace) -> Vec<Item> {
    let labels = namespace.labels();
    let level = |mode: &str| labels.get(&format!("pod-security.kubernetes.io/{mode}")).map(String::as_str);
    let enforced = labels.get(POD_SECURITY_ENFORCE).map_or("no level", String::as_str);
    if version.and_then(minor).is_some_and(|minor| minor < POD_SECURITY_SINCE) {
        let found = "not enabled by default in this version of Kubernetes";
        return vec![Item::ok(Topic::PodSecurity, found)];
    }
    let admits = |level: &str| !needs.settings.host_network() || !matches!(level, "baseline" | "restricted");
    let name = needs.namespace();
    if !admits(enforced) {
        return vec![Item::problem(
            Topic::PodSecurity,
            format!("namespace {name} enforces {enforced}, but pods on the host network need privileged"),
            format!(
                "kubectl label namespace {name} {POD_SECURITY_ENFORCE}=privileged --overwrite, or omit --host"
            ),
        )];
    }
    let violated = ["warn", "audit"].into_iter().filter(|mode| level(mode).is_some_and(|of| !admits(of)));
    let violated: Vec<&str> = violated.collect();
    if violated.is_empty() {
        let found = format!("namespace {name} enforces {enforced}, which admits the pods");
        return vec![Item::ok(Topic::PodSecurity, found)];
    }
    vec![Item::warning(
        Topic::PodSecurity,
        format!("pods on the host network violate the {} level of namespace {name}", violated.join(" and ")),
        "expect warnings or audit records, or omit --namespace",
    )]
}

/// `20` for `v1.20.2`, and for `v1.20+` as some cloud providers write it.
fn minor(version: &str) -> Option<u32> {
    let minor = version.trim_start_matches('v').strip_prefix("1.")?;
    let end = minor.find(|character: char| !character.is_ascii_digit()).unwrap_or(minor.len());
    minor[..end].parse().ok()
}

/// Only warns, since PodSecurityPolicies can exist without the admission plugin that enforces them.
fn check_security_policies(needs: &Needs, policies: &[SecurityPolicy]) -> Option<Item> {
    if policies.is_empty() {
        return None;
    }
    let host = needs.settings.host_network();
    let ports: Vec<u16> = needs.settings.processes.iter().map(|process| process.port).collect();
    let allows_port = |policy: &SecurityPolicy, port: u16| {
        policy.host_ports.iter().any(|(first, last)| (*first..=*last).contains(&port))
    };
    let admits = |policy: &&SecurityPolicy| {
        !host || policy.host_network && ports.iter().all(|port| allows_port(policy, *port))
    };
    let admitting: Vec<&SecurityPolicy> = policies.iter().filter(admits).collect();
    let usable = admitting.iter().filter(|policy| policy.usable.as_ref().is_ok_and(|usable| *usable));
    let usable = join_names(usable.map(|policy| policy.name.as_str()));
    let account = match &needs.given {
        Some(namespace) => format!("the service account default of namespace {namespace}"),
        None => "the group system:serviceaccounts".to_owned(),
    };
    let that_admits = if host { " that allows hostNetwork and the ports of the run" } else { "" };
    let help = format!("grant {account} the verb `use` on a PodSecurityPolicy{that_admits}");
    Some(match (usable.as_str(), needs.client_mode) {
        ("", _) if admitting.is_empty() => Item::warning(
            Topic::PodSecurity,
            "no PodSecurityPolicy allows hostNetwork and the ports of the run; if the policies are enforced, the pods \
             are rejected",
            "create one with hostNetwork and hostPorts, or omit --host",
        ),
        ("", _) => {
            let found = format!(
                "you cannot use any PodSecurityPolicy{that_admits}; the service account of the pods might"
            );
            Item::warning(Topic::PodSecurity, found, help)
        }
        (usable, ClientMode::Job) => {
            let found =
                format!("you can use the PodSecurityPolicy {usable}; whether Jobs can depends on {account}");
            Item::warning(Topic::PodSecurity, found, help)
        }
        (usable, _) => Item::ok(Topic::PodSecurity, format!("you can use the PodSecurityPolicy {usable}")),
    })
}
