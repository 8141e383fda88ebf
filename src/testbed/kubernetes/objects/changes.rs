//! What policies and webhooks change in the pods of a run. Pure.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, Pod};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::ResourceExt;

use crate::options::ResourceQuantity;
use crate::sanitize;

/// The annotation with what a `LimitRange` has set in a pod: `cpu, memory limit for container iperf3; …`.
const LIMIT_RANGER: &str = "kubernetes.io/limit-ranger";

/// A change to a pod that was not requested.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A limit of one of the run's own containers.
    Limit {
        /// The name of the resource: `cpu`.
        resource: String,
        /// The limit.
        limit: String,
        /// The limit as a number.
        value: f64,
        /// Whether it is the default of a `LimitRange`, not set by a webhook.
        by_limit_range: bool,
    },
    /// A container was added.
    Container(String),
    /// An init container was added.
    InitContainer(String),
    /// The pod was taken off the host network.
    HostNetworkRemoved,
    /// Another runtime class.
    RuntimeClass(String),
}

/// What differs between a pod as it was sent, and as it is stored.
pub fn changes(sent: &Pod, stored: &Pod) -> Vec<Change> {
    let mut changes = added_limits(sent, stored);
    let is_new = |container: &&Container| {
        !containers(sent).chain(init_containers(sent)).any(|own| own.name == container.name)
    };
    let name = |container: &Container| sanitize::line(&container.name);
    changes.extend(containers(stored).filter(is_new).map(|added| Change::Container(name(added))));
    changes.extend(init_containers(stored).filter(is_new).map(|added| Change::InitContainer(name(added))));
    let is_on_host_network = |pod: &Pod| pod.spec.as_ref().and_then(|spec| spec.host_network) == Some(true);
    if is_on_host_network(sent) && !is_on_host_network(stored) {
        changes.push(Change::HostNetworkRemoved);
    }
    let runtime_class = |pod: &Pod| pod.spec.as_ref().and_then(|spec| spec.runtime_class_name.clone());
    if let Some(class) = runtime_class(stored).filter(|class| runtime_class(sent).as_ref() != Some(class)) {
        changes.push(Change::RuntimeClass(sanitize::line(&class)));
    }
    changes
}

/// The limits of the run's own containers that the run did not request.
fn added_limits(sent: &Pod, stored: &Pod) -> Vec<Change> {
    let mut added = Vec::new();
    for container in containers(stored) {
        let Some(own) = containers(sent).find(|own| own.name == container.name) else { continue };
        for (resource, limit) in limits(container).into_iter().flatten() {
            let requested = limits(own).and_then(|limits| limits.get(resource)).and_then(value_of);
            let Some(value) = value_of(limit).filter(|value| Some(*value) != requested) else { continue };
            added.push(Change::Limit {
                resource: sanitize::line(resource),
                limit: sanitize::line(&limit.0),
                value,
                by_limit_range: is_set_by_limit_range(stored, resource),
            });
        }
    }
    added
}

fn value_of(quantity: &Quantity) -> Option<f64> {
    ResourceQuantity::parse(&quantity.0).map(|quantity| quantity.value())
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

fn limits(container: &Container) -> Option<&BTreeMap<String, Quantity>> {
    container.resources.as_ref()?.limits.as_ref()
}
