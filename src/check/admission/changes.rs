//! What policies and webhooks change in the pods of a run.

use std::collections::{BTreeMap, BTreeSet};

use super::Check;
use crate::check::quantity::exceeds;
use crate::check::{Item, MAX_NAMES, Topic};
use crate::quantity::join_first;
use crate::testbed::kubernetes::objects::{Change, changes};

/// A limit of a container that the run did not request.
struct AddedLimit {
    value: f64,
    limit: String,
    /// Whether it is the default of a `LimitRange`, not set by a webhook.
    by_limit_range: bool,
}

impl Check<'_> {
    /// What was changed in the pods as they were sent.
    pub(super) fn changes(&self) -> Vec<Item> {
        let mut limits: BTreeMap<String, AddedLimit> = BTreeMap::new();
        let mut injected = BTreeSet::new();
        let mut others = BTreeSet::new();
        for change in self.admitted_pods().flat_map(|(sent, admitted)| changes(sent, admitted)) {
            match change {
                Change::Limit { resource, limit, value, by_limit_range } => {
                    let is_lower = limits.get(&resource).is_none_or(|lowest| exceeds(lowest.value, value));
                    if is_lower {
                        limits.insert(resource, AddedLimit { value, limit, by_limit_range });
                    }
                }
                Change::Container(name) => {
                    injected.insert(format!("container {name}"));
                }
                Change::InitContainer(name) => {
                    injected.insert(format!("init container {name}"));
                }
                Change::HostNetworkRemoved => {
                    others.insert("takes the pods off the host network".to_owned());
                }
                Change::RuntimeClass(class) => {
                    others.insert(format!("sets the runtime class {class}"));
                }
            }
        }
        let limits = limits.into_iter().map(|(resource, limit)| self.added_limit(&resource, &limit));
        let injected = (!injected.is_empty()).then(|| self.injected_containers(&injected));
        let others = others.into_iter().map(|other| {
            let found = self.marked(format!("a webhook {other}"));
            Item::warning(Topic::Admission, found, "exclude the pods if it affects the tests")
        });
        limits.chain(injected).chain(others).collect()
    }

    fn added_limit(&self, resource: &str, added: &AddedLimit) -> Item {
        let topic = if added.by_limit_range { Topic::LimitRange } else { Topic::Admission };
        let found = format!("the {resource} limit of {} per container", added.limit);
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
    }

    /// The containers that webhooks add to the pods.
    fn injected_containers(&self, injected: &BTreeSet<String>) -> Item {
        Item::warning(
            Topic::Admission,
            self.marked(format!("a webhook adds to the pods: {}", join_first(injected, MAX_NAMES))),
            "exclude the pods if it affects the tests; service meshes have a label for this, such as --label \
             sidecar.istio.io/inject=false",
        )
    }
}
