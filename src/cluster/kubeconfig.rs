//! Reads kubeconfig files with the rules of client-go.

mod file;
mod home;
mod target;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::connection::{ConnectError, ConnectionOptions, Environment};
use file::File;
pub(super) use file::{Cluster, Exec, User};
pub use home::windows_home;
pub(super) use target::{Target, target};

/// The entries of all files.
#[derive(Default)]
pub(super) struct Kubeconfig {
    current_context: String,
    clusters: Vec<Entry<Cluster>>,
    users: Vec<Entry<User>>,
    contexts: Vec<Entry<file::Context>>,
}

/// An entry with its name and the file that contains it.
struct Entry<T> {
    name: String,
    value: T,
    file: PathBuf,
}

impl Kubeconfig {
    /// Adds the entries of a further file. The first file that sets a value wins.
    fn add(&mut self, next: File, path: &Path) {
        if self.current_context.is_empty() {
            self.current_context = next.current_context;
        }
        add(&mut self.clusters, next.clusters.into_iter().map(|entry| (entry.name, entry.cluster)), path);
        add(&mut self.users, next.users.into_iter().map(|entry| (entry.name, entry.user)), path);
        add(&mut self.contexts, next.contexts.into_iter().map(|entry| (entry.name, entry.context)), path);
    }
}

fn add<T>(entries: &mut Vec<Entry<T>>, next: impl Iterator<Item = (String, T)>, path: &Path) {
    for (name, value) in next {
        if find(entries, &name).is_none() {
            entries.push(Entry { name, value, file: path.to_owned() });
        }
    }
}

fn find<'a, T>(entries: &'a [Entry<T>], name: &str) -> Option<&'a Entry<T>> {
    entries.iter().find(|entry| entry.name == name)
}

/// The file in a home directory that kubectl reads.
fn default_file(home: &Path) -> PathBuf {
    home.join(".kube").join("config")
}

/// The files that kubectl would read.
fn paths(options: &ConnectionOptions, environment: &Environment) -> Vec<PathBuf> {
    if let Some(path) = &options.kubeconfig {
        return vec![path.clone()];
    }
    match environment.kubeconfig.as_ref().filter(|list| !list.is_empty()) {
        Some(list) => {
            let mut seen = HashSet::new();
            let paths = std::env::split_paths(list).filter(|path| !path.as_os_str().is_empty());
            paths.filter(|path| seen.insert(path.clone())).collect()
        }
        None => environment.home.iter().map(|home| default_file(home)).collect(),
    }
}

/// The merged kubeconfig; none if no file exists. Like kubectl, ignores files of a list that do not exist.
///
/// # Errors
/// A file cannot be read or parsed, or the file of `--kubeconfig` does not exist.
pub(super) fn read(
    options: &ConnectionOptions,
    environment: &Environment,
) -> Result<Option<Kubeconfig>, ConnectError> {
    let mut merged: Option<Kubeconfig> = None;
    for path in paths(options, environment) {
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && options.kubeconfig.is_none() => {
                continue;
            }
            Err(source) => return Err(ConnectError::ReadKubeconfig { path, source }),
            Ok(text) => text,
        };
        let file = File::parse(&text, &path).map_err(|problem| ConnectError::ParseKubeconfig {
            path: path.clone(),
            problem: problem.to_string(),
        })?;
        merged.get_or_insert_default().add(file, &path);
    }
    Ok(merged)
}

/// The context that a connection would use; none in a pod, or without one. Neither runs a credential plugin nor
/// sends a request.
///
/// # Errors
/// There is no kubeconfig, it cannot be read, or it lacks a name that is referred to.
pub fn context(
    options: &ConnectionOptions,
    environment: &Environment,
) -> Result<Option<String>, ConnectError> {
    Ok(target(options, environment)?.and_then(|target| target.context))
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

/// The names of the entries of the kubeconfig; empty without one.
///
/// # Errors
/// It cannot be read.
pub fn names(
    options: &ConnectionOptions,
    environment: &Environment,
) -> Result<KubeconfigNames, ConnectError> {
    let kubeconfig = read(options, environment)?.unwrap_or_default();
    let contexts = kubeconfig.contexts.into_iter();
    let cluster = |context: file::Context| Some(context.cluster).filter(|name| !name.is_empty());
    Ok(KubeconfigNames {
        contexts: contexts.map(|entry| (entry.name, cluster(entry.value))).collect(),
        clusters: kubeconfig.clusters.into_iter().map(|entry| entry.name).collect(),
        users: kubeconfig.users.into_iter().map(|entry| entry.name).collect(),
    })
}

#[cfg(test)]
mod tests;
