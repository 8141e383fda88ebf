//! Objects of any kind, as they are made one after the other.

use k8s_openapi::Resource;
use kube::api::ApiResource;
use kube::core::{DynamicObject, GroupVersionKind};
use serde::Serialize;
use serde_json::Value;

/// The label that tells who manages an object.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// An object of any kind that is to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    value: Value,
    is_namespaced: bool,
}

impl Object {
    /// One that is in a namespace: in which one is said when it is made.
    pub fn namespaced<K: Resource + Serialize>(object: &K) -> Self {
        // an object of Kubernetes has string keys and finite numbers only: nothing in it can fail
        Self { value: serde_json::to_value(object).unwrap_or_default(), is_namespaced: true }
    }

    /// One that is in no namespace.
    pub fn of_cluster<K: Resource + Serialize>(object: &K) -> Self {
        Self { is_namespaced: false, ..Self::namespaced(object) }
    }

    /// One of a kind that is not Kubernetes' own, in a namespace.
    pub fn of_json(value: Value) -> Self {
        Self { value, is_namespaced: true }
    }

    /// The same in another version of its API, in which it looks the same.
    #[must_use]
    pub fn of_version(mut self, api_version: &str) -> Self {
        self.value["apiVersion"] = api_version.into();
        self
    }

    fn text(&self, pointer: &str) -> &str {
        self.value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// Its kind.
    pub fn kind(&self) -> &str {
        self.text("/kind")
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.text("/metadata/name")
    }

    /// Whether it is in a namespace.
    pub fn is_namespaced(&self) -> bool {
        self.is_namespaced
    }

    /// Where the API server has objects of its kind.
    pub fn resource(&self) -> ApiResource {
        resource(self.text("/apiVersion"), self.kind())
    }

    /// The object for the API; none if it has no name.
    pub(crate) fn dynamic(&self) -> Option<DynamicObject> {
        serde_json::from_value(self.value.clone()).ok()
    }
}

/// Where the API server has objects of a kind, in a version as `v1` or `batch/v1`.
pub(crate) fn resource(api_version: &str, kind: &str) -> ApiResource {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind))
}

/// Objects as YAML, for people to read and for `kubectl apply`.
pub fn yaml(objects: &[Object], namespace: &str) -> String {
    let document = |object: &Object| {
        let mut value = object.value.clone();
        if object.is_namespaced {
            value["metadata"]["namespace"] = namespace.into();
        }
        let text = serde_yaml::to_string(&value).unwrap_or_default();
        format!("---\n{}\n", text.trim_end())
    };
    objects.iter().map(document).collect()
}

/// Whether a text is a name that every kind of object may have: a label of RFC 1123.
pub fn valid_name(text: &str) -> bool {
    let fits =
        |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-';
    !text.is_empty()
        && text.len() <= 63
        && text.chars().all(fits)
        && !text.starts_with('-')
        && !text.ends_with('-')
}
