//! What keeps pods of a kind out of a namespace: Pod Security, and before it PodSecurityPolicy.

use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt;

use super::{Item, ItemRemedy, Seen, Topic, Unknown, names};
use crate::testbed::kubernetes::objects::POD_SECURITY_ENFORCE;
use crate::testbed::kubernetes::{Clients, GivenNamespace, Needs, SecurityPolicy};

/// The minor version of Kubernetes 1 from which on Pod Security is there by default.
const POD_SECURITY_SINCE: u32 = 23;

/// The first one without PodSecurityPolicies.
const SECURITY_POLICY_UNTIL: u32 = 25;

pub(super) fn items(needs: &Needs, seen: &Seen<'_>, unknown: &mut Unknown) -> Vec<Item> {
    let mut items = Vec::new();
    match &seen.facts.given {
        None => {
            let level = if needs.settings.host_network() { "privileged" } else { "restricted" };
            let found = format!("its own namespace is labelled {level}; a policy on labels may refuse that");
            items.push(Item::ok(Topic::PodSecurity, found));
        }
        Some(given) => items.extend(of_given(needs, seen, given, unknown)),
    }
    match &seen.facts.security_policies {
        Ok(policies) => items.extend(security_policies(needs, policies)),
        // whoever may not look is refused even where there is nothing any more
        Err(_) if seen.version.and_then(minor).is_some_and(|minor| minor >= SECURITY_POLICY_UNTIL) => {}
        Err(error) => unknown.add(error),
    }
    items
}

fn of_given(needs: &Needs, seen: &Seen<'_>, given: &GivenNamespace, unknown: &mut Unknown) -> Vec<Item> {
    match &given.namespace {
        Err(error) => {
            unknown.add(error);
            Vec::new()
        }
        Ok(None) => vec![
            Item::problem(
                Topic::Namespace,
                format!("there is no namespace {}", needs.namespace()),
                ItemRemedy::OrOmitNamespace("create it"),
            )
            .certain(),
        ],
        Ok(Some(namespace)) if namespace.metadata.deletion_timestamp.is_some() => vec![
            Item::problem(
                Topic::Namespace,
                format!("the namespace {} is being deleted", needs.namespace()),
                ItemRemedy::OrOmitNamespace("recreate it after the deletion"),
            )
            .certain(),
        ],
        Ok(Some(namespace)) => labels(needs, seen.version, namespace),
    }
}

/// What the namespace's labels mean for pods that satisfy `restricted` but for the host network.
fn labels(needs: &Needs, version: Option<&str>, namespace: &Namespace) -> Vec<Item> {
    let labels = namespace.labels();
    let level = |mode: &str| labels.get(&format!("pod-security.kubernetes.io/{mode}")).map(String::as_str);
    let enforced = labels.get(POD_SECURITY_ENFORCE).map_or("nothing", String::as_str);
    if version.and_then(minor).is_some_and(|minor| minor < POD_SECURITY_SINCE) {
        return vec![Item::ok(Topic::PodSecurity, "this version of Kubernetes has none by default")];
    }
    let suits = |level: &str| !needs.settings.host_network() || !matches!(level, "baseline" | "restricted");
    if !suits(enforced) {
        return vec![Item::problem(
            Topic::PodSecurity,
            format!("the namespace enforces {enforced}, and the network of the nodes takes privileged"),
            format!(
                "kubectl label namespace {} {POD_SECURITY_ENFORCE}=privileged --overwrite, or leave --host out",
                needs.namespace()
            ),
        )];
    }
    let complaining = ["warn", "audit"].into_iter().filter(|mode| level(mode).is_some_and(|of| !suits(of)));
    let complaining: Vec<&str> = complaining.collect();
    if complaining.is_empty() {
        let found = format!("the namespace enforces {enforced}, which lets the pods in");
        return vec![Item::ok(Topic::PodSecurity, found)];
    }
    vec![Item::warning(
        Topic::PodSecurity,
        format!(
            "pods on the network of the nodes break what the namespace says to {}",
            complaining.join(" and ")
        ),
        "nothing, if whoever reads those records knows; else leave --namespace out",
    )]
}

/// `20` of `v1.20.2`; some clouds write `v1.20+`.
fn minor(version: &str) -> Option<u32> {
    let minor = version.trim_start_matches('v').strip_prefix("1.")?;
    let end = minor.find(|character: char| !character.is_ascii_digit()).unwrap_or(minor.len());
    minor[..end].parse().ok()
}

/// That there are policies does not say that they are enforced: whoever has none of use is warned.
fn security_policies(needs: &Needs, policies: &[SecurityPolicy]) -> Option<Item> {
    if policies.is_empty() {
        return None;
    }
    let host = needs.settings.host_network();
    let ports: Vec<u16> = needs.settings.processes.iter().map(|process| process.port).collect();
    let holds = |policy: &SecurityPolicy, port: u16| {
        policy.host_ports.iter().any(|(from, to)| (*from..=*to).contains(&port))
    };
    let suits = |policy: &&SecurityPolicy| {
        !host || policy.host_network && ports.iter().all(|port| holds(policy, *port))
    };
    let suitable: Vec<&SecurityPolicy> = policies.iter().filter(suits).collect();
    let usable = suitable.iter().filter(|policy| policy.usable.as_ref().is_ok_and(|usable| *usable));
    let usable = names(usable.map(|policy| policy.name.as_str()));
    let account = match &needs.given {
        Some(namespace) => format!("the service account default of the namespace {namespace}"),
        None => "the group system:serviceaccounts".to_owned(),
    };
    let what = if host { "lets pods use the network of the nodes and these ports" } else { "is there" };
    let remedy = format!("grant {account} the right to `use` one that does");
    Some(match (usable.as_str(), needs.clients) {
        ("", _) if suitable.is_empty() => Item::warning(
            Topic::PodSecurity,
            format!("no PodSecurityPolicy {what}: if they are enforced, pods are refused"),
            "make one that allows hostNetwork and the ports (hostPorts), or leave --host out",
        ),
        ("", _) => {
            let found = format!("you may use no PodSecurityPolicy that {what}; the pods' account may");
            Item::warning(Topic::PodSecurity, found, remedy)
        }
        (usable, Clients::Job) => {
            let found =
                format!("you may use the PodSecurityPolicy {usable}; whether Jobs may, depends on {account}");
            Item::warning(Topic::PodSecurity, found, remedy)
        }
        (usable, _) => Item::ok(Topic::PodSecurity, format!("you may use the PodSecurityPolicy {usable}")),
    })
}
