//! Which words of a command line are names, and of what; whoever knows them is asked.

use std::ffi::{OsStr, OsString};
use std::sync::Arc;

use clap::{Command, CommandFactory, ValueHint};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, complete};

use crate::cli::{Cli, PartialLine};
use crate::cluster::ConnectionOptions;
use crate::sanitize;

/// What a name is the name of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A node of the cluster.
    Node,
    /// A node of the cluster that has the server.
    ServerNode,
    /// A label of a node, as a selector has it: `pool=gpu`.
    NodeLabel,
    /// A namespace of the cluster.
    Namespace,
    /// A context of the kubeconfig.
    Context,
    /// A context of the kubeconfig of the server's cluster.
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
    /// Where runs of a cluster are kept: a schedule or a claim.
    Place,
}

/// A name, and what helps to choose it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub value: String,
    /// A few words on it.
    pub help: Option<String>,
}

/// Tells the names of a kind; none where they cannot be known in time.
pub type Known = Arc<dyn Fn(Kind) -> Vec<Name> + Send + Sync>;

/// A command line, each of whose values knows its names; `words` are those after the program's, up to the one that is
/// completed.
pub(super) fn command(program: Command, words: &[OsString], known: &Known, files: &Files) -> Command {
    let said = words.split_last().map_or(&[][..], |(_, said)| said);
    let scheduled = said.iter().position(|word| word == "--").map_or(&[][..], |at| &said[at + 1..]);
    let names = Names {
        said: PartialLine::parse(said, &ConnectionOptions::default()),
        scheduled: scheduled.to_vec(),
        known: Arc::clone(known),
        files: Arc::clone(files),
    };
    with_names(program, &Arc::new(names))
}

pub(super) fn is_flag(word: &OsStr) -> bool {
    word.as_encoded_bytes().starts_with(b"-")
}

/// As of kubectl's own commands: flags are for who has begun one, or where nothing else may stand.
pub(super) fn without_flags(command: Command) -> Command {
    let hidden = |argument: clap::Arg| {
        let is_flag = argument.get_long().is_some();
        argument.hide(is_flag)
    };
    // the one that is added to each of them
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
            Some(kind) => names.of(kind, current),
            None if is_scheduled => names.scheduled(current),
            None => (names.files)(current),
        }))
    });
    command.mut_subcommands(|command| with_names(command, names))
}

/// Of what kind the values of an argument are, which has the same meaning wherever it stands.
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
        "from_cluster" => Kind::Place,
        "run" | "runs" | "base" | "new" | "baseline" | "resume" => Kind::Run,
        _ => return None,
    })
}

/// Completes files, or sees to it that the shell does.
pub(super) type Files = Arc<dyn Fn(&OsStr) -> Vec<CompletionCandidate> + Send + Sync>;

/// What a value may be.
struct Names {
    /// What the words before say.
    said: PartialLine,
    /// Those of them that follow a `--`.
    scheduled: Vec<OsString>,
    known: Known,
    files: Files,
}

impl Names {
    /// The command of a schedule: a command line within this one.
    fn scheduled(&self, current: &OsStr) -> Vec<CompletionCandidate> {
        let program = Cli::command().disable_help_subcommand(true).mut_subcommands(|command| {
            let measures = matches!(command.get_name(), "matrix" | "pair");
            command.hide(!measures)
        });
        let words: Vec<OsString> = self.scheduled.iter().cloned().chain([current.to_owned()]).collect();
        let mut command = command(program, &words, &self.known, &self.files);
        if !is_flag(current) {
            command = without_flags(command);
        }
        let whole: Vec<OsString> = std::iter::once("kubectl-netbench".into()).chain(words).collect();
        let position = whole.len() - 1;
        complete(&mut command, whole, position, None).unwrap_or_default()
    }

    fn of(&self, kind: Kind, current: &OsStr) -> Vec<CompletionCandidate> {
        // an argument is asked although a flag has been begun
        let Some(begun) = current.to_str().filter(|begun| !begun.starts_with('-')) else { return Vec::new() };
        // nobody measures a node against itself, or the same node twice
        let is_said = |name: &Name| match kind {
            Kind::Node => self.said.nodes.contains(&name.value),
            Kind::ServerNode => self.said.server.is_none() && self.said.nodes.contains(&name.value),
            _ => false,
        };
        let names = (self.known)(kind).into_iter();
        let found: Vec<CompletionCandidate> = names
            .filter(|name| name.value.starts_with(begun) && !is_said(name))
            .map(|name| {
                let help = name.help.map(|help| sanitize::line(&help).into());
                CompletionCandidate::new(sanitize::line(&name.value)).help(help)
            })
            .collect();
        // a run may be a file
        if found.is_empty() && kind == Kind::Run { (self.files)(current) } else { found }
    }
}
