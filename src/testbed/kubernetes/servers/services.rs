//! The Services in front of the servers.

use std::time::Duration;

use k8s_openapi::api::core::v1::Service;
use kube::ResourceExt;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use serde_json::json;
use tokio::time::Instant;

use crate::cluster::{RequestError, ok_if_exists, retry_unanswered};
use crate::document::Path;
use crate::options::Route;
use crate::testbed::kubernetes::context::{ActiveScope, Context};
use crate::testbed::kubernetes::nodes::Chosen;
use crate::testbed::kubernetes::objects::{self, has_same_spec, needs_udp_node_port, with_udp};
use crate::testbed::{NodeServers, Unusable};

/// How long the load balancer may take to assign an address to a Service,
const LOAD_BALANCER_LIMIT: Duration = Duration::from_secs(180);
/// and how often to look for it.
const POLL: Duration = Duration::from_millis(500);

/// Creates the Service of a node, or finds a kept one; none if no path needs a Service.
pub(super) async fn create(
    context: &Context,
    active: &ActiveScope,
    node: &Chosen,
) -> Result<Option<Service>, Unusable> {
    match objects::service(&context.settings, node, active.owner.clone()) {
        Some(service) => Ok(Some(create_service(context, service).await?)),
        None => Ok(None),
    }
}

async fn create_service(context: &Context, service: Service) -> Result<Service, RequestError> {
    let (cluster, api) = (context.cluster.clone(), context.api::<Service>());
    let add_udp = needs_udp_node_port(&context.settings);
    let create = async move {
        let name = service.name_any();
        let (doing, parameters) = ("create the Service", PostParams::default());
        let create = || retry_unanswered(|| cluster.call(doing, api.create(&parameters, &service)));
        let created = match ok_if_exists(create().await)? {
            Some(created) => created,
            None => {
                let found = cluster.call(doing, api.get(&name)).await?;
                if has_same_spec(&found, &service) {
                    found
                } else {
                    let parameters = DeleteParams::default();
                    cluster.call("replace the Service", api.delete(&name, &parameters)).await?;
                    create().await?
                }
            }
        };
        let has_udp = with_udp(&created).len() == with_udp(&service).len() + 1;
        if !add_udp || has_udp {
            return Ok(created);
        }
        let patch = Patch::Merge(json!({"spec": {"ports": with_udp(&created)}}));
        let (doing, parameters) = ("add a UDP port to the Service", PatchParams::default());
        retry_unanswered(|| cluster.call(doing, api.patch(&name, &parameters, &patch))).await
    };
    context.tracked(create).await
}

/// Whether a path needs a load balancer, which it had `before` if the servers were started before.
pub(in crate::testbed::kubernetes) fn needs_load_balancer(
    routes: &[Route],
    before: Option<&NodeServers>,
) -> bool {
    let had_one = |route: &Route| before.is_none_or(|servers| servers.get(route).is_some_and(Result::is_ok));
    routes.iter().any(|route| route.path == Path::LoadBalancer && had_one(route))
}

/// Waits until the load balancer has assigned an address to a Service.
pub(super) async fn with_address(
    context: &Context,
    service: Result<Option<Service>, Unusable>,
    waiting: impl Fn(&str),
) -> Result<Option<Service>, Unusable> {
    let Some(mut service) = service? else {
        return Ok(None);
    };
    let (api, name) = (context.api::<Service>(), service.name_any());
    let give_up = Instant::now() + LOAD_BALANCER_LIMIT;
    while load_balancers(&service).is_empty() {
        if Instant::now() >= give_up {
            let seconds = LOAD_BALANCER_LIMIT.as_secs();
            let reason = format!("the Service got no address from a load balancer within {seconds} seconds");
            let remedy = "check that the cluster provides load balancers, or use --path nodeport";
            return Err(Unusable::because(reason).with_remedy(Some(remedy)));
        }
        waiting("waiting for the load balancer");
        tokio::time::sleep(POLL).await;
        service = retry_unanswered(|| context.cluster.call("get the Service", api.get(&name))).await?;
    }
    Ok(Some(service))
}

/// The addresses, or host names, that the load balancer has assigned to a Service.
pub(super) fn load_balancers(service: &Service) -> Vec<String> {
    let status = service.status.as_ref().and_then(|status| status.load_balancer.as_ref());
    let ingress = status.and_then(|status| status.ingress.as_deref()).unwrap_or_default();
    let addresses =
        ingress.iter().filter_map(|ingress| ingress.ip.clone().or_else(|| ingress.hostname.clone()));
    addresses.filter(|address| !address.is_empty()).collect()
}
