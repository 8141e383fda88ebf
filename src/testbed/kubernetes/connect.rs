//! From kubeconfig and flags to a client, as kubectl does it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use http::{Request, Response};
use kube::client::retry::RetryPolicy;
use kube::client::{Body, ClientBuilder};
use kube::config::{ExecInteractiveMode, KubeConfigOptions, KubeconfigError};
use kube::{Client, Config};
use tower::buffer::BufferLayer;
use tower::retry::RetryLayer;
use tower::{BoxError, Service};

use super::request::Cluster;
use super::{kubeconfig, proxy};
use crate::explanation::Explanation;

/// Requests that wait for their turn in the client; more than this many would be waited for.
const REQUEST_QUEUE: usize = 1024;

/// A request that is told to come again later is repeated after this long at the least,
const RETRY_FROM: Duration = Duration::from_millis(200);
/// this long at the most,
const RETRY_TO: Duration = Duration::from_secs(3);
/// and this often.
const RETRIES: u32 = 4;

/// kubectl's connection flags.
#[derive(Debug, Clone, Default)]
pub struct ConnectionOptions {
    /// The kubeconfig file, instead of those of the environment.
    pub kubeconfig: Option<PathBuf>,
    /// The context, instead of the current one.
    pub context: Option<String>,
    /// The cluster, instead of the context's.
    pub cluster: Option<String>,
    /// The user, instead of the context's.
    pub user: Option<String>,
    /// The user to act as.
    pub impersonate: Option<String>,
    /// The groups to act as.
    pub impersonate_groups: Vec<String>,
    /// The uid to act as.
    pub impersonate_uid: Option<String>,
    /// How long one request may take; none for as long as it takes.
    pub request_timeout: Option<Duration>,
}

impl ConnectionOptions {
    /// The flags by which kubectl reaches the same cluster as the same user, each after a space and
    /// quoted for a shell.
    fn kubectl_flags(&self, context: Option<&str>) -> String {
        let kubeconfig = self.kubeconfig.as_ref().map(|path| path.display().to_string());
        let flags = [
            ("kubeconfig", kubeconfig.as_deref()),
            ("context", context),
            ("cluster", self.cluster.as_deref()),
            ("user", self.user.as_deref()),
            ("as", self.impersonate.as_deref()),
            ("as-uid", self.impersonate_uid.as_deref()),
        ];
        let groups = self.impersonate_groups.iter().map(|group| ("as-group", Some(group.as_str())));
        let given = flags.into_iter().chain(groups).filter_map(|(flag, value)| Some((flag, value?)));
        // a value that no shell can quote holds a NUL, and no argument can
        let quoted =
            given.map(|(flag, value)| format!(" --{flag} {}", shlex::try_quote(value).unwrap_or_default()));
        quoted.collect()
    }
}

/// What the environment says about connections.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// `KUBECONFIG`: files separated as in PATH.
    pub kubeconfig: Option<OsString>,
    /// The home directory, where `.kube/config` is.
    pub home: Option<PathBuf>,
    /// Whether this process runs in a pod that has a service account.
    pub in_cluster: bool,
    /// `HTTPS_PROXY`.
    pub https_proxy: Option<String>,
    /// `NO_PROXY`.
    pub no_proxy: Option<String>,
    /// Whether somebody could answer a login that asks for input.
    pub interactive: bool,
}

/// Why there is no connection to a cluster.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No kubeconfig was found.
    #[error("there is no kubeconfig to tell which cluster to measure")]
    NoKubeconfig {
        /// Where it was looked for.
        looked: Vec<PathBuf>,
    },
    /// A kubeconfig cannot be read.
    #[error("cannot read the kubeconfig")]
    Kubeconfig(#[source] Box<KubeconfigError>),
    /// A name is not in the kubeconfig.
    #[error("there is no {kind} `{name}` in the kubeconfig")]
    Unknown {
        /// `context`, `cluster` or `user`.
        kind: &'static str,
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// No context is the current one.
    #[error("the kubeconfig has no current context")]
    NoCurrentContext,
    /// The configuration of a pod cannot be read.
    #[error("cannot read the service account of this pod")]
    InCluster(#[source] Box<kube::config::InClusterError>),
    /// The client cannot be made from the configuration.
    #[error("cannot connect with the credentials of this context")]
    Client(#[source] Box<kube::Error>),
}

impl ConnectError {
    /// The error in the three parts that are shown.
    pub fn explain(&self) -> Explanation {
        let what = Explanation::new(self.to_string());
        match self {
            Self::NoKubeconfig { looked } => {
                let looked: Vec<String> = looked.iter().map(|path| path.display().to_string()).collect();
                what.because(format!("no such file: {}", looked.join(", "))).remedy(
                    "name one with --kubeconfig or KUBECONFIG; without a cluster, `kubectl netbench matrix --local 4` measures this machine",
                )
            }
            Self::Unknown { kind, name, known } => {
                let nearest = super::nodes::nearest(name, known.iter().map(String::as_str));
                let why = format!("it has: {}", known.join(", "));
                match nearest {
                    Some(nearest) => what.because(why).remedy(format!("did you mean --{kind} {nearest}?")),
                    None => what.because(why),
                }
            }
            Self::NoCurrentContext => {
                what.remedy("choose one with --context, or `kubectl config use-context NAME`")
            }
            Self::Kubeconfig(error) => what.because(match error.as_ref() {
                KubeconfigError::ReadConfig(error, path) => format!("{}: {error}", path.display()),
                error => chain(error),
            }),
            Self::InCluster(error) => what.because(chain(error)),
            Self::Client(error) => what
                .because(chain(error))
                .remedy("see whether `kubectl get nodes` works with the same flags, and log in again"),
        }
    }
}

/// An error and what caused it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

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
    Ok(Cluster::new(client, context, flags, url, options.request_timeout))
}

fn client(config: Config) -> kube::Result<Client> {
    with_retries(ClientBuilder::try_from(config)?).map(ClientBuilder::build)
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
