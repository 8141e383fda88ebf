//! Handles for the objects of a cluster, and what common refusals of them mean.

use k8s_openapi::NamespaceResourceScope;
use kube::api::ApiResource;
use kube::core::DynamicObject;
use kube::{Api, Resource};

use super::request::{Cluster, RequestError};

impl Cluster {
    /// The objects of one kind in a namespace.
    pub(crate) fn namespaced<K>(&self, namespace: &str) -> Api<K>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), namespace)
    }

    /// The objects of one kind in the whole cluster.
    pub(crate) fn all<K: Resource<DynamicType = ()>>(&self) -> Api<K> {
        Api::all(self.client.clone())
    }

    /// The objects of a kind that is known at run time only, in a namespace or in the whole cluster.
    pub(crate) fn dynamic(&self, resource: &ApiResource, namespace: Option<&str>) -> Api<DynamicObject> {
        match namespace {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, resource),
            None => Api::all_with(self.client.clone(), resource),
        }
    }
}

/// The created object, or none if it exists already: a repeated request finds what the first one created
/// without an answer. Only for names that no other run uses.
///
/// # Errors
/// Any other error of the creation.
pub(crate) fn ok_if_exists<T>(created: Result<T, RequestError>) -> Result<Option<T>, RequestError> {
    match created {
        Err(error) if error.is_conflict() => Ok(None),
        other => other.map(Some),
    }
}

/// Turns the error that the object does not exist, or is being deleted already, into success.
///
/// # Errors
/// Any other error of the deletion.
pub(crate) fn ok_if_gone<T>(deleted: Result<T, RequestError>) -> Result<(), RequestError> {
    match deleted {
        // 409: the deletion has begun already
        Err(error) if error.is_not_found() || error.is_conflict() => Ok(()),
        other => other.map(drop),
    }
}
