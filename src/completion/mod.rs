//! Completes command lines, for kubectl and for shells. Pure: names of clusters and of saved runs
//! are asked of the caller, and only where one of them may stand.
//!
//! The one place that knows `clap_complete`'s engine, which its authors still call unstable.

mod asked;
mod script;

pub use asked::Asked;
pub use script::{SHIM, SHIM_NAME, Shell, VARIABLE};

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::sync::Arc;

use clap::{Command, CommandFactory};
use clap_complete::engine::{
    ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter as _, complete,
};

use crate::cli::Cli;
use crate::plain;

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

/// Completes the words after `kubectl netbench`, the last of them, which may be empty, and answers in
/// the way that kubectl asks plugins for: a line for each candidate, and a last one that says what the
/// shell is to do.
pub fn for_kubectl(words: &[OsString], known: &Known) -> String {
    // cobra's ShellCompDirectiveNoSpace and ShellCompDirectiveNoFileComp
    const NO_SPACE: u8 = 2;
    const NO_FILES: u8 = 4;
    let whole: Vec<OsString> =
        std::iter::once("kubectl-netbench".into()).chain(words.iter().cloned()).collect();
    let position = whole.len() - 1;
    let current = whole[position].clone();
    let directory = std::env::current_dir().ok();
    let candidates =
        complete(&mut command(words, known), whole, position, directory.as_deref()).unwrap_or_default();
    let mut lines = String::new();
    let mut is_open = true;
    for candidate in candidates {
        let value = candidate.get_value().to_string_lossy();
        // as of kubectl's own commands: flags are for who has begun one
        if value.starts_with('-') && !current.as_encoded_bytes().starts_with(b"-") {
            continue;
        }
        is_open &= value.ends_with(['/', '=', ',']);
        let _ = match candidate.get_help().map(ToString::to_string) {
            Some(help) => writeln!(lines, "{value}\t{}", help.lines().next().unwrap_or_default()),
            None => writeln!(lines, "{value}"),
        };
    }
    let directive = if is_open && !lines.is_empty() { NO_FILES | NO_SPACE } else { NO_FILES };
    let _ = writeln!(lines, ":{directive}");
    lines
}

/// Completes for a shell that was set up with its script: `words` are those of the command line, the
/// program's own first, and the environment tells which of them, in the way of that shell. The answer
/// is empty if there is nothing to complete.
pub fn for_shell(shell: Shell, words: Vec<OsString>, known: &Known) -> Vec<u8> {
    let mut answer = Vec::new();
    let directory = std::env::current_dir().ok();
    let mut command = command(words.get(1..).unwrap_or_default(), known);
    match shell.completer().write_complete(&mut command, words, directory.as_deref(), &mut answer) {
        Ok(()) => answer,
        Err(_) => Vec::new(),
    }
}

/// The command line, each of whose values knows its names.
fn command(words: &[OsString], known: &Known) -> Command {
    let said: HashSet<OsString> =
        words.split_last().map_or(&[][..], |(_, said)| said).iter().cloned().collect();
    with_names(Cli::command(), &Arc::new(said), known)
}

fn with_names(command: Command, said: &Arc<HashSet<OsString>>, known: &Known) -> Command {
    let command = command.mut_args(|argument| match kind(argument.get_id().as_str()) {
        Some(kind) => {
            let (said, known) = (Arc::clone(said), Arc::clone(known));
            argument
                .add(ArgValueCompleter::new(move |current: &OsStr| candidates(kind, current, &said, &known)))
        }
        None => argument,
    });
    command.mut_subcommands(|command| with_names(command, said, known))
}

/// Of what kind the values of an argument are, which has the same meaning wherever it stands.
fn kind(id: &str) -> Option<Kind> {
    Some(match id {
        "nodes" | "client" => Kind::Node,
        "server" => Kind::ServerNode,
        "selector" => Kind::NodeLabel,
        "namespace" => Kind::Namespace,
        "context" => Kind::Context,
        "server_context" => Kind::ServerContext,
        "cluster" => Kind::Cluster,
        "user" => Kind::User,
        "run" | "runs" | "base" | "new" | "baseline" | "resume" => Kind::Run,
        _ => return None,
    })
}

