//! What a connection is made from: flags, the environment, and what can be wrong with them.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use kube::config::KubeconfigError;

use super::cause::chain;
use crate::explanation::{Explanation, nearest};

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
    pub(super) fn kubectl_flags(&self, context: Option<&str>) -> String {
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
        let words = given.flat_map(|(flag, value)| [format!(" --{flag} "), quoted(value)]);
        words.collect()
    }
}

/// A word that a person is to paste into a shell: a context or a namespace may be that of a file.
pub(crate) fn quoted(word: &str) -> String {
    // one that no shell can quote holds a NUL, and no argument can
    shlex::try_quote(word).unwrap_or_default().into_owned()
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
                what.cause(format!("no such file: {}", looked.join(", "))).help(
                    "name one with --kubeconfig or KUBECONFIG; without a cluster, `kubectl netbench matrix --local 4` measures this machine",
                )
            }
            Self::Unknown { kind, name, known } => {
                let nearest = nearest(name, known.iter().map(String::as_str));
                let why = format!("it has: {}", known.join(", "));
                match nearest {
                    Some(nearest) => what.cause(why).help(format!("did you mean --{kind} {nearest}?")),
                    None => what.cause(why).help(format!("choose one of these with --{kind}")),
                }
            }
            Self::NoCurrentContext => {
                what.help("choose one with --context, or `kubectl config use-context NAME`")
            }
            Self::Kubeconfig(error) => what.cause(match error.as_ref() {
                KubeconfigError::ReadConfig(error, path) => format!("{}: {error}", path.display()),
                other => chain(other),
            }),
            Self::InCluster(error) => what.cause(chain(error.as_ref())),
            Self::Client(error) => what
                .cause(chain(error.as_ref()))
                .help("see whether `kubectl get nodes` works with the same flags, and log in again"),
        }
    }
}
