//! What a run needs in a cluster, and what the cluster reports before anything is created.

pub(super) mod access;
pub(super) mod dry_run;
pub(super) mod facts;
pub(super) mod permissions;

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Namespace, Node, PersistentVolumeClaim};
use kube::ResourceExt;
use kube::api::ListParams;

use crate::cluster::{Cluster, RequestError};
use crate::sanitize;

impl Cluster {
    /// The cluster's nodes, all or those that match a label selector.
    ///
    /// # Errors
    /// The request failed.
    pub async fn nodes(&self, selector: Option<&str>) -> Result<Vec<Node>, RequestError> {
        let parameters = ListParams { label_selector: selector.map(str::to_owned), ..ListParams::default() };
        let api = self.all::<Node>();
        let nodes = self.call("list the nodes", api.list(&parameters)).await?;
        Ok(nodes.items)
    }

    /// The names and labels of the nodes, without their specs and statuses.
    ///
    /// # Errors
    /// The request failed.
    pub async fn node_labels(&self) -> Result<Vec<(String, BTreeMap<String, String>)>, RequestError> {
        let api = self.all::<Node>();
        let nodes = self.call("list the nodes", api.list_metadata(&ListParams::default())).await?;
        Ok(nodes.into_iter().map(|mut node| (node.name_any(), std::mem::take(node.labels_mut()))).collect())
    }

    /// The names of the namespaces.
    ///
    /// # Errors
    /// The request failed.
    pub async fn namespaces(&self) -> Result<Vec<String>, RequestError> {
        let api = self.all::<Namespace>();
        let found = self.call("list the namespaces", api.list_metadata(&ListParams::default())).await?;
        Ok(found.into_iter().map(|namespace| namespace.name_any()).collect())
    }

    /// The names of all PersistentVolumeClaim objects in a namespace.
    ///
    /// # Errors
    /// The request failed.
    pub async fn claims(&self, namespace: &str) -> Result<Vec<String>, RequestError> {
        let api = self.namespaced::<PersistentVolumeClaim>(namespace);
        let found =
            self.call("list the PersistentVolumeClaims", api.list_metadata(&ListParams::default())).await?;
        Ok(found.into_iter().map(|claim| claim.name_any()).collect())
    }

    /// The API server's version, as `v1.34.1`; none if the user may not read it.
    ///
    /// # Errors
    /// The server does not answer.
    pub async fn version(&self) -> Result<Option<String>, RequestError> {
        match self.call("reach the cluster", self.client.apiserver_version()).await {
            Ok(version) => Ok(Some(sanitize::line(&version.git_version))),
            Err(error) if error.is_forbidden() => Ok(None),
            Err(error) => Err(error),
        }
    }
}
