//! Resource quotas: whether the objects of the run that exist at the same time fit into the namespace.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, Pod, ResourceQuota, Service};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::ResourceExt;

use super::planned_objects::PlannedObjects;
use super::quantity::{exceeds, format_quantity, parse};
use super::{Item, Topic};

/// Checks the sum of the objects of the run against the quotas. `is_rejected` is whether they reject one of the
/// objects in its dry run.
pub(super) fn check(quotas: &[ResourceQuota], planned: &PlannedObjects, is_rejected: bool) -> Vec<Item> {
    let (exceeded, is_complete): (Vec<Vec<Item>>, Vec<bool>) =
        quotas.iter().map(|quota| check_quota(quota, planned)).unzip();
    let mut items: Vec<Item> = exceeded.into_iter().flatten().collect();
    let is_sufficient = items.is_empty() && !is_rejected && is_complete.iter().all(|complete| *complete);
    if is_sufficient && !quotas.is_empty() {
        items.push(Item::ok(Topic::Quota, "sufficient for the objects of the run"));
    }
    items
}

/// The resources of which the quota has not enough left, and whether the demand for all is known.
fn check_quota(quota: &ResourceQuota, planned: &PlannedObjects) -> (Vec<Item>, bool) {
    let hard = quota.spec.as_ref().and_then(|spec| spec.hard.as_ref());
    let used = quota.status.as_ref().and_then(|status| status.used.as_ref());
    let pods: Vec<&Pod> = planned.pods().filter(|pod| is_in_scope(quota, pod)).collect();
    let name = quota.name_any();
    let mut items = Vec::new();
    let mut is_complete = true;
    for (resource, hard) in hard.into_iter().flatten() {
        let Some(needed) = demand(resource, &pods, quota, planned) else {
            is_complete = false;
            continue;
        };
        let used = used.and_then(|used| used.get(resource)).and_then(parse).unwrap_or(0.0);
        let Some(hard) = parse(hard) else {
            continue;
        };
        if needed > 0.0 && exceeds(used + needed, hard) {
            let left = (hard - used).max(0.0);
            let [used, hard, needed, left] =
                [used, hard, needed, left].map(|value| format_quantity(value, resource));
            items.push(Item::problem(
                Topic::Quota,
                format!(
                    "{name}: the run needs {resource}={needed}, but the quota has {left} left ({used} of {hard} used)"
                ),
                "raise the quota, test fewer nodes, or omit --namespace",
            ));
        }
    }
    (items, is_complete)
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

/// How much of a resource the run uses at the same time; none if a container has no limit, which the API
/// server rejects.
fn demand(resource: &str, pods: &[&Pod], quota: &ResourceQuota, planned: &PlannedObjects) -> Option<f64> {
    let has_scope =
        quota.spec.as_ref().is_some_and(|spec| spec.scopes.is_some() || spec.scope_selector.is_some());
    let requests = |requested: &str| pods.iter().map(|pod| total_request(pod, requested)).sum();
    let limits = |limited: &str| pods.iter().map(|pod| total_limit(pod, limited)).sum();
    let has_type = |service: &&Service, types: &[&str]| {
        let service_type = service.spec.as_ref().and_then(|spec| spec.type_.as_deref());
        service_type.is_some_and(|service_type| types.contains(&service_type))
    };
    let services =
        |types: &[&str]| planned.services.iter().filter(|service| has_type(service, types)).count();
    let ports =
        |service: &Service| service.spec.as_ref().and_then(|spec| spec.ports.as_ref()).map_or(0, Vec::len);
    Some(match resource {
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

type Quantities = Option<BTreeMap<String, Quantity>>;

fn value_of(quantities: &Quantities, resource: &str) -> Option<f64> {
    quantities.as_ref()?.get(resource).and_then(parse)
}

/// The request of a pod, as the scheduler and quotas compute it.
fn total_request(pod: &Pod, resource: &str) -> f64 {
    let of = |container: &Container| {
        let resources = container.resources.as_ref();
        Some(resources.and_then(|resources| value_of(&resources.requests, resource)).unwrap_or(0.0))
    };
    total(pod, resource, of).unwrap_or(0.0)
}

/// The limit of a pod; none if one of its containers is unlimited.
fn total_limit(pod: &Pod, resource: &str) -> Option<f64> {
    total(pod, resource, |container| value_of(&container.resources.as_ref()?.limits, resource))
}

/// The larger one of what the containers of a pod use together, and what one of its init containers uses, plus
/// the overhead of its runtime class. An init container that always restarts runs beside the containers.
fn total(pod: &Pod, resource: &str, of: impl Fn(&Container) -> Option<f64>) -> Option<f64> {
    let spec = pod.spec.as_ref()?;
    let (sidecars, init): (Vec<&Container>, Vec<&Container>) = spec
        .init_containers
        .iter()
        .flatten()
        .partition(|container| container.restart_policy.as_deref() == Some("Always"));
    let running: f64 = spec.containers.iter().chain(sidecars).map(&of).sum::<Option<f64>>()?;
    let starting: Vec<f64> = init.into_iter().map(&of).collect::<Option<_>>()?;
    let overhead = value_of(&spec.overhead, resource).unwrap_or(0.0);
    Some(starting.into_iter().fold(running, f64::max) + overhead)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::fixtures::{
        planned_objects, planned_objects_admitted_as, planned_objects_over, planned_objects_with_limit,
    };
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
        check(&[quota], planned, false)
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
                "Problem: q: the run needs services=4, but the quota has 3 left (0 of 3 used)",
                "Problem: q: the run needs services.nodeports=4, but the quota has 3 left (0 of 3 used)",
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
        assert_eq!(
            found_with("2"),
            ["Problem: q: the run needs limits.cpu=12, but the quota has 6 left (0 of 6 used)"]
        );
    }

    #[test]
    fn resources_of_admitted_pods_are_counted() {
        let container = |name: &str, cpu: &str| json!({"name": name, "resources": {"limits": {"cpu": cpu}}});
        let mut sidecar = container("proxy", "500m");
        sidecar["restartPolicy"] = json!("Always");
        let spec = json!({"containers": [container("iperf3", "1")], "overhead": {"cpu": "100m"},
            "initContainers": [sidecar, container("setup", "200m")]});
        let pod: Pod = serde_json::from_value(json!({"metadata": {}, "spec": spec})).unwrap();
        assert_eq!(total_limit(&pod, "cpu"), Some(1.6));
        assert_eq!(total_limit(&pod, "memory"), None);
        let planned = planned_objects_admitted_as(&pod);
        let found = found(&json!({"limits.cpu": "6"}), &json!({}), &[], &planned);
        assert_eq!(
            found,
            ["Problem: q: the run needs limits.cpu=9600m, but the quota has 6 left (0 of 6 used)"]
        );
    }
}
