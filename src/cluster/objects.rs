//! Kubernetes objects of any kind, in one list.

use k8s_openapi::Resource;
use kube::api::ApiResource;
use kube::core::{DynamicObject, GroupVersionKind};
use serde::Serialize;
use serde_json::Value;

/// The label for the tool that manages an object.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// An object of any kind, to be created or printed.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    value: Value,
    is_namespaced: bool,
}

impl Object {
    /// An object in a namespace, which is set when the object is created or printed.
    pub fn namespaced<K: Resource + Serialize>(object: &K) -> Self {
        // cannot fail: Kubernetes objects have string keys and finite numbers
        Self { value: serde_json::to_value(object).unwrap_or_default(), is_namespaced: true }
    }

    /// A cluster-scoped object.
    pub fn cluster_scoped<K: Resource + Serialize>(object: &K) -> Self {
        Self { is_namespaced: false, ..Self::namespaced(object) }
    }

    /// A custom resource in a namespace.
    pub fn custom_resource(value: Value) -> Self {
        Self { value, is_namespaced: true }
    }

    /// Sets another API version, which has the same fields.
    #[must_use]
    pub fn with_api_version(mut self, api_version: &str) -> Self {
        self.value["apiVersion"] = api_version.into();
        self
    }

    fn text(&self, pointer: &str) -> &str {
        self.value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// `kind`.
    pub fn kind(&self) -> &str {
        self.text("/kind")
    }

    /// `metadata.name`.
    pub fn name(&self) -> &str {
        self.text("/metadata/name")
    }

    /// Whether the object is in a namespace, unlike a cluster-scoped one.
    pub fn is_namespaced(&self) -> bool {
        self.is_namespaced
    }

    /// The API resource of its kind.
    pub fn resource(&self) -> ApiResource {
        resource(self.text("/apiVersion"), self.kind())
    }

    /// The object for a request; none if it lacks metadata.
    pub(crate) fn to_dynamic(&self) -> Option<DynamicObject> {
        serde_json::from_value(self.value.clone()).ok()
    }
}

/// The API resource of a kind; `api_version` is `v1`, or with a group, `batch/v1`.
pub(crate) fn resource(api_version: &str, kind: &str) -> ApiResource {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind))
}

/// Objects as YAML documents, for `kubectl apply`.
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
