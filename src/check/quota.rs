//! Resource quotas: whether the objects of the run that exist at the same time fit into the namespace.

use k8s_openapi::api::core::v1::{LimitRange, Pod, ResourceQuota, Service};
use kube::ResourceExt;

use super::limit_range::{pod_request, total_limit};
use super::planned_objects::PlannedObjects;
use super::quantity::{exceeds, format_quantity, parse};
use super::{Item, Topic};

/// Checks the objects of the run against the quotas.
pub(super) fn check(quotas: &[ResourceQuota], ranges: &[LimitRange], planned: &PlannedObjects) -> Vec<Item> {
    let mut items: Vec<Item> = quotas.iter().flat_map(|quota| check_quota(quota, ranges, planned)).collect();
    if items.is_empty() && !quotas.is_empty() {
        items.push(Item::ok(Topic::Quota, "sufficient for the objects of the run"));
    }
    items
}

fn check_quota(quota: &ResourceQuota, ranges: &[LimitRange], planned: &PlannedObjects) -> Vec<Item> {
    let hard = quota.spec.as_ref().and_then(|spec| spec.hard.as_ref());
    let used = quota.status.as_ref().and_then(|status| status.used.as_ref());
    let pods: Vec<&Pod> = planned.pods().filter(|pod| is_in_scope(quota, pod)).collect();
    let name = quota.name_any();
    let mut items = Vec::new();
    for (resource, hard) in hard.into_iter().flatten() {
        let needed = match demand(resource, &pods, quota, ranges, planned) {
            Demand::Quantity(needed) => needed,
            Demand::Unlimited(limited) => {
                items.push(Item::problem(
                    Topic::Quota,
                    format!("{name}: a {limited} limit per pod is required, but the pods have none"),
                    format!("set --limits {limited}={}, or omit --namespace", sufficient_limit(limited)),
                ));
                continue;
            }
        };
        let used = used.and_then(|used| used.get(resource)).and_then(parse).unwrap_or(0.0);
        let Some(hard) = parse(hard) else {
            continue;
        };
        if needed > 0.0 && exceeds(used + needed, hard) {
            let [used, hard, needed] = [used, hard, needed].map(|value| format_quantity(value, resource));
            items.push(Item::problem(
                Topic::Quota,
                format!("{name}: {used} of {hard} {resource} used, but the run needs {needed} more"),
                "raise the quota, test fewer nodes, or omit --namespace",
            ));
        }
    }
    items
}

/// Whether the scopes of a quota match a pod.
fn is_in_scope(quota: &ResourceQuota, pod: &Pod) -> bool {
    let Some(spec) = &quota.spec else {
        return true;
    };
    let has_deadline = pod.spec.as_ref().is_some_and(|spec| spec.active_deadline_seconds.is_some());
    let selected =
        spec.scope_selector.iter().flat_map(|selector| selector.match_expressions.iter().flatten());
    let selected = selected.map(|expression| (expression.scope_name.as_str(), expression.operator.as_str()));
    let listed = spec.scopes.iter().flatten().map(|scope| (scope.as_str(), "Exists"));
    listed.chain(selected).all(|(scope, operator)| match scope {
        "Terminating" => has_deadline,
        "NotTerminating" => !has_deadline,
        // all pods of a run have requests: none is of the QoS class BestEffort
        "NotBestEffort" => true,
        // the names of the classes are not compared: a selector by class is assumed to match every pod that
        // has one
        "PriorityClass" => {
            let class = pod.spec.as_ref().and_then(|spec| spec.priority_class_name.as_ref());
            if class.is_some() {
                operator != "DoesNotExist"
            } else {
                matches!(operator, "DoesNotExist" | "NotIn")
            }
        }
        // BestEffort, and CrossNamespacePodAffinity: no pod of a run has an affinity
        _ => false,
    })
}

/// A limit that does not slow the test down on usual nodes, for the help.
fn sufficient_limit(resource: &str) -> &'static str {
    if resource == "memory" { "64Mi" } else { "1" }
}

