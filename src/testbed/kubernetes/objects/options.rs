//! What the user wants of the objects of a run, beside what the run needs. Pure.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{LocalObjectReference, PodSpec, ResourceRequirements, Toleration};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// Labels and annotations for every object of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
}

impl Marks {
    /// The metadata of an object that is marked so; our own labels go before the user's.
    pub(crate) fn metadata(&self, name: &str, ours: BTreeMap<String, String>) -> ObjectMeta {
        let mut labels = self.labels.clone();
        labels.extend(ours);
        ObjectMeta {
            name: Some(name.to_owned()),
            labels: Some(labels),
            annotations: (!self.annotations.is_empty()).then(|| self.annotations.clone()),
            ..ObjectMeta::default()
        }
    }
}

/// What the user wants of the pods of a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PodOptions {
    /// For every object.
    pub marks: Marks,
    /// What each container asks for, instead of the little that is usual.
    pub requests: BTreeMap<String, Amount>,
    /// What each container may have.
    pub limits: BTreeMap<String, Amount>,
    /// Secrets to pull the image with.
    pub pull_secrets: Vec<String>,
    /// The service account; its token is not mounted.
    pub service_account: Option<String>,
    /// The priority class.
    pub priority_class: Option<String>,
    /// The runtime class.
    pub runtime_class: Option<String>,
    /// Taints of nodes that are tolerated, beside those of nodes that are named.
    pub tolerations: Vec<Toleration>,
    /// Whether a `NetworkPolicy` lets only the run's own clients in.
    pub network_policy: bool,
}

/// An amount of a resource, as Kubernetes writes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Amount {
    text: String,
    value: f64,
}

/// What a container asks for unless told otherwise: little, so that it finds room.
const USUAL_REQUESTS: [(&str, &str); 2] = [("cpu", "10m"), ("memory", "32Mi")];

impl Amount {
    /// Reads `100m`, `1.5`, `64Mi`, `1e3`; none for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        const SUFFIXES: [(&str, f64); 16] = [
            ("Ki", 1024.0),
            ("Mi", 1_048_576.0),
            ("Gi", 1_073_741_824.0),
            ("Ti", 1_099_511_627_776.0),
            ("Pi", 1_125_899_906_842_624.0),
            ("Ei", 1_152_921_504_606_846_976.0),
            ("n", 1e-9),
            ("u", 1e-6),
            ("m", 1e-3),
            ("k", 1e3),
            ("M", 1e6),
            ("G", 1e9),
            ("T", 1e12),
            ("P", 1e15),
            ("E", 1e18),
            ("", 1.0),
        ];
        let value = SUFFIXES.iter().find_map(|(suffix, factor)| {
            let number = text.strip_suffix(suffix)?;
            // nothing that only Rust takes for a number: inf, NaN, 1_000
            let is_number = number.starts_with(|first: char| first.is_ascii_digit())
                && number
                    .chars()
                    .all(|digit| digit.is_ascii_digit() || matches!(digit, '.' | 'e' | 'E' | '-' | '+'));
            is_number.then(|| number.parse::<f64>().ok()).flatten().map(|number| number * factor)
        })?;
        value.is_finite().then(|| Self { text: text.to_owned(), value })
    }

    /// Its value: CPUs, bytes, or a number of things.
    pub fn value(&self) -> f64 {
        self.value
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl PodOptions {
    /// The resources of each container. The usual requests give way to lower limits.
    pub(crate) fn resources(&self) -> ResourceRequirements {
        let mut requests = self.requests.clone();
        for (name, usual) in USUAL_REQUESTS {
            let limit = self.limits.get(name);
            let Some(usual) = Amount::parse(usual) else { continue };
            let usual = limit.filter(|limit| limit.value < usual.value).unwrap_or(&usual).clone();
            requests.entry(name.to_owned()).or_insert(usual);
        }
        let quantities = |amounts: &BTreeMap<String, Amount>| {
            let quantity = |(name, amount): (&String, &Amount)| (name.clone(), Quantity(amount.text.clone()));
            amounts.iter().map(quantity).collect::<BTreeMap<_, _>>()
        };
        ResourceRequirements {
            requests: Some(quantities(&requests)),
            limits: (!self.limits.is_empty()).then(|| quantities(&self.limits)),
            ..ResourceRequirements::default()
        }
    }

    /// Puts the rest into the specification of a pod.
    pub(crate) fn apply(&self, spec: &mut PodSpec) {
        let secret = |name: &String| LocalObjectReference { name: name.clone() };
        let secrets: Vec<_> = self.pull_secrets.iter().map(secret).collect();
        spec.image_pull_secrets = (!secrets.is_empty()).then_some(secrets);
        spec.service_account_name.clone_from(&self.service_account);
        spec.priority_class_name.clone_from(&self.priority_class);
        spec.runtime_class_name.clone_from(&self.runtime_class);
        if !self.tolerations.is_empty() {
            spec.tolerations.get_or_insert_default().extend(self.tolerations.iter().cloned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn amounts(pairs: &[(&str, &str)]) -> BTreeMap<String, Amount> {
        pairs.iter().map(|(name, text)| ((*name).to_owned(), Amount::parse(text).unwrap())).collect()
    }

    #[test]
    fn amounts_are_read_as_kubernetes_writes_them() {
        let value = |text: &str| Amount::parse(text).map(|amount| amount.value);
        assert_eq!(value("100m"), Some(0.1));
        assert_eq!(value("1.5"), Some(1.5));
        assert_eq!(value("64Mi"), Some(67_108_864.0));
        assert_eq!(value("1e3"), Some(1000.0));
        assert_eq!(value("2k"), Some(2000.0));
        assert_eq!(value("1E"), Some(1e18));
        for wrong in ["", "Mi", "-1", "1 Gi", "1GB", "inf", "1_000", "1e999"] {
            assert_eq!(value(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_limit_below_the_usual_request_lowers_it() {
        let options =
            PodOptions { limits: amounts(&[("cpu", "2"), ("memory", "16Mi")]), ..PodOptions::default() };
        let requests = options.resources().requests.unwrap();
        assert_eq!(requests["cpu"].0, "10m");
        assert_eq!(requests["memory"].0, "16Mi");
    }

    proptest! {
        #[test]
        fn any_text_is_an_amount_or_none(text in ".{0,12}") {
            if let Some(amount) = Amount::parse(&text) {
                prop_assert!(amount.value >= 0.0);
                prop_assert_eq!(amount.as_str(), text);
            }
        }
    }
}
