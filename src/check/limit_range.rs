//! Limit ranges: the bounds and defaults of a namespace for the resources of pods and containers.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, LimitRange, LimitRangeItem, Pod};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::ResourceExt;

use super::planned_objects::{PlannedObjects, containers};
use super::quantity::{exceeds, format_quantity, parse};
use super::{Item, Topic};

/// The resources of pods that are compared with limit ranges.
const RESOURCES: [&str; 2] = ["cpu", "memory"];

type Quantities = Option<BTreeMap<String, Quantity>>;

fn value_of(quantities: &Quantities, resource: &str) -> Option<f64> {
    quantities.as_ref()?.get(resource).and_then(parse)
}

/// The sum of the requests of a pod's containers.
pub(super) fn pod_request(pod: &Pod, resource: &str) -> f64 {
    let resources = containers(pod).filter_map(|container| container.resources.as_ref());
    resources.filter_map(|resources| value_of(&resources.requests, resource)).sum()
}

/// The limit of a container: its own or, if it sets none, the default of the first limit range that has one.
fn container_limit(container: &Container, resource: &str, ranges: &[LimitRange]) -> Option<f64> {
    let own = container.resources.as_ref().and_then(|resources| value_of(&resources.limits, resource));
    own.or_else(|| default_limit(ranges, resource))
}

/// The sum of the limits of all containers of these pods; none if one of them is unlimited.
pub(super) fn total_limit<'a>(
    pods: impl IntoIterator<Item = &'a Pod>,
    resource: &str,
    ranges: &[LimitRange],
) -> Option<f64> {
    let limit = |container| container_limit(container, resource, ranges);
    pods.into_iter().flat_map(containers).map(limit).sum()
}

fn default_limit(ranges: &[LimitRange], resource: &str) -> Option<f64> {
    items_of(ranges)
        .filter(|(_, item)| item.type_ == "Container")
        .find_map(|(_, item)| value_of(&item.default, resource))
}

fn items_of(ranges: &[LimitRange]) -> impl Iterator<Item = (&LimitRange, &LimitRangeItem)> {
    ranges.iter().flat_map(|range| {
        let items = range.spec.iter().flat_map(|spec| &spec.limits);
        items.map(move |item| (range, item))
    })
}

/// Checks the pods of the run against the limit ranges.
pub(super) fn check(ranges: &[LimitRange], planned: &PlannedObjects) -> Vec<Item> {
    // all server pods have the same resources, and so have all client pods
    let pods: Vec<&Pod> =
        planned.server_pods.first().into_iter().chain(planned.client_pods.first()).collect();
    let mut items = Vec::new();
    for (range, item) in items_of(ranges) {
        for resource in RESOURCES {
            let violation = pods.iter().find_map(|pod| match item.type_.as_str() {
                "Container" => container_violation(item, resource, pod, ranges),
                "Pod" => pod_violation(item, resource, pod, ranges),
                _ => None,
            });
            if let Some(violation) = violation {
                items.push(Item::problem(
                    Topic::LimitRange,
                    format!("{}: {violation}", range.name_any()),
                    "set --requests and --limits within these bounds, change the LimitRange, or omit --namespace",
                ));
            }
        }
    }
    if items.is_empty() && !pods.is_empty() {
        items.extend(cpu_throttling(&pods, ranges));
    }
    items
}

/// Warns of a default CPU limit, which can throttle the test. A limit from `--limits` is intended.
fn cpu_throttling(pods: &[&Pod], ranges: &[LimitRange]) -> Option<Item> {
    let has_own_limit = |pod: &&Pod| total_limit([*pod], "cpu", &[]).is_some();
    let limit = default_limit(ranges, "cpu").filter(|_| !pods.iter().all(has_own_limit))?;
    Some(Item::warning(
        Topic::LimitRange,
        format!(
            "the default cpu limit of {} per container can throttle the tests",
            format_quantity(limit, "cpu")
        ),
        "omit --namespace, or use a namespace whose LimitRange has no default cpu limit",
    ))
}

