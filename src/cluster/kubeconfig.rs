//! Reads the kubeconfig with the rules of kubectl, and validates the names that flags refer to.

use std::path::PathBuf;

use kube::config::Kubeconfig;

use super::connection::{ConnectError, ConnectionOptions, Environment};

/// The kubeconfig, merged with the rules of kubectl; none in a pod, which uses its service account.
pub(super) fn read(
    options: &ConnectionOptions,
    environment: &Environment,
) -> Result<Option<Kubeconfig>, ConnectError> {
    let unreadable = |error| ConnectError::Kubeconfig(Box::new(error));
    if let Some(path) = &options.kubeconfig {
        return Kubeconfig::read_from(path).map(Some).map_err(unreadable);
    }
    let paths: Vec<PathBuf> = match environment.kubeconfig.as_ref().filter(|list| !list.is_empty()) {
        Some(list) => std::env::split_paths(list).filter(|path| !path.as_os_str().is_empty()).collect(),
        None => environment.home.iter().map(|home| home.join(".kube/config")).collect(),
    };
    let mut merged: Option<Kubeconfig> = None;
    // like kubectl, ignores files of the list that do not exist
    for path in paths.iter().filter(|path| path.exists()) {
        let next = Kubeconfig::read_from(path).map_err(unreadable)?;
        merged = Some(match merged {
            Some(first) => first.merge(next).map_err(unreadable)?,
            None => next,
        });
    }
    let has_names = options.context.is_some() || options.cluster.is_some() || options.user.is_some();
    match merged {
        Some(kubeconfig) => Ok(Some(kubeconfig)),
        None if environment.in_cluster && !has_names => Ok(None),
        None => Err(ConnectError::NoKubeconfig { searched: paths }),
    }
}

/// The context that a connection would use; none in a pod. Neither runs a credential plugin nor sends a
/// request.
///
/// # Errors
/// There is no kubeconfig, it cannot be read, or it lacks a name that is referred to.
pub fn context(
    options: &ConnectionOptions,
    environment: &Environment,
) -> Result<Option<String>, ConnectError> {
    read(options, environment)?.map(|kubeconfig| validate_names(&kubeconfig, options)).transpose()
}

/// The names of the entries of a kubeconfig, for shell completion.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KubeconfigNames {
    /// The contexts, each with the name of its cluster.
    pub contexts: Vec<(String, Option<String>)>,
    /// The clusters.
    pub clusters: Vec<String>,
    /// The users.
    pub users: Vec<String>,
}

/// The names of the entries of the kubeconfig; empty in a pod.
///
/// # Errors
/// There is no kubeconfig, or it cannot be read.
pub fn names(
    options: &ConnectionOptions,
    environment: &Environment,
) -> Result<KubeconfigNames, ConnectError> {
    let Some(kubeconfig) = read(options, environment)? else { return Ok(KubeconfigNames::default()) };
    let contexts = kubeconfig.contexts.into_iter();
    Ok(KubeconfigNames {
        contexts: contexts.map(|named| (named.name, named.context.map(|context| context.cluster))).collect(),
        clusters: kubeconfig.clusters.into_iter().map(|cluster| cluster.name).collect(),
        users: kubeconfig.auth_infos.into_iter().map(|user| user.name).collect(),
    })
}

/// Checks that the context, its cluster and its user exist: kube would silently connect as an anonymous user
/// if the user did not. Returns the name of the context.
pub(super) fn validate_names(
    kubeconfig: &Kubeconfig,
    options: &ConnectionOptions,
) -> Result<String, ConnectError> {
    let check = |kind, name: &str, known: Vec<&String>| {
        if known.iter().any(|known| *known == name) {
            return Ok(());
        }
        Err(ConnectError::UnknownName {
            kind,
            name: name.to_owned(),
            known: known.into_iter().cloned().collect(),
        })
    };
    let context = options
        .context
        .clone()
        .or_else(|| kubeconfig.current_context.clone().filter(|name| !name.is_empty()));
    let context = context.ok_or(ConnectError::NoCurrentContext)?;
    check("context", &context, kubeconfig.contexts.iter().map(|context| &context.name).collect())?;
    let entry = kubeconfig
        .contexts
        .iter()
        .find(|named| named.name == context)
        .and_then(|named| named.context.as_ref());
    if let Some(cluster) = options.cluster.as_ref().or(entry.map(|context| &context.cluster)) {
        check("cluster", cluster, kubeconfig.clusters.iter().map(|cluster| &cluster.name).collect())?;
    }
    let user = options.user.as_ref().or(entry.and_then(|context| context.user.as_ref()));
    if let Some(user) = user.filter(|user| !user.is_empty()) {
        check("user", user, kubeconfig.auth_infos.iter().map(|user| &user.name).collect())?;
    }
    Ok(context)
}

#[cfg(test)]
pub(super) mod tests;
