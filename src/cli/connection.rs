//! The connection flags of kubectl. kubectl rejects flags before the name of a plugin, so they come after it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use crate::cluster::{ConnectionOptions, Token};
use crate::options::{TimeLimit, parse_limit};

/// Which cluster, and as whom. The help of a command shows the first flags only; `options` shows all.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Cluster")]
pub struct ConnectionArgs {
    /// Path to the kubeconfig file
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    kubeconfig: Option<PathBuf>,
    /// The kubeconfig context to use
    ///
    /// `kubectl netbench options` lists all flags of the connection: --server, --token, --as and others.
    #[arg(long)]
    context: Option<String>,
    /// Namespace of the run or schedule
    ///
    /// By default, matrix, pair and check use a new namespace, cleanup searches all namespaces, and other commands use
    /// that of the context. A given namespace is never deleted, only the objects that the run has created in it.
    #[arg(short, long)]
    pub namespace: Option<String>,
    /// Cluster of the kubeconfig
    #[arg(long, hide = true)]
    cluster: Option<String>,
    /// User of the kubeconfig
    #[arg(long, hide = true)]
    user: Option<String>,
    /// Address of the API server
    #[arg(short = 's', long = "server", value_name = "URL", hide = true)]
    api_server: Option<String>,
    /// Name to expect in the certificate of the API server
    #[arg(long, value_name = "NAME", hide = true)]
    tls_server_name: Option<String>,
    /// File of certificates that may have issued that of the API server
    #[arg(long, value_name = "FILE", hide = true)]
    certificate_authority: Option<PathBuf>,
    /// Accept any certificate of the API server: insecure
    #[arg(
        long,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        value_name = "BOOL",
        hide = true
    )]
    insecure_skip_tls_verify: Option<bool>,
    /// Bearer token
    #[arg(long, hide = true)]
    token: Option<Token>,
    /// File of the client certificate
    #[arg(long, value_name = "FILE", hide = true)]
    client_certificate: Option<PathBuf>,
    /// File of the key of the client certificate
    #[arg(long, value_name = "FILE", hide = true)]
    client_key: Option<PathBuf>,
    /// User to impersonate
    #[arg(long = "as", value_name = "USER", hide = true)]
    impersonate: Option<String>,
    /// Group to impersonate; repeatable
    #[arg(long = "as-group", value_name = "GROUP", hide = true)]
    impersonate_groups: Vec<String>,
    /// UID to impersonate
    #[arg(long = "as-uid", value_name = "UID", hide = true)]
    impersonate_uid: Option<String>,
    /// Extra attribute of the user to impersonate; repeatable
    #[arg(long = "as-user-extra", value_name = "KEY=VALUE", value_parser = parse_extra, hide = true)]
    impersonate_extra: Vec<(String, String)>,
    /// Timeout of a single request to the API server; 0 for none
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = parse_limit, hide = true)]
    request_timeout: Option<TimeLimit>,
}

fn parse_extra(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or("expected KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

impl ConnectionArgs {
    /// The options of a connection to another context, possibly of another file, without the other flags.
    pub fn options_of(&self, context: String, kubeconfig: Option<PathBuf>) -> ConnectionOptions {
        ConnectionOptions {
            kubeconfig: kubeconfig.or_else(|| self.kubeconfig.clone()),
            context: Some(context),
            request_timeout: self.request_timeout(),
            ..ConnectionOptions::default()
        }
    }

    /// With this context and namespace as defaults.
    #[must_use]
    pub fn or(self, context: Option<String>, namespace: Option<String>) -> Self {
        Self { context: self.context.or(context), namespace: self.namespace.or(namespace), ..self }
    }

    /// As options of a connection. An empty value counts as absent, as it does to kubectl.
    pub fn options(&self) -> ConnectionOptions {
        let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let path = |path: &Option<PathBuf>| path.clone().filter(|path| !path.as_os_str().is_empty());
        let mut impersonate_extra: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (key, value) in &self.impersonate_extra {
            impersonate_extra.entry(key.clone()).or_default().push(value.clone());
        }
        ConnectionOptions {
            kubeconfig: path(&self.kubeconfig),
            context: text(&self.context),
            cluster: text(&self.cluster),
            user: text(&self.user),
            server: text(&self.api_server),
            tls_server_name: text(&self.tls_server_name),
            certificate_authority: path(&self.certificate_authority),
            insecure_skip_tls_verify: self.insecure_skip_tls_verify == Some(true),
            token: self.token.clone().filter(|token| !token.0.is_empty()),
            client_certificate: path(&self.client_certificate),
            client_key: path(&self.client_key),
            impersonate: text(&self.impersonate),
            impersonate_groups: self.impersonate_groups.clone(),
            impersonate_uid: text(&self.impersonate_uid),
            impersonate_extra,
            request_timeout: self.request_timeout(),
        }
    }

    fn request_timeout(&self) -> Option<std::time::Duration> {
        self.request_timeout.and_then(|limit| limit.0)
    }
}
