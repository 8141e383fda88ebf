//! What the modules of the testbed share.

use std::sync::{Mutex, PoisonError};

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::PostParams;
use kube::{Api, Resource};
use tokio_util::task::TaskTracker;

use super::nodes::Chosen;
use super::objects::{RUN_LABEL, Settings, network_policy};
use super::pods::PodWatch;
use super::scope::Scope;
use crate::cluster::hardened::Relaxation;
use crate::cluster::{Cluster, RequestError, ok_if_exists, retry_unanswered};
use crate::document::NodeId;

/// What all requests of a run are made from.
pub(super) struct Context {
    pub cluster: Cluster,
    pub scope: Scope,
    pub nodes: Vec<Chosen>,
    pub settings: Settings,
    /// What pods leave to the cluster, as far as known.
    pub relaxation: Mutex<Relaxation>,
    /// Requests that create or delete something. They are completed even if their caller is dropped, so
    /// that nothing is created after the cleanup.
    pub requests: TaskTracker,
}

/// What exists once the scope of the run is created.
pub(super) struct ActiveScope {
    /// The owner of all objects; none in a namespace of the run's own.
    pub owner: Option<OwnerReference>,
    /// The pods of the run.
    pub pods: PodWatch,
}

impl Context {
    /// The objects of one kind in the namespace of the run.
    pub fn api<K>(&self) -> Api<K>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
    {
        self.cluster.namespaced(&self.scope.namespace())
    }

    /// One of the nodes; none for an external server.
    pub fn node(&self, id: NodeId) -> Option<&Chosen> {
        self.nodes.iter().find(|node| node.node.name == id)
    }

    /// What pods leave to the cluster.
    pub fn relaxation(&self) -> Relaxation {
        // nothing panics while holding the lock
        *self.relaxation.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves more to the cluster after a refusal of a pod that left `tried` to it. Whether it may be admitted now.
    pub fn relax(&self, tried: Relaxation, message: &str) -> bool {
        let mut relaxation = self.relaxation.lock().unwrap_or_else(PoisonError::into_inner);
        // another pod may have been refused before
        if *relaxation != tried {
            return true;
        }
        let more = relaxation.after(message);
        *relaxation = more.unwrap_or(tried);
        more.is_some()
    }

    /// Completes a request even if the caller is dropped.
    pub async fn tracked<T: Send + 'static>(
        &self,
        request: impl Future<Output = Result<T, RequestError>> + Send + 'static,
    ) -> Result<T, RequestError> {
        match self.requests.spawn(request).await {
            Ok(answer) => answer,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }

    /// Creates the scope and, before there are pods to protect, the `NetworkPolicy`.
    ///
    /// # Errors
    /// The cluster refuses, or does not answer.
    pub async fn activate(&self) -> Result<ActiveScope, RequestError> {
        let (scope, cluster) = (self.scope.clone(), self.cluster.clone());
        let owner = self.tracked(async move { scope.create(&cluster).await }).await?;
        if let Some(policy) = network_policy(&self.settings, &self.nodes, owner.clone()) {
            self.create_policy(policy).await?;
        }
        let selector = format!("{RUN_LABEL}={}", self.settings.run());
        Ok(ActiveScope { owner, pods: PodWatch::new(self.api(), &selector) })
    }

    async fn create_policy(&self, policy: NetworkPolicy) -> Result<(), RequestError> {
        let (cluster, api) = (self.cluster.clone(), self.api::<NetworkPolicy>());
        self.tracked(async move {
            let parameters = PostParams::default();
            let create = || cluster.call("create the NetworkPolicy", api.create(&parameters, &policy));
            ok_if_exists(retry_unanswered(create).await).map(drop)
        })
        .await
    }
}
