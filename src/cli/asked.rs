//! What a command line that is not yet whole says of clusters and nodes.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgMatches, CommandFactory};

use crate::cli::Cli;
use crate::cluster::ConnectionOptions;

/// The clusters and the nodes of a command line.
#[derive(Debug, Default)]
pub struct Asked {
    /// That of the command.
    pub cluster: ConnectionOptions,
    /// That of the server, if it is another one.
    pub server: Option<ConnectionOptions>,
    /// The namespace, if one is named.
    pub namespace: Option<String>,
    /// The nodes that are named.
    pub nodes: Vec<String>,
}

impl Asked {
    /// Reads the words after the program's name as far as they make sense. The kubeconfig and the context
    /// are the `usual` ones unless they name others.
    pub fn of(words: &[OsString], usual: &ConnectionOptions) -> Self {
        let words = std::iter::once("kubectl-netbench".into()).chain(words.iter().cloned());
        let matches = Cli::command().ignore_errors(true).try_get_matches_from(words).ok();
        let Some((_, mut matches)) = matches.as_ref().and_then(ArgMatches::subcommand) else {
            return Self { cluster: usual.clone(), ..Self::default() };
        };
        // `schedule run`: the flags are those of the innermost
        while let Some((_, within)) = matches.subcommand() {
            matches = within;
        }
        // one by one: what follows a mistake is not there, nor are defaults
        let word = |id| matches.try_get_one::<String>(id).ok().flatten().cloned();
        let path = |id| matches.try_get_one::<PathBuf>(id).ok().flatten().cloned();
        let words =
            |id| matches.try_get_many::<String>(id).ok().flatten().into_iter().flatten().cloned().collect();
        let cluster = ConnectionOptions {
            kubeconfig: path("kubeconfig").or_else(|| usual.kubeconfig.clone()),
            context: word("context").or_else(|| usual.context.clone()),
            cluster: word("cluster"),
            user: word("user"),
            impersonate: word("impersonate"),
            impersonate_groups: words("impersonate_groups"),
            impersonate_uid: word("impersonate_uid"),
            request_timeout: None,
        };
        let server = word("server_context").map(|context| ConnectionOptions {
            kubeconfig: path("server_kubeconfig").or_else(|| cluster.kubeconfig.clone()),
            context: Some(context),
            ..ConnectionOptions::default()
        });
        let nodes: Vec<Vec<String>> = ["nodes", "client", "server"].map(words).into();
        Self { cluster, server, namespace: word("namespace"), nodes: nodes.concat() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(line: &str) -> Asked {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        Asked::of(&words, &ConnectionOptions::default())
    }

    #[test]
    fn the_context_is_found_before_and_after_what_is_not_whole() {
        for line in [
            "pair --context east ",
            "pair a  --context east --ti",
            "matrix --context=east --nonsense --time ",
        ] {
            assert_eq!(asked(line).cluster.context.as_deref(), Some("east"), "{line}");
        }
        assert_eq!(asked("pair ").cluster.context, None);
        let of_schedule = asked("schedule run --context east -n network ");
        assert_eq!(of_schedule.cluster.context.as_deref(), Some("east"));
        assert_eq!(of_schedule.namespace.as_deref(), Some("network"));
        assert_eq!(asked("runs delete ").cluster.context, None);
        assert_eq!(asked("").cluster.context, None);
    }

    #[test]
    fn the_servers_cluster_is_another_one() {
        let asked = asked("pair a --kubeconfig /k --server-context far --as jane ");
        let server = asked.server.unwrap();
        assert_eq!(server.context.as_deref(), Some("far"));
        assert_eq!(server.kubeconfig, Some("/k".into()));
        assert_eq!(server.impersonate, None);
        assert_eq!(asked.cluster.impersonate.as_deref(), Some("jane"));
    }
}
