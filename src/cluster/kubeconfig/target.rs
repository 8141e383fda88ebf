//! Selects the cluster and user of a connection, and validates them, with the rules of client-go.

use std::fmt;
use std::path::PathBuf;

use super::{Cluster, Entry, Kubeconfig, User, find, paths, read};
use crate::cluster::connection::{ConnectError, ConnectionOptions, Environment};

/// Where a pod has the token of its service account.
const SERVICE_ACCOUNT_TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// What a connection uses: entries of the kubeconfig, changed by flags.
pub struct Target {
    /// The context; none if flags alone select the cluster.
    pub context: Option<String>,
    /// That of the context.
    pub namespace: Option<String>,
    pub cluster: Cluster,
    pub user: User,
    cluster_entry: Origin,
    user_entry: Origin,
}

/// Where a cluster or user comes from, for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Origin {
    /// `cluster` or `user`
    kind: &'static str,
    /// The name of its entry and the file; none if flags alone define it.
    entry: Option<(String, PathBuf)>,
}

impl Origin {
    fn of<T>(kind: &'static str, entry: Option<&Entry<T>>) -> Self {
        Self { kind, entry: entry.map(|entry| (entry.name.clone(), entry.file.clone())) }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match &self.entry {
            Some((name, file)) => write!(formatter, "{}: {} `{name}`", file.display(), self.kind),
            None => write!(formatter, "{} flags", self.kind),
        }
    }
}

/// The target of the options and the environment; none in a pod that is to use its service account.
///
/// # Errors
/// There is none, it cannot be read, it lacks a name that is referred to, or an entry in use is invalid.
pub fn target(
    options: &ConnectionOptions,
    environment: &Environment,
) -> Result<Option<Target>, ConnectError> {
    let kubeconfig = read(options, environment)?;
    let is_missing = kubeconfig.is_none();
    let kubeconfig = kubeconfig.unwrap_or_default();
    match select(&kubeconfig, options)? {
        Some(target) => target.validate().map(Some),
        None if environment.in_cluster && !options.selects_target() => Ok(None),
        None if is_missing => Err(ConnectError::NoKubeconfig { searched: paths(options, environment) }),
        None => Err(ConnectError::NoCurrentContext),
    }
}

/// The entries that the options select; none if there is neither a context nor a cluster.
fn select(kubeconfig: &Kubeconfig, options: &ConnectionOptions) -> Result<Option<Target>, ConnectError> {
    // as in client-go, entries without a name have an empty one
    let context = match options.context.as_ref().unwrap_or(&kubeconfig.current_context) {
        name if name.is_empty() => find(&kubeconfig.contexts, name),
        name => Some(expect("context", name, &kubeconfig.contexts)?),
    };
    let entry = context.map(|context| context.value.clone()).unwrap_or_default();
    let name = options.cluster.as_ref().unwrap_or(&entry.cluster);
    let cluster = match find(&kubeconfig.clusters, name) {
        None if options.cluster.is_some() || (options.server.is_none() && !name.is_empty()) => {
            Some(expect("cluster", name, &kubeconfig.clusters)?)
        }
        found => found,
    };
    if cluster.is_none() && options.server.is_none() {
        return match context {
            Some(context) => Err(ConnectError::InvalidEntry {
                entry: Origin::of("context", Some(context)).to_string(),
                problem: "cluster is not set".to_owned(),
            }),
            None => Ok(None),
        };
    }
    let mut target = Target {
        context: context.map(|context| context.name.clone()),
        namespace: Some(entry.namespace).filter(|namespace| !namespace.is_empty()),
        cluster: cluster.map(|entry| entry.value.clone()).unwrap_or_default(),
        user: User::default(),
        cluster_entry: Origin::of("cluster", cluster),
        user_entry: Origin::of::<User>("user", None),
    };
    target.cluster.apply(options);
    let name = options.user.as_ref().unwrap_or(&entry.user);
    // without TLS, no credentials are sent
    let needs_user = target.is_tls() && options.token.is_none() && options.client_certificate.is_none();
    let user = match find(&kubeconfig.users, name) {
        None if options.user.is_some() || (needs_user && !name.is_empty()) => {
            Some(expect("user", name, &kubeconfig.users)?)
        }
        found => found,
    };
    target.user = user.map(|entry| entry.value.clone()).unwrap_or_default();
    target.user_entry = Origin::of("user", user);
    target.user.apply(options);
    Ok(Some(target))
}

