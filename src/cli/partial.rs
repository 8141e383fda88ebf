//! What an unfinished command line says about clusters and nodes, for completion.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgMatches, CommandFactory, FromArgMatches};

use crate::cli::{Cli, ConnectionArgs};
use crate::cluster::ConnectionOptions;

/// The clusters and nodes of an unfinished command line.
#[derive(Debug, Default)]
pub struct PartialLine {
    /// The cluster of the command.
    pub cluster: ConnectionOptions,
    /// The cluster of the server, if it is another one.
    pub server: Option<ConnectionOptions>,
    /// The namespace, if one is named.
    pub namespace: Option<String>,
    /// The nodes that are named.
    pub nodes: Vec<String>,
}

impl PartialLine {
    /// Parses the words after the program's name as far as possible. `defaults` has the kubeconfig and the
    /// context of a line that names none.
    pub fn parse(words: &[OsString], defaults: &ConnectionOptions) -> Self {
        let words = std::iter::once("kubectl-netbench".into()).chain(words.iter().cloned());
        let matches = Cli::command().ignore_errors(true).try_get_matches_from(words).ok();
        let Some((_, mut matches)) = matches.as_ref().and_then(ArgMatches::subcommand) else {
            return Self { cluster: defaults.clone(), ..Self::default() };
        };
        // `schedule run`: the flags belong to the innermost command
        while let Some((_, within)) = matches.subcommand() {
            matches = within;
        }
        // one by one: whatever follows a mistake is absent, and so are defaults
        let word = |id| matches.try_get_one::<String>(id).ok().flatten().cloned();
        let path = |id| matches.try_get_one::<PathBuf>(id).ok().flatten().cloned();
        let words =
            |id| matches.try_get_many::<String>(id).ok().flatten().into_iter().flatten().cloned().collect();
        // absent from the matches of commands that need no cluster
        let connects = matches.try_contains_id("kubeconfig").is_ok();
        let given = connects.then(|| ConnectionArgs::from_arg_matches(matches).ok()).flatten();
        let given = given.unwrap_or_default().options();
        let cluster = ConnectionOptions {
            kubeconfig: given.kubeconfig.or_else(|| defaults.kubeconfig.clone()),
            context: given.context.or_else(|| defaults.context.clone()),
            request_timeout: None,
            ..given
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

    fn parse(line: &str) -> PartialLine {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        PartialLine::parse(&words, &ConnectionOptions::default())
    }

    #[test]
    fn context_is_found_around_unfinished_words() {
        for line in [
            "pair --context east ",
            "pair a  --context east --ti",
            "matrix --context=east --nonsense --time ",
        ] {
            assert_eq!(parse(line).cluster.context.as_deref(), Some("east"), "{line}");
        }
        assert_eq!(parse("pair ").cluster.context, None);
        let of_schedule = parse("schedule run --context east -n network ");
        assert_eq!(of_schedule.cluster.context.as_deref(), Some("east"));
        assert_eq!(of_schedule.namespace.as_deref(), Some("network"));
        assert_eq!(parse("runs delete ").cluster.context, None);
        assert_eq!(parse("").cluster.context, None);
    }

    #[test]
    fn server_context_is_another_cluster() {
        let line = parse("pair a --kubeconfig /k --server-context far --as jane ");
        let server = line.server.unwrap();
        assert_eq!(server.context.as_deref(), Some("far"));
        assert_eq!(server.kubeconfig, Some("/k".into()));
        assert_eq!(server.impersonate, None);
        assert_eq!(line.cluster.impersonate.as_deref(), Some("jane"));
    }
}
