//! The inputs of a connection, flags and environment variables, and the errors in them.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use kube::config::KubeconfigError;

use super::cause::cause_chain;
use crate::explanation::{Explanation, nearest};

/// kubectl's connection flags.
#[derive(Debug, Clone, Default)]
pub struct ConnectionOptions {
    /// `--kubeconfig`, instead of `KUBECONFIG`.
    pub kubeconfig: Option<PathBuf>,
    /// `--context`, instead of the current context.
    pub context: Option<String>,
    /// `--cluster`, instead of the context's.
    pub cluster: Option<String>,
    /// `--user`, instead of the context's.
    pub user: Option<String>,
    /// `--as`.
    pub impersonate: Option<String>,
    /// `--as-group`.
    pub impersonate_groups: Vec<String>,
    /// `--as-uid`.
    pub impersonate_uid: Option<String>,
    /// `--request-timeout`, for each request; none for no timeout.
    pub request_timeout: Option<Duration>,
}

impl ConnectionOptions {
    /// The flags with which kubectl connects to the same cluster as the same user, each after a space and
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

/// A word of a command that the user can paste into a shell: the names of contexts may have any characters.
pub(crate) fn quoted(word: &str) -> String {
    // only a NUL cannot be quoted, and no argument contains one
    shlex::try_quote(word).unwrap_or_default().into_owned()
}

/// The environment of the process, as far as it affects connections.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// `KUBECONFIG`: a list of files, with the separator of `PATH`.
    pub kubeconfig: Option<OsString>,
    /// The home directory, which contains `.kube/config`.
    pub home: Option<PathBuf>,
    /// Whether the process runs in a pod of a cluster.
    pub in_cluster: bool,
    /// `HTTPS_PROXY`.
    pub https_proxy: Option<String>,
    /// `NO_PROXY`.
    pub no_proxy: Option<String>,
    /// Whether a credential plugin can prompt the user.
    pub interactive: bool,
}

/// Why a connection could not be configured.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No kubeconfig exists.
    #[error("no kubeconfig found")]
    NoKubeconfig {
        /// The files that were tried.
        searched: Vec<PathBuf>,
    },
    /// A kubeconfig cannot be read or parsed.
    #[error("cannot read the kubeconfig")]
    Kubeconfig(#[source] Box<KubeconfigError>),
    /// The kubeconfig has no entry of this name.
    #[error("{kind} `{name}` does not exist in the kubeconfig")]
    UnknownName {
        /// `context`, `cluster` or `user`.
        kind: &'static str,
        /// The name.
        name: String,
        /// The names of the existing entries.
        known: Vec<String>,
    },
    /// The kubeconfig sets no current context, and no flag does.
    #[error("the kubeconfig has no current context")]
    NoCurrentContext,
    /// The service account of the pod cannot be read.
    #[error("cannot read the service account of this pod")]
    InCluster(#[source] Box<kube::config::InClusterError>),
    /// A client cannot be built from the configuration.
    #[error("cannot connect with the configured credentials")]
    Client(#[source] Box<kube::Error>),
}

impl ConnectError {
    /// The error in the three parts that are shown.
    pub fn explain(&self) -> Explanation {
        let what = Explanation::new(self.to_string());
        match self {
            Self::NoKubeconfig { searched } => {
                let searched: Vec<String> = searched.iter().map(|path| path.display().to_string()).collect();
                let why = match searched.as_slice() {
                    [] => "neither KUBECONFIG nor a home directory is set".to_owned(),
                    _ => format!("no such file: {}", searched.join(", ")),
                };
                what.cause(why).help(
                    "set --kubeconfig or KUBECONFIG, or measure this machine without a cluster: \
                     kubectl netbench matrix --local 4",
                )
            }
            Self::UnknownName { kind, name, known } => {
                let nearest = nearest(name, known.iter().map(String::as_str));
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                let what = what.cause(format!("{kind}s in the kubeconfig: {known}"));
                match nearest {
                    Some(nearest) => what.help(format!("did you mean --{kind} {nearest}?")),
                    None => what.help(format!("set --{kind} to one of these")),
                }
            }
            Self::NoCurrentContext => what.help("set --context, or run `kubectl config use-context NAME`"),
            Self::Kubeconfig(error) => {
                let why = match error.as_ref() {
                    KubeconfigError::ReadConfig(error, path) => format!("{}: {error}", path.display()),
                    other => cause_chain(other),
                };
                what.cause(why)
                    .help("set --kubeconfig or KUBECONFIG to a file that `kubectl config view` can read")
            }
            Self::InCluster(error) => what
                .cause(cause_chain(error.as_ref()))
                .help("set automountServiceAccountToken: true for this pod, or set --kubeconfig"),
            Self::Client(error) => what
                .cause(cause_chain(error.as_ref()))
                .help("log in again, and check that `kubectl get nodes` works with the same flags"),
        }
    }
}