/// Why a container of the pod would be rejected.
fn container_violation(
    item: &LimitRangeItem,
    resource: &str,
    pod: &Pod,
    ranges: &[LimitRange],
) -> Option<String> {
    let format = |value| format_quantity(value, resource);
    containers(pod).find_map(|container| {
        let limit = container_limit(container, resource, ranges);
        let request = value_of(&container.resources.as_ref()?.requests, resource)?;
        let requested = format!("but the request is {}", format(request));
        if let Some(min) = value_of(&item.min, resource).filter(|min| exceeds(*min, request)) {
            return Some(format!("minimum {resource} per container is {}, {requested}", format(min)));
        }
        if let Some(max) = value_of(&item.max, resource) {
            let maximum = format!("maximum {resource} per container is {}", format(max));
            if exceeds(request, max) {
                return Some(format!("{maximum}, {requested}"));
            }
            if let Some(limit) = limit.filter(|limit| exceeds(*limit, max)) {
                return Some(format!("{maximum}, but the limit is {}", format(limit)));
            }
        }
        let max_ratio = value_of(&item.max_limit_request_ratio, resource);
        match (limit, max_ratio) {
            (Some(limit), _) if exceeds(request, limit) => {
                Some(format!("{resource} limit per container is {}, {requested}", format(limit)))
            }
            (Some(limit), Some(ratio)) if exceeds(limit / request, ratio) => {
                let maximum = format!("maximum {resource} limit/request ratio is {ratio}");
                Some(format!(
                    "{maximum}, but the limit is {} and the request {}",
                    format(limit),
                    format(request)
                ))
            }
            (None, Some(_)) => Some(format!("a {resource} limit is required, but the pods have none")),
            _ => None,
        }
    })
}

/// Why the pod as a whole would be rejected.
fn pod_violation(item: &LimitRangeItem, resource: &str, pod: &Pod, ranges: &[LimitRange]) -> Option<String> {
    let format = |value| format_quantity(value, resource);
    let request = pod_request(pod, resource);
    if let Some(min) = value_of(&item.min, resource).filter(|min| exceeds(*min, request)) {
        let minimum = format!("minimum {resource} per pod is {}", format(min));
        return Some(format!("{minimum}, but the request is {}", format(request)));
    }
    let max = value_of(&item.max, resource)?;
    let Some(limit) = total_limit([pod], resource, ranges) else {
        return Some(format!("a {resource} limit per pod is required, but the pods have none"));
    };
    exceeds(limit, max)
        .then(|| format!("maximum {resource} per pod is {}, but the limit is {}", format(max), format(limit)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::fixtures::{planned_objects, planned_objects_with_limit};
    use serde_json::json;

    #[test]
    fn limit_of_the_user_is_only_checked_against_the_maximum() {
        let range = json!({"metadata": {"name": "l"}, "spec": {"limits": [
            {"type": "Container", "default": {"cpu": "1"}, "max": {"cpu": "2"}}]}});
        let range: LimitRange = serde_json::from_value(range).unwrap();
        let found = |limit: &str| {
            let items = check(std::slice::from_ref(&range), &planned_objects_with_limit("cpu", limit));
            items.into_iter().map(|item| item.found).collect::<Vec<_>>()
        };
        assert_eq!(found("2"), Vec::<String>::new());
        assert_eq!(found("3"), ["l: maximum cpu per container is 2, but the limit is 3"]);
    }

    fn found(limits: &serde_json::Value) -> Vec<String> {
        let range = json!({"metadata": {"name": "limits"}, "spec": {"limits": limits}});
        let range: LimitRange = serde_json::from_value(range).unwrap();
        let items = check(&[range], &planned_objects());
        items.into_iter().map(|item| format!("{:?}: {}", item.level, item.found)).collect()
    }

    #[test]
    fn violated_bounds_and_default_cpu_limit_are_reported() {
        insta::assert_debug_snapshot!([
            found(&json!([{"type": "Container", "min": {"cpu": "50m"}}])),
            found(&json!([{"type": "Container", "max": {"memory": "16Mi"}, "default": {"memory": "16Mi"}}])),
            found(&json!([{"type": "Container", "default": {"cpu": "500m", "memory": "1Gi"}}])),
            found(
                &json!([{"type": "Container", "default": {"cpu": "1"}, "maxLimitRequestRatio": {"cpu": "10"}}])
            ),
            found(&json!([{"type": "Container", "maxLimitRequestRatio": {"memory": "10"}}])),
            found(&json!([{"type": "Pod", "max": {"memory": "1Gi"}}])),
            found(
                &json!([{"type": "Pod", "max": {"cpu": "2"}}, {"type": "Container", "default": {"cpu": "3"}}])
            ),
            found(&json!([{"type": "PersistentVolumeClaim", "min": {"storage": "1Gi"}}])),
            found(&json!([{"type": "Container", "min": {"cpu": "1m"}, "max": {"cpu": "8"}}])),
        ]);
    }
}
