//! Builds a client from kubeconfig and flags, with the rules of kubectl.

use std::time::Duration;

use http::{Request, Response};
use kube::client::retry::RetryPolicy;
use kube::client::{Body, ClientBuilder};
use kube::config::{ExecInteractiveMode, KubeConfigOptions};
use kube::{Client, Config};
use tower::buffer::BufferLayer;
use tower::retry::RetryLayer;
use tower::{BoxError, Service};

use super::connection::{ConnectError, ConnectionOptions, Environment};
use super::log::LogLayer;
use super::request::Cluster;
use super::{kubeconfig, proxy};

/// The number of requests that are queued in the client before a further one waits.
const REQUEST_QUEUE: usize = 1024;

/// Limits for the retries of a request that the API server rejects as temporarily overloaded (429, 503, 504).
const MIN_RETRY_DELAY: Duration = Duration::from_millis(200);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(3);
const MAX_RETRIES: u32 = 4;

/// Builds the client of the cluster that the options and the environment select, without sending it a
/// request.
///
/// Runs credential plugins, which may prompt for input: nothing else may use the terminal in the meantime.
///
/// # Errors
/// No cluster is selected, or its configuration is invalid.
pub async fn connect(
    options: &ConnectionOptions,
    environment: &Environment,
) -> Result<Cluster, ConnectError> {
    let Some(mut merged) = kubeconfig::read(options, environment)? else {
        let config = Config::incluster().map_err(|error| ConnectError::InCluster(Box::new(error)))?;
        return build_cluster(config, None, options).await;
    };
    let context = kubeconfig::validate_names(&merged, options)?;
    if !environment.interactive {
        for user in merged.auth_infos.iter_mut().filter_map(|user| user.auth_info.as_mut()) {
            if let Some(exec) = &mut user.exec {
                exec.interactive_mode = Some(ExecInteractiveMode::Never);
            }
        }
    }
    let cluster_proxy = proxy::from_kubeconfig(&merged, options, &context);
    let names = KubeConfigOptions {
        context: Some(context.clone()),
        cluster: options.cluster.clone(),
        user: options.user.clone(),
    };
    let mut config = Config::from_custom_kubeconfig(merged, &names)
        .await
        .map_err(|error| ConnectError::Kubeconfig(Box::new(error)))?;
    // decided here, since kube compares `NO_PROXY` with the address of the proxy instead of the cluster's
    config.proxy_url = match cluster_proxy {
        Some(proxy) => proxy.parse().ok(),
        None => proxy::from_environment(&config.cluster_url, environment),
    };
    build_cluster(config, Some(context), options).await
}

async fn build_cluster(
    mut config: Config,
    context: Option<String>,
    options: &ConnectionOptions,
) -> Result<Cluster, ConnectError> {
    config.default_retry = false;
    if options.request_timeout.is_some() {
        config.connect_timeout = options.request_timeout;
    }
    if options.impersonate.is_some() {
        config.auth_info.impersonate.clone_from(&options.impersonate);
        config.auth_info.impersonate_uid.clone_from(&options.impersonate_uid);
        let groups = &options.impersonate_groups;
        config.auth_info.impersonate_groups = (!groups.is_empty()).then(|| groups.clone());
    }
    let url = config.cluster_url.to_string();
    let flags = options.kubectl_flags(context.as_deref());
    // credential plugins run synchronously in it
    let client = tokio::task::spawn_blocking(move || build_client(config))
        .await
        .map_err(|error| ConnectError::Client(Box::new(kube::Error::Service(error.into()))))?
        .map_err(|error| ConnectError::Client(Box::new(error)))?;
    Ok(Cluster::new(client, context, flags, &url, options.request_timeout))
}

fn build_client(config: Config) -> kube::Result<Client> {
    with_retries(ClientBuilder::try_from(config)?.with_layer(&LogLayer)).map(ClientBuilder::build)
}

/// Adds retries of requests that the API server rejects as temporarily overloaded; `Retry-After` is obeyed.
pub(super) fn with_retries<S, B>(
    builder: ClientBuilder<S>,
) -> kube::Result<
    ClientBuilder<
        impl Service<Request<Body>, Response = Response<B>, Error = BoxError, Future: Send>
        + Send
        + Clone
        + use<S, B>,
    >,
>
where
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError> + Send + 'static,
    S::Future: Send + 'static,
    B: Send + 'static,
{
    let retries = RetryPolicy::new(MIN_RETRY_DELAY, MAX_RETRY_DELAY, MAX_RETRIES, true)
        .map_err(|error| kube::Error::Service(error.into()))?;
    Ok(builder.with_layer(&BufferLayer::new(REQUEST_QUEUE)).with_layer(&RetryLayer::new(retries)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_flags_are_passed_on_to_kubectl() {
        let options = ConnectionOptions {
            kubeconfig: Some("/home/a b/config".into()),
            impersonate: Some("jane".to_owned()),
            impersonate_groups: vec!["ops".to_owned()],
            ..ConnectionOptions::default()
        };
        let flags = options.kubectl_flags(Some("east"));
        assert_eq!(flags, " --kubeconfig '/home/a b/config' --context east --as jane --as-group ops");
    }
}