/// How much of a resource the run uses at the same time.
enum Demand {
    Quantity(f64),
    /// The quota is on limits of this resource, and the pods have none.
    Unlimited(&'static str),
}

fn demand(
    resource: &str,
    pods: &[&Pod],
    quota: &ResourceQuota,
    ranges: &[LimitRange],
    planned: &PlannedObjects,
) -> Demand {
    let has_scope =
        quota.spec.as_ref().is_some_and(|spec| spec.scopes.is_some() || spec.scope_selector.is_some());
    let limits = |limited: &'static str| {
        total_limit(pods.iter().copied(), limited, ranges)
            .map_or(Demand::Unlimited(limited), Demand::Quantity)
    };
    let requests = |requested: &str| pods.iter().map(|pod| pod_request(pod, requested)).sum();
    let has_type = |service: &&Service, types: &[&str]| {
        let service_type = service.spec.as_ref().and_then(|spec| spec.type_.as_deref());
        service_type.is_some_and(|service_type| types.contains(&service_type))
    };
    let services =
        |types: &[&str]| planned.services.iter().filter(|service| has_type(service, types)).count();
    let ports =
        |service: &Service| service.spec.as_ref().and_then(|spec| spec.ports.as_ref()).map_or(0, Vec::len);
    Demand::Quantity(match resource {
        "pods" | "count/pods" => pods.len() as f64,
        "cpu" | "requests.cpu" => requests("cpu"),
        "memory" | "requests.memory" => requests("memory"),
        "limits.cpu" => return limits("cpu"),
        "limits.memory" => return limits("memory"),
        // scopes apply to pods only
        _ if has_scope => 0.0,
        "services" | "count/services" => planned.services.len() as f64,
        "services.loadbalancers" => services(&["LoadBalancer"]) as f64,
        "services.nodeports" => {
            let types = ["NodePort", "LoadBalancer"];
            let with_node_ports = planned.services.iter().filter(|service| has_type(service, &types));
            with_node_ports.map(ports).sum::<usize>() as f64
        }
        "configmaps" | "count/configmaps" => 1.0,
        "count/jobs.batch" => planned.client_pods.len() as f64,
        _ => 0.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::fixtures::{planned_objects, planned_objects_over, planned_objects_with_limit};
    use crate::document::Path;
    use serde_json::json;

    fn found(
        hard: &serde_json::Value,
        used: &serde_json::Value,
        scopes: &[&str],
        planned: &PlannedObjects,
    ) -> Vec<String> {
        let scopes = (!scopes.is_empty()).then_some(scopes);
        let quota = json!({"metadata": {"name": "q"}, "spec": {"hard": hard, "scopes": scopes},
            "status": {"used": used}});
        let quota: ResourceQuota = serde_json::from_value(quota).unwrap();
        check(&[quota], &[], planned)
            .into_iter()
            .map(|item| format!("{:?}: {}", item.level, item.found))
            .collect()
    }

    /// Four nodes, so two client Jobs run at the same time.
    #[test]
    fn exceeded_quotas_are_reported() {
        let none = json!({});
        let planned = planned_objects();
        insta::assert_debug_snapshot!([
            found(&json!({"pods": "6"}), &none, &[], &planned),
            found(&json!({"pods": "6"}), &json!({"pods": "1"}), &[], &planned),
            found(&json!({"requests.cpu": "50m", "memory": "1Gi"}), &none, &[], &planned),
            found(&json!({"limits.cpu": "10", "limits.memory": "10Gi"}), &none, &[], &planned),
            found(&json!({"pods": "3"}), &none, &["Terminating"], &planned),
            found(&json!({"pods": "1"}), &none, &["NotTerminating"], &planned),
            found(&json!({"pods": "0"}), &none, &["BestEffort"], &planned),
            found(&json!({"count/jobs.batch": "1", "configmaps": "0"}), &none, &[], &planned),
            found(&json!({"services.loadbalancers": "0", "secrets": "0"}), &none, &[], &planned),
        ]);
    }

    #[test]
    fn services_are_counted_with_their_node_ports() {
        let planned = planned_objects_over(&[Path::NodePort]);
        let hard = json!({"services": "3", "services.nodeports": "3", "services.loadbalancers": "0"});
        assert_eq!(
            found(&hard, &json!({}), &[], &planned),
            [
                "Problem: q: 0 of 3 services used, but the run needs 4 more",
                "Problem: q: 0 of 3 services.nodeports used, but the run needs 4 more",
            ]
        );
    }

    #[test]
    fn limit_of_the_user_is_counted() {
        let found_with = |limit: &str| {
            let planned = planned_objects_with_limit("cpu", limit);
            found(&json!({"limits.cpu": "6"}), &json!({}), &[], &planned)
        };
        assert_eq!(found_with("1"), ["Ok: sufficient for the objects of the run"]);
        assert_eq!(found_with("2"), ["Problem: q: 0 of 6 limits.cpu used, but the run needs 12 more"]);
    }

    #[test]
    fn default_limit_is_counted() {
        let range = json!({"metadata": {"name": "l"}, "spec": {"limits": [
            {"type": "Container", "default": {"cpu": "1"}}]}});
        let quota = json!({"metadata": {"name": "q"}, "spec": {"hard": {"limits.cpu": "4"}}});
        let (range, quota) = (serde_json::from_value(range).unwrap(), serde_json::from_value(quota).unwrap());
        let items = check(&[quota], &[range], &planned_objects());
        assert_eq!(items[0].found, "q: 0 of 4 limits.cpu used, but the run needs 6 more");
    }
}
