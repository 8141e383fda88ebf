//! The connection flags of kubectl. kubectl rejects flags before the name of a plugin, so they come after it.

use std::path::PathBuf;

use clap::Args;

use crate::cluster::ConnectionOptions;
use crate::options::{TimeLimit, parse_limit};

/// Which cluster, and as whom.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Cluster")]
pub struct ConnectionArgs {
    /// Path to the kubeconfig file
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    kubeconfig: Option<PathBuf>,
    /// The kubeconfig context to use
    #[arg(long)]
    context: Option<String>,
    /// Cluster of the kubeconfig
    #[arg(long, hide_short_help = true)]
    cluster: Option<String>,
    /// User of the kubeconfig
    #[arg(long, hide_short_help = true)]
    user: Option<String>,
    /// User to impersonate
    #[arg(long = "as", value_name = "USER", hide_short_help = true)]
    impersonate: Option<String>,
    /// Group to impersonate; repeatable
    #[arg(long = "as-group", value_name = "GROUP", requires = "impersonate", hide_short_help = true)]
    impersonate_groups: Vec<String>,
    /// UID to impersonate
    #[arg(long = "as-uid", value_name = "UID", requires = "impersonate", hide_short_help = true)]
    impersonate_uid: Option<String>,
    /// Timeout of a single request to the API server; 0 for none
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = parse_limit, hide_short_help = true)]
    request_timeout: TimeLimit,
    /// Namespace of the run or schedule
    ///
    /// By default, matrix, pair and check use a new namespace, cleanup searches all namespaces, and other commands use
    /// that of the context. A given namespace is never deleted, only the objects that the run has created in it.
    #[arg(short, long)]
    pub namespace: Option<String>,
}

impl ConnectionArgs {
    /// The options of a connection to another context, possibly of another file, without impersonation.
    pub fn options_of(&self, context: String, kubeconfig: Option<PathBuf>) -> ConnectionOptions {
        ConnectionOptions {
            kubeconfig: kubeconfig.or_else(|| self.kubeconfig.clone()),
            context: Some(context),
            request_timeout: self.request_timeout.0,
            ..ConnectionOptions::default()
        }
    }

    /// With this context and namespace as defaults.
    #[must_use]
    pub fn or(self, context: Option<String>, namespace: Option<String>) -> Self {
        Self { context: self.context.or(context), namespace: self.namespace.or(namespace), ..self }
    }

    /// As options of a connection.
    pub fn options(&self) -> ConnectionOptions {
        ConnectionOptions {
            kubeconfig: self.kubeconfig.clone(),
            context: self.context.clone(),
            cluster: self.cluster.clone(),
            user: self.user.clone(),
            impersonate: self.impersonate.clone(),
            impersonate_groups: self.impersonate_groups.clone(),
            impersonate_uid: self.impersonate_uid.clone(),
            request_timeout: self.request_timeout.0,
        }
    }
}
