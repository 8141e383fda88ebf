//! From kubeconfig and flags to a client, as kubectl does it.

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

/// Requests that wait for their turn in the client; more than this many would be waited for.
const REQUEST_QUEUE: usize = 1024;

/// A request that is told to come again later is repeated after this long at the least,
const RETRY_FROM: Duration = Duration::from_millis(200);
/// this long at the most,
const RETRY_TO: Duration = Duration::from_secs(3);
/// and this often.
const RETRIES: u32 = 4;

/// Connects to the cluster that the options and the environment name.
///
/// Credential plugins run here, and may ask for input: nothing else may use the terminal meanwhile.
///
/// # Errors
/// No cluster is named, or its configuration cannot be used. The cluster itself is not asked yet.
pub async fn connect(
    options: &ConnectionOptions,
    environment: &Environment,
) -> Result<Cluster, ConnectError> {
    let Some(mut merged) = kubeconfig::read(options, environment)? else {
        let config = Config::incluster().map_err(|error| ConnectError::InCluster(Box::new(error)))?;
        return finish(config, None, options).await;
    };
    let context = kubeconfig::check_names(&merged, options)?;
    if !environment.interactive {
        for user in merged.auth_infos.iter_mut().filter_map(|user| user.auth_info.as_mut()) {
            if let Some(exec) = &mut user.exec {
                exec.interactive_mode = Some(ExecInteractiveMode::Never);
            }
        }
    }
    let own_proxy = proxy::of_cluster(&merged, options, &context);
    let names = KubeConfigOptions {
        context: Some(context.clone()),
        cluster: options.cluster.clone(),
        user: options.user.clone(),
    };
    let mut config = Config::from_custom_kubeconfig(merged, &names)
        .await
        .map_err(|error| ConnectError::Kubeconfig(Box::new(error)))?;
    // kube matches `NO_PROXY` against the proxy's own address: it is decided here
    config.proxy_url = match own_proxy {
        Some(proxy) => proxy.parse().ok(),
        None => proxy::of_environment(&config.cluster_url, environment),
    };
    finish(config, Some(context), options).await
}

async fn finish(
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
    // credential plugins run synchronously in here
    let client = tokio::task::spawn_blocking(move || client(config))
        .await
        .map_err(|error| ConnectError::Client(Box::new(kube::Error::Service(error.into()))))?
        .map_err(|error| ConnectError::Client(Box::new(error)))?;
    Ok(Cluster::new(client, context, flags, &url, options.request_timeout))
}

fn client(config: Config) -> kube::Result<Client> {
    with_retries(ClientBuilder::try_from(config)?.with_layer(&LogLayer)).map(ClientBuilder::build)
}

/// Repeats requests a few times when the server asks for it.
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
    let retries = RetryPolicy::new(RETRY_FROM, RETRY_TO, RETRIES, true)
        .map_err(|error| kube::Error::Service(error.into()))?;
    Ok(builder.with_layer(&BufferLayer::new(REQUEST_QUEUE)).with_layer(&RetryLayer::new(retries)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubectl_is_told_the_same_flags_as_we_were() {
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
