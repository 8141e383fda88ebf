//! The inputs of a connection, flags and environment variables, and the errors in them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use super::cause::cause_chain;
use super::credentials::CredentialError;
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
    /// `--server`, instead of the cluster's.
    pub server: Option<String>,
    /// `--tls-server-name`, instead of the cluster's.
    pub tls_server_name: Option<String>,
    /// `--certificate-authority`, instead of the cluster's.
    pub certificate_authority: Option<PathBuf>,
    /// `--insecure-skip-tls-verify`.
    pub insecure_skip_tls_verify: bool,
    /// `--token`, instead of the user's.
    pub token: Option<Token>,
    /// `--client-certificate`, instead of the user's.
    pub client_certificate: Option<PathBuf>,
    /// `--client-key`, instead of the user's.
    pub client_key: Option<PathBuf>,
    /// `--as`.
    pub impersonate: Option<String>,
    /// `--as-group`.
    pub impersonate_groups: Vec<String>,
    /// `--as-uid`.
    pub impersonate_uid: Option<String>,
    /// `--as-user-extra`.
    pub impersonate_extra: BTreeMap<String, Vec<String>>,
    /// `--request-timeout`, for each request; none for no timeout.
    pub request_timeout: Option<Duration>,
}

/// A bearer token. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(pub String);

impl From<String> for Token {
    fn from(token: String) -> Self {
        Self(token)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("…")
    }
}

impl ConnectionOptions {
    /// Whether flags say which cluster, or as whom: a pod then does not use its service account.
    pub(super) fn selects_target(&self) -> bool {
        self.context.is_some()
            || self.cluster.is_some()
            || self.user.is_some()
            || self.server.is_some()
            || self.token.is_some()
            || self.client_certificate.is_some()
    }

    /// The flags with which kubectl connects to the same cluster as the same user, each after a space and
    /// quoted for a shell. A token is replaced by a variable.
    pub(super) fn kubectl_flags(&self, context: Option<&str>) -> String {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let text = |text: &Option<String>| text.clone();
        let flags = [
            ("kubeconfig", path(&self.kubeconfig)),
            ("context", context.map(str::to_owned)),
            ("cluster", text(&self.cluster)),
            ("user", text(&self.user)),
            ("server", text(&self.server)),
            ("tls-server-name", text(&self.tls_server_name)),
            ("certificate-authority", path(&self.certificate_authority)),
            ("client-certificate", path(&self.client_certificate)),
            ("client-key", path(&self.client_key)),
            ("as", text(&self.impersonate)),
            ("as-uid", text(&self.impersonate_uid)),
        ];
        let groups = self.impersonate_groups.iter().map(|group| ("as-group", Some(group.clone())));
        let extra = self.impersonate_extra.iter().flat_map(|(key, values)| {
            values.iter().map(move |value| ("as-user-extra", Some(format!("{key}={value}"))))
        });
        let given = flags.into_iter().chain(groups).chain(extra);
        let mut words: String = given
            .filter_map(|(flag, value)| value.map(|value| format!(" --{flag} {}", quoted(&value))))
            .collect();
        if self.insecure_skip_tls_verify {
            words.push_str(" --insecure-skip-tls-verify");
        }
        if self.token.is_some() {
            words.push_str(" --token \"$TOKEN\"");
        }
        words
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
    /// `HTTPS_PROXY`, for servers with TLS.
    pub https_proxy: Option<String>,
    /// `HTTP_PROXY`, for servers without TLS.
    pub http_proxy: Option<String>,
    /// `NO_PROXY`.
    pub no_proxy: Option<String>,
    /// The terminal for credential plugins that prompt the user; none if standard input is no terminal.
    pub terminal: Option<Terminal>,
}

/// A terminal that can be lent to a credential plugin.
#[derive(Clone)]
pub struct Terminal(Arc<Lend>);

type Lend = dyn Fn(&mut dyn FnMut()) + Send + Sync;

impl Terminal {
    /// `lend` runs its argument while nothing else uses the terminal.
    pub fn new(lend: impl Fn(&mut dyn FnMut()) + Send + Sync + 'static) -> Self {
        Self(Arc::new(lend))
    }

    pub(super) fn lend(&self, work: &mut dyn FnMut()) {
        (self.0)(work);
    }
}

impl fmt::Debug for Terminal {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("Terminal")
    }
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
    /// A kubeconfig cannot be read.
    #[error("cannot read the kubeconfig {}", path.display())]
    ReadKubeconfig {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A kubeconfig cannot be parsed.
    #[error("cannot read the kubeconfig {}", path.display())]
    ParseKubeconfig {
        /// The file.
        path: PathBuf,
        /// What is wrong with it. It quotes no values.
        problem: String,
    },
    /// An entry that is in use cannot be used.
    #[error("cannot use the kubeconfig")]
    InvalidEntry {
        /// The file, and the kind and name of the entry.
        entry: String,
        /// The field and what is wrong with it.
        problem: String,
    },
    /// There are no credentials although the kubeconfig or a flag names some.
    #[error("cannot get the credentials of {user}")]
    Credentials {
        /// The file, and the name of the user entry.
        user: String,
        /// What is wrong.
        problem: CredentialError,
    },
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
            Self::ReadKubeconfig { source, .. } => {
                what.cause(source.to_string()).help("set --kubeconfig or KUBECONFIG to another file")
            }
            Self::ParseKubeconfig { problem, .. } => what
                .cause(problem)
                .help("compare with `kubectl config view`, or set --kubeconfig to another file"),
            Self::InvalidEntry { entry, problem } => what
                .cause(format!("{entry}: {problem}"))
                .help("correct this entry, or set --context, --cluster or --user to another one"),
            Self::Credentials { problem, .. } => what
                .cause(problem.to_string())
                .help("log in again, and check that `kubectl get nodes` works with the same flags"),
            Self::InCluster(error) => what
                .cause(cause_chain(error.as_ref()))
                .help("set automountServiceAccountToken: true for this pod, or set --kubeconfig"),
            Self::Client(error) => what
                .cause(cause_chain(error.as_ref()))
                .help("log in again, and check that `kubectl get nodes` works with the same flags"),
        }
    }
}
