//! Limit ranges: what the namespace demands of single pods, and what it adds to them.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, LimitRange, LimitRangeItem, Pod};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::ResourceExt;

use super::amount::{amount, exceeds, written};
use super::made::{Made, containers};
use super::{Item, Topic};

/// The resources that pods can be limited in.
const RESOURCES: [&str; 2] = ["cpu", "memory"];

type Amounts = Option<BTreeMap<String, Quantity>>;

fn of(amounts: &Amounts, resource: &str) -> Option<f64> {
    amounts.as_ref()?.get(resource).and_then(amount)
}

/// What the containers of a pod ask for.
pub(super) fn requested(pod: &Pod, resource: &str) -> f64 {
    let requests = containers(pod).filter_map(|container| container.resources.as_ref());
    requests.filter_map(|resources| of(&resources.requests, resource)).sum()
}

/// The limit of a container: its own or, where it states none, that of the first range that has one.
pub(super) fn limit(container: &Container, resource: &str, ranges: &[LimitRange]) -> Option<f64> {
    let own = container.resources.as_ref().and_then(|resources| of(&resources.limits, resource));
    own.or_else(|| default_limit(ranges, resource))
}

/// What the containers of all these pods are limited to together; none if one of them is not.
pub(super) fn limited<'a>(
    pods: impl IntoIterator<Item = &'a Pod>,
    resource: &str,
    ranges: &[LimitRange],
) -> Option<f64> {
    pods.into_iter().flat_map(containers).map(|container| limit(container, resource, ranges)).sum()
}

fn default_limit(ranges: &[LimitRange], resource: &str) -> Option<f64> {
    each(ranges)
        .filter(|(_, item)| item.type_ == "Container")
        .find_map(|(_, item)| of(&item.default, resource))
}

fn each(ranges: &[LimitRange]) -> impl Iterator<Item = (&LimitRange, &LimitRangeItem)> {
    let items = |range: &LimitRange| range.spec.as_ref().map_or(0, |spec| spec.limits.len());
    let places = ranges.iter().flat_map(move |range| (0..items(range)).map(move |place| (range, place)));
    places.filter_map(|(range, place)| Some((range, range.spec.as_ref()?.limits.get(place)?)))
}

/// What limit ranges do to the pods of the run.
pub(super) fn items(ranges: &[LimitRange], made: &Made) -> Vec<Item> {
    // all pods of a kind ask for the same
    let pods: Vec<&Pod> = made.servers.first().into_iter().chain(made.clients.first()).collect();
    let mut items = Vec::new();
    for (range, item) in each(ranges) {
        for resource in RESOURCES {
            let broken = pods.iter().find_map(|pod| match item.type_.as_str() {
                "Container" => of_container(item, resource, pod, ranges),
                "Pod" => of_pod(item, resource, pod, ranges),
                _ => None,
            });
            if let Some(broken) = broken {
                items.push(Item::problem(
                    Topic::LimitRange,
                    format!("{} {broken}", range.name_any()),
                    "choose other amounts with --requests and --limits, change the LimitRange, or leave --namespace out",
                ));
            }
        }
    }
    if items.is_empty() && !pods.is_empty() {
        items.extend(throttled(&pods, ranges));
    }
    items
}

/// A limit on CPU is part of what is then measured. One of the pods' own was asked for.
fn throttled(pods: &[&Pod], ranges: &[LimitRange]) -> Option<Item> {
    let states = |pod: &&Pod| limited([*pod], "cpu", &[]).is_some();
    let limit = default_limit(ranges, "cpu").filter(|_| !pods.iter().all(states))?;
    Some(Item::warning(
        Topic::LimitRange,
        format!("containers get a limit of {} of CPU, which will be measured", written(limit, "cpu")),
        "leave --namespace out, or measure in a namespace whose LimitRange has no default for cpu",
    ))
}

/// Why a container of the pod is refused.
fn of_container(item: &LimitRangeItem, resource: &str, pod: &Pod, ranges: &[LimitRange]) -> Option<String> {
    containers(pod).find_map(|container| {
        let limit = limit(container, resource, ranges);
        let resources = container.resources.as_ref()?;
        let request = of(&resources.requests, resource)?;
        let asks = format!("a container asks for {}", written(request, resource));
        let amount = |amount| written(amount, resource);
        if let Some(least) = of(&item.min, resource).filter(|least| exceeds(*least, request)) {
            return Some(format!("demands at least {} of {resource}, and {asks}", amount(least)));
        }
        if let Some(most) = of(&item.max, resource).filter(|most| exceeds(request, *most)) {
            return Some(format!("allows {} of {resource} at most, and {asks}", amount(most)));
        }
        if let (Some(most), Some(limit)) = (of(&item.max, resource), limit)
            && exceeds(limit, most)
        {
            let gets = format!("a container has a limit of {}", amount(limit));
            return Some(format!("allows {} of {resource} at most, and {gets}", amount(most)));
        }
        let ratio = of(&item.max_limit_request_ratio, resource);
        match (limit, ratio) {
            (Some(limit), _) if exceeds(request, limit) => {
                Some(format!("sets a limit of {} of {resource}, and {asks}", amount(limit)))
            }
            (Some(limit), Some(ratio)) if exceeds(limit / request, ratio) => {
                let sets = format!("sets a limit of {} of {resource}", amount(limit));
                Some(format!("{sets}, more than {ratio} times what is asked for, and {asks}"))
            }
            (None, Some(_)) => Some(format!("demands a limit of {resource}, and the pods have none")),
            _ => None,
        }
    })
}

/// Why the pod is refused as a whole.
fn of_pod(item: &LimitRangeItem, resource: &str, pod: &Pod, ranges: &[LimitRange]) -> Option<String> {
    let request = requested(pod, resource);
    let asks = format!("a pod asks for {}", written(request, resource));
    if let Some(least) = of(&item.min, resource).filter(|least| exceeds(*least, request)) {
        return Some(format!("demands at least {} of {resource}, and {asks}", written(least, resource)));
    }
    let most = of(&item.max, resource)?;
    let Some(limit) = limited([pod], resource, ranges) else {
        return Some(format!("demands a limit of {resource} of each pod, and the pods have none"));
    };
    exceeds(limit, most).then(|| {
        let gets = format!("a pod gets a limit of {}", written(limit, resource));
        format!("allows {} of {resource} at most, and {gets}", written(most, resource))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::fixtures::{made, made_with_limit};
    use serde_json::json;

    #[test]
    fn a_limit_that_was_asked_for_is_no_news_but_must_be_allowed() {
        let range = json!({"metadata": {"name": "l"}, "spec": {"limits": [
            {"type": "Container", "default": {"cpu": "1"}, "max": {"cpu": "2"}}]}});
        let range: LimitRange = serde_json::from_value(range).unwrap();
        let found = |limit: &str| {
            let items = items(std::slice::from_ref(&range), &made_with_limit("cpu", limit));
            items.into_iter().map(|item| item.found).collect::<Vec<_>>()
        };
        assert_eq!(found("2"), Vec::<String>::new());
        assert_eq!(found("3"), ["l allows 2 of cpu at most, and a container has a limit of 3"]);
    }

    fn found(limits: &serde_json::Value) -> Vec<String> {
        let range = json!({"metadata": {"name": "limits"}, "spec": {"limits": limits}});
        let range: LimitRange = serde_json::from_value(range).unwrap();
        items(&[range], &made()).into_iter().map(|item| format!("{:?}: {}", item.level, item.found)).collect()
    }

    #[test]
    fn what_a_range_refuses_or_adds_is_told() {
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
