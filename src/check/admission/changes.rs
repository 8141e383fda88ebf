//! What policies and webhooks change in the pods of a run.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Container, Pod};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::ResourceExt;

use super::Check;
use crate::check::quantity::{exceeds, parse};
use crate::check::{Item, MAX_NAMES, Topic};
use crate::quantity::join_first;
use crate::sanitize;

/// The annotation with what a `LimitRange` has set in a pod: `cpu, memory limit for container iperf3; …`.
const LIMIT_RANGER: &str = "kubernetes.io/limit-ranger";

/// A limit of a container that the run did not request.
#[derive(Clone, Copy)]
struct AddedLimit<'a> {
    value: f64,
    limit: &'a Quantity,
    /// Whether it is the default of a `LimitRange`, not set by a webhook.
    by_limit_range: bool,
}

impl Check<'_> {
    /// The limits of the run's own containers that the run did not request.
    pub(super) fn added_limits(&self) -> Vec<Item> {
        let mut added: BTreeMap<&str, AddedLimit<'_>> = BTreeMap::new();
        for (sent, admitted) in self.admitted_pods() {
            for (container, requested) in own_containers(sent, admitted) {
                for (resource, limit) in limits(container).into_iter().flatten() {
                    let requested = limits(requested).and_then(|limits| limits.get(resource)).and_then(parse);
                    let Some(value) = parse(limit).filter(|value| Some(*value) != requested) else {
                        continue;
                    };
                    let limit = AddedLimit {
                        value,
                        limit,
                        by_limit_range: is_set_by_limit_range(admitted, resource),
                    };
                    let lowest = added.entry(resource).or_insert(limit);
                    if exceeds(lowest.value, value) {
                        *lowest = limit;
                    }
                }
            }
        }
        let item = |(resource, added): (&str, AddedLimit<'_>)| {
            let topic = if added.by_limit_range { Topic::LimitRange } else { Topic::Admission };
            let (resource, limit) = (sanitize::line(resource), sanitize::line(&added.limit.0));
            let found = format!("the {resource} limit of {limit} per container");
            if resource != "cpu" {
                return Item::ok(topic, self.marked(format!("{found} was added to the pods")));
            }
            let help = match (added.by_limit_range, &self.needs.given) {
                (true, Some(_)) => {
                    "omit --namespace, or use a namespace whose LimitRange has no default cpu limit"
                }
                (true, None) => "ignore this if new namespaces have no LimitRange",
                (false, _) => {
                    "set a higher --limits, or ask a cluster administrator to exclude the pods from the policy"
                }
            };
            Item::warning(topic, self.marked(format!("{found} can throttle the tests")), help)
        };
        added.into_iter().map(item).collect()
    }

    /// The containers that webhooks add to the pods.
    pub(super) fn injected_containers(&self) -> Option<Item> {
        let mut injected = BTreeSet::new();
        for (sent, admitted) in self.admitted_pods() {
            let is_sent = |container: &&Container| {
                containers(sent).chain(init_containers(sent)).any(|own| own.name == container.name)
            };
            let name =
                |kind: &str, container: &Container| format!("{kind} {}", sanitize::line(&container.name));
            let new = containers(admitted).filter(|container| !is_sent(container));
            injected.extend(new.map(|container| name("container", container)));
            let new = init_containers(admitted).filter(|container| !is_sent(container));
            injected.extend(new.map(|container| name("init container", container)));
        }
        if injected.is_empty() {
            return None;
        }
        Some(Item::warning(
            Topic::Admission,
            self.marked(format!("a webhook adds to the pods: {}", join_first(&injected, MAX_NAMES))),
            "exclude the pods if it affects the tests; service meshes have a label for this, such as --label \
             sidecar.istio.io/inject=false",
        ))
    }
}

fn is_set_by_limit_range(pod: &Pod, resource: &str) -> bool {
    let set = pod.annotations().get(LIMIT_RANGER);
    set.is_some_and(|set| set.split(';').any(|set| set.contains(" limit for ") && set.contains(resource)))
}

fn containers(pod: &Pod) -> impl Iterator<Item = &Container> {
    pod.spec.iter().flat_map(|spec| &spec.containers)
}

fn init_containers(pod: &Pod) -> impl Iterator<Item = &Container> {
    pod.spec.iter().flat_map(|spec| spec.init_containers.iter().flatten())
}

/// The containers of the run in an admitted pod, each with itself as it was sent.
fn own_containers<'a>(
    sent: &'a Pod,
    admitted: &'a Pod,
) -> impl Iterator<Item = (&'a Container, &'a Container)> {
    containers(admitted)
        .filter_map(|container| Some((container, containers(sent).find(|own| own.name == container.name)?)))
}

fn limits(container: &Container) -> Option<&BTreeMap<String, Quantity>> {
    container.resources.as_ref()?.limits.as_ref()
}
