//! Builds a client from kubeconfig and flags, with the rules of kubectl.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Request, Response};
use kube::client::retry::RetryPolicy;
use kube::client::{Body, ClientBuilder};
use kube::config::AuthProviderConfig;
use kube::{Client, Config};
use tower::buffer::BufferLayer;
use tower::retry::RetryLayer;
use tower::{BoxError, Service};

use super::connection::{ConnectError, ConnectionOptions, Environment};
use super::credentials::Credentials;
use super::kubeconfig::{self, Target, User};
use super::log::LogLayer;
use super::request::Cluster;
use super::transport::{self, Transport};
use super::{proxy, server_url};

/// The number of requests that are queued in the client before a further one waits.
const REQUEST_QUEUE: usize = 1024;

/// Limits for the retries of a request that the API server rejects as temporarily overloaded (429, 503, 504).
const MIN_RETRY_DELAY: Duration = Duration::from_millis(200);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(3);
const MAX_RETRIES: u32 = 4;

/// Builds the client of the cluster that the options and the environment select, without sending it a
/// request.
///
/// Runs credential plugins, which may prompt for input.
///
/// # Errors
/// No cluster is selected, or its configuration or its user's credentials are invalid.
pub async fn connect(
    options: &ConnectionOptions,
    environment: &Environment,
) -> Result<Cluster, ConnectError> {
    let (config, authorization, context, user) = match kubeconfig::target(options, environment)? {
        Some(target) => {
            let (config, authorization) = config(&target, environment)?;
            (config, authorization, target.context.clone(), target.user_entry())
        }
        None => (in_cluster(options)?, None, None, "the service account of this pod".to_owned()),
    };
    let url = config.cluster_url.to_string();
    let flags = options.kubectl_flags(context.as_deref());
    let credentials = credentials(options, environment, user).await?;
    let client = build(config, authorization, credentials, options).map_err(client_error)?;
    Ok(Cluster::new(client, context, flags, &url, options.request_timeout))
}

/// The configuration of a target, except for the credentials of its user entry, and the header of a user in the URL.
fn config(target: &Target, environment: &Environment) -> Result<(Config, Option<HeaderValue>), ConnectError> {
    let entry = &target.cluster;
    let url = server_url::parse(&entry.server).map_err(|problem| target.cluster_problem(problem))?;
    let authorization = url.login.map(|login| transport::basic(&login)).transpose().map_err(client_error)?;
    let mut config = Config::new(url.uri);
    if let Some(namespace) = &target.namespace {
        config.default_namespace.clone_from(namespace);
    }
    config.proxy_url = match entry.proxy_url.as_str() {
        "" => proxy::from_environment(&config.cluster_url, environment),
        url => Some(proxy::parse(url).map_err(|problem| target.cluster_problem(problem))?),
    };
    if target.is_tls() {
        config.root_cert = target.certificate_authorities()?;
        config.accept_invalid_certs = entry.insecure_skip_tls_verify;
        config.tls_server_name = Some(entry.tls_server_name.clone()).filter(|name| !name.is_empty());
        config.auth_info.auth_provider =
            target.user.auth_provider.as_ref().map(|provider| AuthProviderConfig {
                name: provider.name.clone(),
                config: provider.config.clone().into_iter().collect(),
                ..AuthProviderConfig::default()
            });
    }
    impersonate(&mut config, &target.user);
    Ok((config, authorization))
}

/// The configuration of a pod, except for the token of its service account.
fn in_cluster(options: &ConnectionOptions) -> Result<Config, ConnectError> {
    let mut config = Config::incluster().map_err(|error| ConnectError::InCluster(Box::new(error)))?;
    config.auth_info.token_file = None;
    impersonate(&mut config, &User::of_service_account(options));
    Ok(config)
}

fn impersonate(config: &mut Config, user: &User) {
    let set = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    config.auth_info.impersonate = set(&user.impersonate);
    config.auth_info.impersonate_uid = set(&user.impersonate_uid);
    config.auth_info.impersonate_groups = Some(user.impersonate_groups.clone());
    config.auth_info.impersonate_user_extra = Some(user.impersonate_extra.clone().into_iter().collect());
}

/// The credentials of a user entry. They are read from the same source again when they are renewed.
async fn credentials(
    options: &ConnectionOptions,
    environment: &Environment,
    user: String,
) -> Result<Credentials, ConnectError> {
    let terminal = environment.terminal.clone();
    let (options, environment) = (options.clone(), environment.clone());
    let source = move || match kubeconfig::target(&options, &environment)? {
        Some(target) => target.into_credentials(),
        None => Ok((kubeconfig::Cluster::default(), User::of_service_account(&options))),
    };
    // credential plugins run synchronously in it
    tokio::task::spawn_blocking(move || Credentials::load(Box::new(source), terminal))
        .await
        .map_err(|error| client_error(kube::Error::Service(error.into())))?
        .map_err(|problem| ConnectError::Credentials { user, problem })
}

fn build(
    mut config: Config,
    authorization: Option<HeaderValue>,
    credentials: Credentials,
    options: &ConnectionOptions,
) -> kube::Result<Client> {
    if options.request_timeout.is_some() {
        config.connect_timeout = options.request_timeout;
    }
    let namespace = config.default_namespace.clone();
    let transport = Transport::new(config, authorization, Arc::new(credentials))?;
    with_retries(ClientBuilder::new(transport, namespace).with_layer(&LogLayer)).map(ClientBuilder::build)
}

fn client_error(error: kube::Error) -> ConnectError {
    ConnectError::Client(Box::new(error))
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
