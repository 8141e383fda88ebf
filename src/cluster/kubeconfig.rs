//! Reads the kubeconfig as kubectl does, and checks the names that were asked for.

use std::path::PathBuf;

use kube::config::Kubeconfig;

use super::connection::{ConnectError, ConnectionOptions, Environment};

/// The kubeconfig, merged as kubectl merges; none inside a cluster, where none is needed.
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
    // as for kubectl, a file of the list that is not there is not an error
    for path in paths.iter().filter(|path| path.exists()) {
        let next = Kubeconfig::read_from(path).map_err(unreadable)?;
        merged = Some(match merged {
            Some(first) => first.merge(next).map_err(unreadable)?,
            None => next,
        });
    }
    let explicit = options.context.is_some() || options.cluster.is_some() || options.user.is_some();
    match merged {
        Some(kubeconfig) => Ok(Some(kubeconfig)),
        None if environment.in_cluster && !explicit => Ok(None),
        None => Err(ConnectError::NoKubeconfig { looked: paths }),
    }
}

/// The context that a connection would use; none inside a cluster. No credential plugin is run, and
/// no cluster is asked.
///
/// # Errors
/// There is no kubeconfig, it cannot be read, or a name is not in it.
pub fn context(
    options: &ConnectionOptions,
    environment: &Environment,
) -> Result<Option<String>, ConnectError> {
    read(options, environment)?.map(|kubeconfig| check_names(&kubeconfig, options)).transpose()
}

/// What the parts of a kubeconfig are called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KubeconfigNames {
    /// The contexts, each with its cluster.
    pub contexts: Vec<(String, Option<String>)>,
    /// The clusters.
    pub clusters: Vec<String>,
    /// The users.
    pub users: Vec<String>,
}

/// What the parts of the kubeconfig are called; nothing inside a cluster.
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

/// Checks all names, since an unknown user would silently become an anonymous one. Returns the
/// context's.
pub(super) fn check_names(
    kubeconfig: &Kubeconfig,
    options: &ConnectionOptions,
) -> Result<String, ConnectError> {
    let check = |kind, name: &str, known: Vec<&String>| {
        if known.iter().any(|known| *known == name) {
            return Ok(());
        }
        Err(ConnectError::Unknown {
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
    let named = kubeconfig
        .contexts
        .iter()
        .find(|named| named.name == context)
        .and_then(|named| named.context.as_ref());
    if let Some(cluster) = options.cluster.as_ref().or(named.map(|context| &context.cluster)) {
        check("cluster", cluster, kubeconfig.clusters.iter().map(|cluster| &cluster.name).collect())?;
    }
    let user = options.user.as_ref().or(named.and_then(|context| context.user.as_ref()));
    if let Some(user) = user.filter(|user| !user.is_empty()) {
        check("user", user, kubeconfig.auth_infos.iter().map(|user| &user.name).collect())?;
    }
    Ok(context)
}

#[cfg(test)]
pub(super) mod tests;
