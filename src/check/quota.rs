//! Quotas: whether all that the run makes at the same time fits into the namespace.

use k8s_openapi::api::core::v1::{LimitRange, Pod, ResourceQuota, Service};
use kube::ResourceExt;

use super::amount::{amount, exceeds, written};
use super::limits::{limited, requested};
use super::made::Made;
use super::{Item, Topic};

pub(super) fn items(quotas: &[ResourceQuota], ranges: &[LimitRange], made: &Made) -> Vec<Item> {
    let mut items: Vec<Item> = quotas.iter().flat_map(|quota| of_quota(quota, ranges, made)).collect();
    if items.is_empty() && !quotas.is_empty() {
        items.push(Item::ok(Topic::Quota, "leaves room for all that the run makes"));
    }
    items
}

fn of_quota(quota: &ResourceQuota, ranges: &[LimitRange], made: &Made) -> Vec<Item> {
    let hard = quota.spec.as_ref().and_then(|spec| spec.hard.as_ref());
    let used = quota.status.as_ref().and_then(|status| status.used.as_ref());
    let pods: Vec<&Pod> = made.pods().filter(|pod| counts(quota, pod)).collect();
    let name = quota.name_any();
    let mut items = Vec::new();
    for (resource, hard) in hard.into_iter().flatten() {
        let needed = match demand(resource, &pods, quota, ranges, made) {
            Demand::Amount(needed) => needed,
            Demand::NoLimit(of) => {
                items.push(Item::problem(
                    Topic::Quota,
                    format!("{name} demands a limit of {of} of each pod, and the pods have none"),
                    format!("state one: --limits {of}={}; or leave --namespace out", usual(of)),
                ));
                continue;
            }
        };
        let used = used.and_then(|used| used.get(resource)).and_then(amount).unwrap_or(0.0);
        let Some(hard) = amount(hard) else {
            continue;
        };
        if needed > 0.0 && exceeds(used + needed, hard) {
            let [used, hard, needed] = [used, hard, needed].map(|amount| written(amount, resource));
            items.push(Item::problem(
                Topic::Quota,
                format!("{name} has {used} of {hard} {resource} in use, and the run needs {needed}"),
                "raise the quota, measure fewer nodes, or leave --namespace out",
            ));
        }
    }
    items
}

/// Whether a quota is about a pod of ours, by its scopes.
fn counts(quota: &ResourceQuota, pod: &Pod) -> bool {
    let Some(spec) = &quota.spec else {
        return true;
    };
    let ends = pod.spec.as_ref().is_some_and(|spec| spec.active_deadline_seconds.is_some());
    let selected =
        spec.scope_selector.iter().flat_map(|selector| selector.match_expressions.iter().flatten());
    let selected = selected.map(|expression| (expression.scope_name.as_str(), expression.operator.as_str()));
    let plain = spec.scopes.iter().flatten().map(|scope| (scope.as_str(), "Exists"));
    plain.chain(selected).all(|(scope, operator)| match scope {
        "Terminating" => ends,
        "NotTerminating" => !ends,
        // all of ours ask for something: none is of the scope BestEffort
        "NotBestEffort" => true,
        // which classes a quota is about is not looked up: one is taken to be about ours if we have one
        "PriorityClass" => {
            let class = pod.spec.as_ref().and_then(|spec| spec.priority_class_name.as_ref());
            if class.is_some() {
                operator != "DoesNotExist"
            } else {
                matches!(operator, "DoesNotExist" | "NotIn")
            }
        }
        // and none names a pod to be near to
        _ => false,
    })
}

/// A limit that leaves room enough.
fn usual(resource: &str) -> &'static str {
    if resource == "memory" { "64Mi" } else { "1" }
}

