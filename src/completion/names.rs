//! Completes the arguments that are names of cluster objects or saved runs.

use std::ffi::{OsStr, OsString};
use std::sync::Arc;

use clap::{Command, CommandFactory, ValueHint};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, complete};

use crate::cli::{Cli, PartialLine};
use crate::cluster::ConnectionOptions;
use crate::sanitize;

/// A kind of name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A node of the cluster.
    Node,
    /// A node of the server's cluster.
    ServerNode,
    /// A node label as used in a selector: `pool=gpu`.
    NodeLabel,
    /// A namespace of the cluster.
    Namespace,
    /// A context of the kubeconfig.
    Context,
    /// A context of the kubeconfig for the server's cluster.
    ServerContext,
    /// A cluster of the kubeconfig.
    Cluster,
    /// A user of the kubeconfig.
    User,
    /// A saved run.
    Run,
    /// A schedule in the namespace.
    Schedule,
    /// A PersistentVolumeClaim in the namespace.
    Claim,
    /// A source of runs in a cluster: a schedule or a PersistentVolumeClaim.
    RunSource,
}

/// A candidate name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub value: String,
    /// A short description.
    pub help: Option<String>,
}

/// Returns the names of a kind; empty if they cannot be queried in time.
pub type NameSource = Arc<dyn Fn(Kind) -> Vec<Name> + Send + Sync>;

/// Adds completers to the arguments of a command. `words` follow the program, up to and including the word to
/// complete.
pub(super) fn command(program: Command, words: &[OsString], source: &NameSource, files: &Files) -> Command {
    let given = words.split_last().map_or(&[][..], |(_, given)| given);
    let scheduled = given.iter().position(|word| word == "--").map_or(&[][..], |at| &given[at + 1..]);
    let names = Names {
        given: PartialLine::parse(given, &ConnectionOptions::default()),
        scheduled: scheduled.to_vec(),
        source: Arc::clone(source),
        files: Arc::clone(files),
    };
    with_names(program, &Arc::new(names))
}

pub(super) fn is_flag(word: &OsStr) -> bool {
    word.as_encoded_bytes().starts_with(b"-")
}

/// Hides all flags: like kubectl, they are completed only after a dash.
pub(super) fn without_flags(command: Command) -> Command {
    let hidden = |argument: clap::Arg| {
        let is_flag = argument.get_long().is_some();
        argument.hide(is_flag)
    };
    // `--help` is added to each command
    let command = command.disable_help_flag(true);
    command.mut_args(hidden).mut_subcommands(without_flags)
}

fn with_names(command: Command, names: &Arc<Names>) -> Command {
    let command = command.mut_args(|argument| {
        let id = argument.get_id().as_str();
        let (kind, is_scheduled) = (kind(id), id == "words");
        let is_path = argument.get_value_hint() == ValueHint::AnyPath;
        if kind.is_none() && !is_path && !is_scheduled {
            return argument;
        }
        let names = Arc::clone(names);
        argument.add(ArgValueCompleter::new(move |current: &OsStr| match kind {
            Some(kind) => names.complete(kind, current),
            None if is_scheduled => names.complete_scheduled(current),
            None => (names.files)(current),
        }))
    });
    command.mut_subcommands(|command| with_names(command, names))
}

/// The kind of an argument's values, by its ID: an ID has the same meaning in every command.
pub(super) fn kind(id: &str) -> Option<Kind> {
    Some(match id {
        "nodes" | "client" => Kind::Node,
        "server" => Kind::ServerNode,
        "selector" => Kind::NodeLabel,
        "namespace" => Kind::Namespace,
        "context" => Kind::Context,
        "server_context" => Kind::ServerContext,
        "cluster" => Kind::Cluster,
        "user" => Kind::User,
        "schedule" => Kind::Schedule,
        "volume" => Kind::Claim,
        "from_cluster" => Kind::RunSource,
        "run" | "runs" | "base" | "new" | "baseline" | "resume" => Kind::Run,
        _ => return None,
    })
}

/// Completes files, or delegates them to the shell.
pub(super) type Files = Arc<dyn Fn(&OsStr) -> Vec<CompletionCandidate> + Send + Sync>;

/// Completes values.
struct Names {
    /// The words before the one to complete.
    given: PartialLine,
    /// Those after a `--`.
    scheduled: Vec<OsString>,
    source: NameSource,
    files: Files,
}

impl Names {
    /// Completes the command of a schedule, a command line within this one.
    fn complete_scheduled(&self, current: &OsStr) -> Vec<CompletionCandidate> {
        let program = Cli::command().disable_help_subcommand(true).mut_subcommands(|command| {
            let is_measuring = matches!(command.get_name(), "matrix" | "pair");
            command.hide(!is_measuring)
        });
        let words: Vec<OsString> = self.scheduled.iter().cloned().chain([current.to_owned()]).collect();
        let mut command = command(program, &words, &self.source, &self.files);
        if !is_flag(current) {
            command = without_flags(command);
        }
        let line: Vec<OsString> = std::iter::once("kubectl-netbench".into()).chain(words).collect();
        let position = line.len() - 1;
        complete(&mut command, line, position, None).unwrap_or_default()
    }

    fn complete(&self, kind: Kind, current: &OsStr) -> Vec<CompletionCandidate> {
        // clap calls completers of arguments even for a word with a dash
        let Some(prefix) = current.to_str().filter(|prefix| !prefix.starts_with('-')) else {
            return Vec::new();
        };
        // a node is not measured against itself, nor twice
        let is_given = |name: &Name| match kind {
            Kind::Node => self.given.nodes.contains(&name.value),
            Kind::ServerNode => self.given.server.is_none() && self.given.nodes.contains(&name.value),
            _ => false,
        };
        let names = (self.source)(kind).into_iter();
        let found: Vec<CompletionCandidate> = names
            .filter(|name| name.value.starts_with(prefix) && !is_given(name))
            .map(|name| {
                let help = name.help.map(|help| sanitize::line(&help).into());
                CompletionCandidate::new(sanitize::line(&name.value)).help(help)
            })
            .collect();
        // a run reference may be a file
        if found.is_empty() && kind == Kind::Run { (self.files)(current) } else { found }
    }
}
