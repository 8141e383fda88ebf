//! From the options of pods to the fields of Kubernetes objects. Pure.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{LocalObjectReference, PodSpec, ResourceRequirements, Toleration};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::options::{ObjectOptions, Resource, ResourceQuantity, TaintToleration};

/// The default requests of a container: small, so that any node has room.
const DEFAULT_REQUESTS: [(&str, &str); 2] = [("cpu", "10m"), ("memory", "32Mi")];

impl ObjectOptions {
    /// The metadata of an object with these labels and annotations; `own` labels take precedence.
    pub(crate) fn metadata(&self, name: &str, own: BTreeMap<String, String>) -> ObjectMeta {
        let labels = self.labels.iter().map(|label| (label.key.clone(), label.value.clone()));
        let annotations: BTreeMap<String, String> =
            self.annotations.iter().map(|one| (one.key.clone(), one.value.clone())).collect();
        ObjectMeta {
            name: Some(name.to_owned()),
            labels: Some(labels.chain(own).collect()),
            annotations: (!annotations.is_empty()).then_some(annotations),
            ..ObjectMeta::default()
        }
    }

    /// The resources of each container. Default requests never exceed the limits.
    pub(crate) fn resources(&self) -> ResourceRequirements {
        let by_name = |resources: &[Resource]| -> BTreeMap<String, ResourceQuantity> {
            resources.iter().map(|one| (one.name.clone(), one.quantity.clone())).collect()
        };
        let (mut requests, limits) = (by_name(&self.requests), by_name(&self.limits));
        for (name, default) in DEFAULT_REQUESTS {
            let Some(default) = ResourceQuantity::parse(default) else { continue };
            let limit = limits.get(name).filter(|limit| limit.value() < default.value());
            let request = limit.unwrap_or(&default).clone();
            requests.entry(name.to_owned()).or_insert(request);
        }
        let quantities = |quantities: BTreeMap<String, ResourceQuantity>| {
            let quantity =
                |(name, quantity): (String, ResourceQuantity)| (name, Quantity(quantity.as_str().to_owned()));
            quantities.into_iter().map(quantity).collect::<BTreeMap<_, _>>()
        };
        ResourceRequirements {
            requests: Some(quantities(requests)),
            limits: (!limits.is_empty()).then(|| quantities(limits)),
            ..ResourceRequirements::default()
        }
    }

    /// Sets the other options in the specification of a pod.
    pub(crate) fn apply(&self, spec: &mut PodSpec) {
        let secret = |name: &String| LocalObjectReference { name: name.clone() };
        let secrets: Vec<_> = self.image_pull_secrets.iter().map(secret).collect();
        spec.image_pull_secrets = (!secrets.is_empty()).then_some(secrets);
        let policy = self.image_pull_policy.map(|policy| policy.name().to_owned());
        spec.containers.iter_mut().for_each(|container| container.image_pull_policy.clone_from(&policy));
        spec.service_account_name.clone_from(&self.service_account);
        spec.priority_class_name.clone_from(&self.priority_class);
        spec.runtime_class_name.clone_from(&self.runtime_class);
        if !self.tolerations.is_empty() {
            spec.tolerations.get_or_insert_default().extend(self.tolerations.iter().map(Toleration::from));
        }
    }
}

impl From<&TaintToleration> for Toleration {
    fn from(toleration: &TaintToleration) -> Self {
        let TaintToleration { key, value, effect } = toleration.clone();
        let operator = if value.is_some() { "Equal" } else { "Exists" };
        Self { key: Some(key), operator: Some(operator.to_owned()), value, effect, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limit_below_the_default_request_lowers_it() {
        let limits = ["cpu=2", "memory=16Mi"].map(|text| text.parse().unwrap()).to_vec();
        let options = ObjectOptions { limits, ..ObjectOptions::default() };
        let requests = options.resources().requests.unwrap();
        assert_eq!(requests["cpu"].0, "10m");
        assert_eq!(requests["memory"].0, "16Mi");
    }

    #[test]
    fn own_labels_take_precedence() {
        let labels = vec!["team=network".parse().unwrap()];
        let options = ObjectOptions { labels, ..ObjectOptions::default() };
        let own = BTreeMap::from([("team".to_owned(), "netbench".to_owned())]);
        assert_eq!(options.metadata("x", own).labels.unwrap()["team"], "netbench");
    }
}