/// How much of a resource the run takes at the same time.
enum Demand {
    Amount(f64),
    /// The quota demands that pods have a limit of this, which ours have not.
    NoLimit(&'static str),
}

fn demand(
    resource: &str,
    pods: &[&Pod],
    quota: &ResourceQuota,
    ranges: &[LimitRange],
    made: &Made,
) -> Demand {
    let has_scope =
        quota.spec.as_ref().is_some_and(|spec| spec.scopes.is_some() || spec.scope_selector.is_some());
    let of_limits = |of: &'static str| {
        limited(pods.iter().copied(), of, ranges).map_or(Demand::NoLimit(of), Demand::Amount)
    };
    let of_requests = |of: &str| pods.iter().map(|pod| requested(pod, of)).sum();
    let is_kind = |service: &&Service, kinds: &[&str]| {
        let kind = service.spec.as_ref().and_then(|spec| spec.type_.as_deref());
        kind.is_some_and(|kind| kinds.contains(&kind))
    };
    let services = |kinds: &[&str]| made.services.iter().filter(|service| is_kind(service, kinds)).count();
    let ports =
        |service: &Service| service.spec.as_ref().and_then(|spec| spec.ports.as_ref()).map_or(0, Vec::len);
    Demand::Amount(match resource {
        "pods" | "count/pods" => pods.len() as f64,
        "cpu" | "requests.cpu" => of_requests("cpu"),
        "memory" | "requests.memory" => of_requests("memory"),
        "limits.cpu" => return of_limits("cpu"),
        "limits.memory" => return of_limits("memory"),
        // scopes are of pods only
        _ if has_scope => 0.0,
        "services" | "count/services" => made.services.len() as f64,
        "services.loadbalancers" => services(&["LoadBalancer"]) as f64,
        "services.nodeports" => {
            let exposed = made.services.iter().filter(|of| is_kind(of, &["NodePort", "LoadBalancer"]));
            exposed.map(ports).sum::<usize>() as f64
        }
        "configmaps" | "count/configmaps" => 1.0,
        "count/jobs.batch" => made.clients.len() as f64,
        _ => 0.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::fixtures::{made, made_over, made_with_limit};
    use crate::document::Path;
    use serde_json::json;

    fn found(
        hard: &serde_json::Value,
        used: &serde_json::Value,
        scopes: &[&str],
        made: &Made,
    ) -> Vec<String> {
        let scopes = (!scopes.is_empty()).then_some(scopes);
        let quota = json!({"metadata": {"name": "q"}, "spec": {"hard": hard, "scopes": scopes},
            "status": {"used": used}});
        let quota: ResourceQuota = serde_json::from_value(quota).unwrap();
        items(&[quota], &[], made)
            .into_iter()
            .map(|item| format!("{:?}: {}", item.level, item.found))
            .collect()
    }

    /// Four nodes, and so two clients by Job at the same time.
    #[test]
    fn what_does_not_fit_is_told() {
        let none = json!({});
        let made = made();
        insta::assert_debug_snapshot!([
            found(&json!({"pods": "6"}), &none, &[], &made),
            found(&json!({"pods": "6"}), &json!({"pods": "1"}), &[], &made),
            found(&json!({"requests.cpu": "50m", "memory": "1Gi"}), &none, &[], &made),
            found(&json!({"limits.cpu": "10", "limits.memory": "10Gi"}), &none, &[], &made),
            found(&json!({"pods": "3"}), &none, &["Terminating"], &made),
            found(&json!({"pods": "1"}), &none, &["NotTerminating"], &made),
            found(&json!({"pods": "0"}), &none, &["BestEffort"], &made),
            found(&json!({"count/jobs.batch": "1", "configmaps": "0"}), &none, &[], &made),
            found(&json!({"services.loadbalancers": "0", "secrets": "0"}), &none, &[], &made),
        ]);
    }

    #[test]
    fn services_count_with_their_ports() {
        let made = made_over(&[Path::NodePort]);
        let hard = json!({"services": "3", "services.nodeports": "3", "services.loadbalancers": "0"});
        assert_eq!(
            found(&hard, &json!({}), &[], &made),
            [
                "Problem: q has 0 of 3 services in use, and the run needs 4",
                "Problem: q has 0 of 3 services.nodeports in use, and the run needs 4",
            ]
        );
    }

    #[test]
    fn a_limit_of_their_own_is_counted() {
        let of = |limit: &str| {
            let made = made_with_limit("cpu", limit);
            found(&json!({"limits.cpu": "6"}), &json!({}), &[], &made)
        };
        assert_eq!(of("1"), ["Ok: leaves room for all that the run makes"]);
        assert_eq!(of("2"), ["Problem: q has 0 of 6 limits.cpu in use, and the run needs 12"]);
    }

    #[test]
    fn a_default_limit_is_counted() {
        let range = json!({"metadata": {"name": "l"}, "spec": {"limits": [
            {"type": "Container", "default": {"cpu": "1"}}]}});
        let quota = json!({"metadata": {"name": "q"}, "spec": {"hard": {"limits.cpu": "4"}}});
        let (range, quota) = (serde_json::from_value(range).unwrap(), serde_json::from_value(quota).unwrap());
        let items = items(&[quota], &[range], &made());
        assert_eq!(items[0].found, "q has 0 of 4 limits.cpu in use, and the run needs 6");
    }
}
