//! Label selectors, as Kubernetes matches them.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::core::{Selector, SelectorExt};

pub(super) type Labels = BTreeMap<String, String>;

/// Whether a selector matches an object with these labels; an empty one matches all. One that is invalid,
/// which no API server accepts, matches none.
pub(super) fn matches(selector: &LabelSelector, labels: &Labels) -> bool {
    Selector::try_from(selector.clone()).is_ok_and(|selector| selector.matches(labels))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn selector_matches_as_in_kubernetes() {
        let labels = Labels::from([("app".to_owned(), "netbench".to_owned())]);
        let matches = |selector| matches(&serde_json::from_value(selector).unwrap(), &labels);
        assert!(matches(json!({})));
        assert!(matches(json!({"matchLabels": {"app": "netbench"}})));
        assert!(!matches(json!({"matchLabels": {"app": "netbench", "x": "y"}})));
        let expression = |operator: &str, key: &str, values: &[&str]| {
            matches(json!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]}))
        };
        assert!(expression("In", "app", &["a", "netbench"]) && !expression("In", "x", &["a"]));
        assert!(expression("NotIn", "x", &["a"]) && !expression("NotIn", "app", &["netbench"]));
        assert!(expression("Exists", "app", &[]) && !expression("Exists", "x", &[]));
        assert!(expression("DoesNotExist", "x", &[]) && !expression("DoesNotExist", "app", &[]));
    }
}