/// The entry with a name that is referred to.
fn expect<'a, T>(
    kind: &'static str,
    name: &str,
    entries: &'a [Entry<T>],
) -> Result<&'a Entry<T>, ConnectError> {
    find(entries, name).ok_or_else(|| ConnectError::UnknownName {
        kind,
        name: name.to_owned(),
        known: entries.iter().map(|entry| entry.name.clone()).collect(),
    })
}

impl Cluster {
    /// Replaces what flags set.
    fn apply(&mut self, options: &ConnectionOptions) {
        if options.insecure_skip_tls_verify || options.certificate_authority.is_some() {
            self.insecure_skip_tls_verify = options.insecure_skip_tls_verify;
            self.certificate_authority = path_text(options.certificate_authority.as_ref());
            self.certificate_authority_data.clear();
        }
        // the name in the kubeconfig is that of another server
        if options.server.is_some() || options.tls_server_name.is_some() {
            self.tls_server_name = options.tls_server_name.clone().unwrap_or_default();
        }
        if let Some(server) = &options.server {
            self.server.clone_from(server);
        }
    }
}

impl User {
    /// That of the pod of this process.
    pub fn of_service_account(options: &ConnectionOptions) -> Self {
        let mut user = Self { token_file: SERVICE_ACCOUNT_TOKEN.to_owned(), ..Self::default() };
        user.apply(options);
        user
    }

    /// Replaces what flags set.
    fn apply(&mut self, options: &ConnectionOptions) {
        if let Some(token) = &options.token {
            self.token.clone_from(&token.0);
        }
        if options.client_certificate.is_some() {
            self.client_certificate = path_text(options.client_certificate.as_ref());
        }
        if options.client_key.is_some() {
            self.client_key = path_text(options.client_key.as_ref());
        }
        if let Some(user) = &options.impersonate {
            self.impersonate.clone_from(user);
        }
        if let Some(uid) = &options.impersonate_uid {
            self.impersonate_uid.clone_from(uid);
        }
        if !options.impersonate_groups.is_empty() {
            self.impersonate_groups.clone_from(&options.impersonate_groups);
        }
        if !options.impersonate_extra.is_empty() {
            self.impersonate_extra.clone_from(&options.impersonate_extra);
        }
    }
}

fn path_text(path: Option<&PathBuf>) -> String {
    path.map(|path| path.to_string_lossy().into_owned()).unwrap_or_default()
}

impl Target {
    /// Whether the connection uses TLS. As in client-go, an address without a scheme does not, and no credentials are
    /// sent without TLS.
    pub fn is_tls(&self) -> bool {
        self.cluster.server.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"))
    }

    /// The error of a field of the cluster entry.
    pub fn cluster_problem(&self, problem: impl Into<String>) -> ConnectError {
        ConnectError::InvalidEntry { entry: self.cluster_entry.to_string(), problem: problem.into() }
    }

    /// The error of a field of the user entry.
    pub fn user_problem(&self, problem: impl Into<String>) -> ConnectError {
        ConnectError::InvalidEntry { entry: self.user_entry.to_string(), problem: problem.into() }
    }

    /// The file and the name of the user entry.
    pub fn user_entry(&self) -> String {
        self.user_entry.to_string()
    }

    /// The certificates that may have issued that of the server, in DER; none for those of the system.
    ///
    /// # Errors
    /// The file of the entry cannot be read, or there is no certificate in it.
    pub fn certificate_authorities(&self) -> Result<Option<Vec<Vec<u8>>>, ConnectError> {
        let data = self.certificate_authority_data()?;
        if data.is_empty() {
            return Ok(None);
        }
        if self.cluster.insecure_skip_tls_verify {
            return Err(
                self.cluster_problem("both insecure-skip-tls-verify and a certificate-authority are set")
            );
        }
        let blocks = pem::parse_many(&data).unwrap_or_default().into_iter();
        let certificates: Vec<Vec<u8>> =
            blocks.filter(|block| block.tag() == "CERTIFICATE").map(pem::Pem::into_contents).collect();
        if certificates.is_empty() {
            return Err(self.cluster_problem("certificate-authority has no certificate in PEM"));
        }
        Ok(Some(certificates))
    }