fn candidates(
    kind: Kind,
    current: &OsStr,
    said: &HashSet<OsString>,
    known: &Known,
) -> Vec<CompletionCandidate> {
    let Some(begun) = current.to_str() else { return Vec::new() };
    let fits = |name: &Name| {
        // nobody measures a node against itself, or the same node twice
        let is_said = matches!(kind, Kind::Node | Kind::ServerNode) && said.contains(OsStr::new(&name.value));
        name.value.starts_with(begun) && !is_said
    };
    let names = known(kind).into_iter().filter(fits);
    let found: Vec<CompletionCandidate> = names
        .map(|name| {
            let help = name.help.map(|help| plain::line(&help).into());
            CompletionCandidate::new(plain::line(&name.value)).help(help)
        })
        .collect();
    // a run may be a file
    if found.is_empty() && kind == Kind::Run { PathCompleter::file().complete(current) } else { found }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        let names = |names: &[(&str, &str)]| {
            let name = |&(value, help): &(&str, &str)| Name {
                value: value.to_owned(),
                help: (!help.is_empty()).then(|| help.to_owned()),
            };
            names.iter().map(name).collect()
        };
        Arc::new(move |kind| match kind {
            Kind::Node => names(&[("node-1", "Ready"), ("node-2", "NotReady\u{1b}[31m\nx"), ("other", "")]),
            Kind::ServerNode => names(&[("far-1", ""), ("node-1", "")]),
            Kind::NodeLabel => names(&[("pool=gpu", "")]),
            Kind::Namespace => names(&[("default", "")]),
            Kind::Context => names(&[("east", ""), ("west", "")]),
            Kind::ServerContext => names(&[("far", "")]),
            Kind::Cluster | Kind::User => names(&[("it", "")]),
            Kind::Run => names(&[("latest", "matrix"), ("k3v9", "")]),
        })
    }

    fn completed(line: &str) -> String {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        for_kubectl(&words, &known())
    }

    /// The values only.
    fn values(line: &str) -> Vec<String> {
        let lines = completed(line);
        let value = |line: &str| line.split('\t').next().unwrap_or_default().to_owned();
        lines.lines().filter(|line| !line.starts_with(':')).map(value).collect()
    }

    #[test]
    fn commands_come_with_what_they_do() {
        insta::assert_snapshot!(completed(""));
        assert_eq!(completed("rep"), "report\tShow a saved run, in any form\n:4\n");
    }

    #[test]
    fn nodes_are_completed_and_none_twice() {
        assert_eq!(completed("pair "), "node-1\tReady\nnode-2\tNotReady [31m x\nother\n:4\n");
        assert_eq!(values("pair node-1 "), ["far-1"]);
        assert_eq!(values("matrix node-1 n"), ["node-2"]);
        assert_eq!(values("matrix -t 2s "), ["node-1", "node-2", "other"]);
        assert_eq!(completed("pair nowhere"), ":4\n");
    }

    #[test]
    fn flags_are_completed_when_they_are_begun() {
        assert_eq!(values("matrix --no-c"), ["--no-confirm"]);
        assert!(values("pair -").contains(&"--host".to_owned()));
        assert!(!values("pair ").iter().any(|value| value.starts_with('-')));
    }

    #[test]
    fn values_of_flags_are_completed() {
        for (line, expected) in [
            ("matrix --path ho", "host"),
            ("matrix --path pod,ho", "pod,host"),
            ("matrix --path=ho", "--path=host"),
            ("matrix --context we", "west"),
            ("matrix --context=we", "--context=west"),
            ("pair a b --server-context ", "far"),
            ("matrix -l po", "pool=gpu"),
            ("check -n d", "default"),
            ("report k", "k3v9"),
            ("compare latest~1 lat", "latest"),
            ("matrix --baseline k", "k3v9"),
            ("matrix --resume lat", "latest"),
            ("runs delete k", "k3v9"),
            ("report -o prom", "prometheus"),
        ] {
            assert_eq!(values(line), [expected], "{line}");
        }
    }

    #[test]
    fn files_are_completed_and_folders_stay_open() {
        assert_eq!(values("report Cargo.t"), ["Cargo.toml"]);
        assert_eq!(completed("matrix --kubeconfig sr"), "src/\n:6\n");
    }

    #[test]
    fn each_kind_of_name_has_an_argument() {
        fn ids(command: &Command, found: &mut HashSet<String>) {
            found.extend(command.get_arguments().map(|argument| argument.get_id().to_string()));
            command.get_subcommands().for_each(|command| ids(command, found));
        }
        let mut found = HashSet::new();
        ids(&Cli::command(), &mut found);
        for id in [
            "nodes",
            "client",
            "server",
            "selector",
            "namespace",
            "context",
            "server_context",
            "cluster",
            "user",
            "run",
            "runs",
            "base",
            "new",
            "baseline",
            "resume",
        ] {
            assert!(kind(id).is_some() && found.contains(id), "{id}");
        }
    }
}
