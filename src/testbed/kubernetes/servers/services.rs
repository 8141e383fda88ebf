//! The Services in front of the servers, as the cluster makes them.

use std::time::Duration;

use k8s_openapi::api::core::v1::Service;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};
use serde_json::json;

use super::unusable;
use crate::cluster::{RequestError, until_answered};
use crate::document::Path;
use crate::testbed::Unusable;
use crate::testbed::kubernetes::KubernetesTestbed;
use crate::testbed::kubernetes::objects::{is_same, needs_udp_node_port, with_udp};

/// How long the cluster's load balancer may take to give a Service an address.
const LOAD_BALANCER_LIMIT: Duration = Duration::from_secs(180);

/// How often it is looked for.
const POLL: Duration = Duration::from_millis(500);

impl KubernetesTestbed {
    fn services(&self) -> Api<Service> {
        Api::namespaced(self.cluster.client.clone(), &self.scope.namespace())
    }

    /// Makes a Service, or finds the one that stayed.
    pub(super) async fn create_service(&self, service: Service) -> Result<Service, RequestError> {
        let (cluster, api) = (self.cluster.clone(), self.services());
        let add_udp = needs_udp_node_port(&self.settings);
        self.tracked(async move {
            let name = service.name_any();
            let doing = "create its Service";
            let parameters = PostParams::default();
            let create = || until_answered(|| cluster.call(doing, api.create(&parameters, &service)));
            let made = match create().await {
                Err(error) if error.is_conflict() => {
                    let found = cluster.call(doing, api.get(&name)).await?;
                    if is_same(&found, &service) {
                        found
                    } else {
                        let parameters = DeleteParams::default();
                        cluster.call("replace its Service", api.delete(&name, &parameters)).await?;
                        create().await?
                    }
                }
                other => other?,
            };
            let is_there = |made: &Service| with_udp(made).len() == with_udp(&service).len() + 1;
            if !add_udp || is_there(&made) {
                return Ok(made);
            }
            let patch = Patch::Merge(json!({"spec": {"ports": with_udp(&made)}}));
            let doing = "give its Service a port for UDP";
            let parameters = PatchParams::default();
            until_answered(|| cluster.call(doing, api.patch(&name, &parameters, &patch))).await
        })
        .await
    }

    /// Whether the Service of a node needs a load balancer, and had one if it was there before.
    async fn has_load_balancer(&self, index: usize) -> bool {
        let started = self.started.lock().await;
        let before = |route: usize| started.get(index).is_none_or(|node| node.servers[route].is_ok());
        let mut routes = self.settings.routes.iter().enumerate();
        routes.any(|(position, route)| route.path == Path::LoadBalancer && before(position))
    }

    /// Waits until the Service of the node at position `index` has all addresses that the routes need,
    /// unless it had none before.
    pub(super) async fn complete_service(
        &self,
        index: usize,
        service: Result<Option<Service>, Unusable>,
        waiting: impl Fn(&str),
    ) -> Result<Option<Service>, Unusable> {
        let service = service?;
        if !self.has_load_balancer(index).await {
            return Ok(service);
        }
        let Some(mut service) = service else {
            return Ok(None);
        };
        let name = service.name_any();
        let give_up = tokio::time::Instant::now() + LOAD_BALANCER_LIMIT;
        while load_balancers(&service).is_empty() {
            if tokio::time::Instant::now() >= give_up {
                return Err(Unusable::because(format!(
                    "the cluster's load balancer gave its Service no address within {} seconds",
                    LOAD_BALANCER_LIMIT.as_secs()
                ))
                .with_remedy(Some(
                    "see whether the cluster has a load balancer; --path nodeport needs none",
                )));
            }
            waiting("waiting for the load balancer");
            tokio::time::sleep(POLL).await;
            let get = self.services();
            let read = until_answered(|| self.cluster.call("read its Service", get.get(&name))).await;
            service = read.map_err(|error| unusable(&error))?;
        }
        Ok(Some(service))
    }
}

/// The addresses, or the names, that the load balancer has given a Service.
pub(super) fn load_balancers(service: &Service) -> Vec<String> {
    let status = service.status.as_ref().and_then(|status| status.load_balancer.as_ref());
    let ingress = status.and_then(|status| status.ingress.as_deref()).unwrap_or_default();
    let addresses =
        ingress.iter().filter_map(|ingress| ingress.ip.clone().or_else(|| ingress.hostname.clone()));
    addresses.filter(|address| !address.is_empty()).collect()
}
