//! kubectl's connection flags. kubectl refuses flags before a plugin's name, so they stand after it.

use std::path::PathBuf;

use clap::Args;

use super::duration::{Limit, parse_limit};
use crate::cluster::ConnectionOptions;

/// Which cluster, and as whom.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Cluster")]
pub struct ConnectionArgs {
    /// The kubeconfig file.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig.
    #[arg(long)]
    context: Option<String>,
    /// The cluster of the kubeconfig.
    #[arg(long, hide_short_help = true)]
    cluster: Option<String>,
    /// The user of the kubeconfig.
    #[arg(long, hide_short_help = true)]
    user: Option<String>,
    /// A user to act as.
    #[arg(long = "as", value_name = "USER", hide_short_help = true)]
    impersonate: Option<String>,
    /// A group to act as; may be repeated.
    #[arg(long = "as-group", value_name = "GROUP", requires = "impersonate", hide_short_help = true)]
    impersonate_groups: Vec<String>,
    /// A uid to act as.
    #[arg(long = "as-uid", value_name = "UID", requires = "impersonate", hide_short_help = true)]
    impersonate_uid: Option<String>,
    /// How long one request to the cluster may take; 0 for as long as it takes.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = parse_limit, hide_short_help = true)]
    request_timeout: Limit,
    /// Work in this namespace, not in a new one.
    ///
    /// Exactly what was made is removed from it.
    #[arg(short, long)]
    pub namespace: Option<String>,
}

impl ConnectionArgs {
    /// The options of a connection to another context, which may be in another file. Who to act as
    /// is a matter of the first.
    pub fn options_of(&self, context: String, kubeconfig: Option<PathBuf>) -> ConnectionOptions {
        ConnectionOptions {
            kubeconfig: kubeconfig.or_else(|| self.kubeconfig.clone()),
            context: Some(context),
            request_timeout: self.request_timeout.0,
            ..ConnectionOptions::default()
        }
    }

    /// The same, in this context and namespace unless others are named.
    #[must_use]
    pub fn or(self, context: Option<String>, namespace: Option<String>) -> Self {
        Self { context: self.context.or(context), namespace: self.namespace.or(namespace), ..self }
    }

    /// The flags as options of a connection.
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