    fn certificate_authority_data(&self) -> Result<Vec<u8>, ConnectError> {
        match self.cluster.certificate_authority.as_str() {
            "" => Ok(self.cluster.certificate_authority_data.clone()),
            path => std::fs::read(path).map_err(|error| {
                self.cluster_problem(format!("certificate-authority: cannot read {path}: {error}"))
            }),
        }
    }

    /// What credentials are made of. Without TLS, there are none.
    ///
    /// # Errors
    /// The certificate authority, which credential plugins may need, cannot be read.
    pub fn into_credentials(mut self) -> Result<(Cluster, User), ConnectError> {
        if !self.is_tls() {
            return Ok((self.cluster, User::default()));
        }
        self.cluster.certificate_authority_data = self.certificate_authority_data()?;
        Ok((self.cluster, self.user))
    }

    fn validate(self) -> Result<Self, ConnectError> {
        let cluster = &self.cluster;
        if cluster.server.is_empty() {
            return Err(self.cluster_problem("server is not set"));
        }
        if !cluster.certificate_authority.is_empty() && !cluster.certificate_authority_data.is_empty() {
            return Err(
                self.cluster_problem("both certificate-authority and certificate-authority-data are set")
            );
        }
        self.certificate_authority_data()?;
        self.validate_user().map_err(|problem| self.user_problem(problem))?;
        Ok(self)
    }

    fn validate_user(&self) -> Result<(), String> {
        let user = &self.user;
        let has_basic = !user.username.is_empty() || !user.password.is_empty();
        if !(user.token.is_empty() && user.token_file.is_empty()) && has_basic {
            return Err("both token and username are set".to_owned());
        }
        let (certificate, key) = (&user.client_certificate, &user.client_key);
        let (has_data, has_key_data) =
            (!user.client_certificate_data.is_empty(), !user.client_key_data.is_empty());
        if !certificate.is_empty() || has_data {
            if !certificate.is_empty() && has_data {
                return Err("both client-certificate and client-certificate-data are set".to_owned());
            }
            if !key.is_empty() && has_key_data {
                return Err("both client-key and client-key-data are set".to_owned());
            }
            if key.is_empty() && !has_key_data {
                return Err("client-certificate is set without client-key".to_owned());
            }
            for (field, path) in [("client-certificate", certificate), ("client-key", key)] {
                if !path.is_empty() {
                    std::fs::File::open(path)
                        .map_err(|error| format!("{field}: cannot read {path}: {error}"))?;
                }
            }
        }
        if let Some(exec) = &user.exec {
            if user.auth_provider.is_some() {
                return Err("both exec and auth-provider are set".to_owned());
            }
            if exec.command.is_empty() {
                return Err("exec.command is not set".to_owned());
            }
            if exec.api_version.is_empty() {
                return Err("exec.apiVersion is not set".to_owned());
            }
            if exec.env.iter().any(|variable| variable.name.is_empty()) {
                return Err("exec.env has an entry without a name".to_owned());
            }
            let mode = exec.interactive_mode.as_str();
            if mode.is_empty() && exec.api_version.ends_with("/v1") {
                return Err("exec.interactiveMode is not set".to_owned());
            }
            if !["", "Never", "IfAvailable", "Always"].contains(&mode) {
                return Err("exec.interactiveMode is none of Never, IfAvailable, Always".to_owned());
            }
        }
        let impersonates = !user.impersonate_uid.is_empty()
            || !user.impersonate_groups.is_empty()
            || !user.impersonate_extra.is_empty();
        if impersonates && user.impersonate.is_empty() {
            return Err("as-uid, as-groups or as-user-extra is set without as".to_owned());
        }
        Ok(())
    }
}
