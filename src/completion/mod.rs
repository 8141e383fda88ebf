//! Completes command lines, for kubectl and for shells. Names of clusters and of saved runs are asked
//! of the caller, and only where one of them may stand; files are listed for shells, kubectl's own
//! scripts list them themselves.
//!
//! The one place that knows `clap_complete`'s engine, which its authors still call unstable.

mod names;
mod script;

pub use names::{Kind, Known, Name};
pub use script::{INDEX, SHIM, SHIM_NAME, Shell, VARIABLE};

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::CommandFactory;
use clap_complete::engine::{PathCompleter, ValueCompleter as _, complete};

use crate::cli::Cli;
use names::{Files, command, is_flag, without_flags};

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
    let is_file = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&is_file);
    let files = move |_: &OsStr| {
        told.store(true, Ordering::Relaxed);
        Vec::new()
    };
    let mut command = command(Cli::command(), words, known, &(Arc::new(files) as Files));
    let candidates = complete(&mut command, whole, position, None).unwrap_or_default();
    // of `--flag=value`, kubectl's scripts want the value
    let flag = current.to_str().filter(|word| word.starts_with('-')).and_then(|word| word.split_once('='));
    let mut lines = String::new();
    let mut is_open = true;
    for candidate in candidates {
        let value = candidate.get_value().to_string_lossy();
        // flags are for who has begun one
        if value.starts_with('-') && !is_flag(&current) {
            continue;
        }
        let value = match flag {
            Some((flag, _)) => {
                value.strip_prefix(flag).and_then(|rest| rest.strip_prefix('=')).unwrap_or(&value)
            }
            None => &value,
        };
        is_open &= value.ends_with(['=', ',']);
        let _ = match candidate.get_help().map(ToString::to_string) {
            Some(help) => writeln!(lines, "{value}\t{}", help.lines().next().unwrap_or_default()),
            None => writeln!(lines, "{value}"),
        };
    }
    let directive = match (lines.is_empty(), is_open) {
        // the shell knows best how to complete and to quote them
        (true, _) if is_file.load(Ordering::Relaxed) => 0,
        (false, true) => NO_FILES | NO_SPACE,
        _ => NO_FILES,
    };
    let _ = writeln!(lines, ":{directive}");
    lines
}

/// Completes for a shell that was set up with its script: `words` are those of the command line, the
/// program's own first, and the environment tells which of them, in the way of that shell; `index` is
/// what it says. The answer is empty if there is nothing to complete.
pub fn for_shell(shell: Shell, words: Vec<OsString>, index: Option<usize>, known: &Known) -> Vec<u8> {
    let mut answer = Vec::new();
    let files = |current: &OsStr| PathCompleter::any().complete(current);
    let files: Files = Arc::new(files);
    let mut command = command(Cli::command(), words.get(1..).unwrap_or_default(), known, &files);
    let current = index.map_or(words.last(), |index| words.get(index));
    if !current.is_some_and(|word| is_flag(word)) {
        command = without_flags(command);
    }
    match shell.completer().write_complete(&mut command, words, None, &mut answer) {
        Ok(()) => answer,
        Err(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use clap::Command;

    use super::names::kind;
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
            Kind::Schedule => names(&[("nightly", "0 3 * * *")]),
            Kind::Claim => names(&[("results", "10Gi")]),
            Kind::Place => names(&[("nightly", "0 3 * * *"), ("results", "10Gi")]),
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
        assert_eq!(completed("rep"), "report\tShow a saved run in any format\n:4\n");
    }

    #[test]
    fn nodes_are_completed_and_none_twice() {
        assert_eq!(completed("pair "), "node-1\tReady\nnode-2\tNotReady [31m x\nother\n:4\n");
        assert_eq!(values("pair node-1 "), ["far-1"]);
        assert_eq!(values("pair node-1 --server-context far "), ["far-1", "node-1"]);
        assert_eq!(values("pair --context node-1 n"), ["node-1", "node-2"]);
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
            ("matrix --path=ho", "host"),
            ("matrix --context we", "west"),
            ("matrix --context=we", "west"),
            ("pair a b --server-context ", "far"),
            ("matrix -l po", "pool=gpu"),
            ("check -n d", "default"),
            ("report k", "k3v9"),
            ("compare latest~1 lat", "latest"),
            ("matrix --baseline k", "k3v9"),
            ("matrix --resume lat", "latest"),
            ("runs delete k", "k3v9"),
            ("report -o prom", "prometheus"),
            ("schedule run ni", "nightly"),
            ("exporter --schedule ", "nightly"),
            ("matrix --volume r", "results"),
            ("runs --from-cluster n", "nightly"),
        ] {
            assert_eq!(values(line), [expected], "{line}");
        }
    }

    #[test]
    fn the_command_of_a_schedule_is_completed_as_the_command_that_it_is() {
        let scheduled = |words: &str| values(&format!("schedule create a --cron @daily -- {words}"));
        assert_eq!(scheduled(""), ["matrix", "pair"]);
        assert_eq!(scheduled("ma"), ["matrix"]);
        assert_eq!(scheduled("matrix node-1 n"), ["node-2"]);
        assert_eq!(scheduled("matrix --no-c"), ["--no-confirm"]);
        assert_eq!(scheduled("pair --path ho"), ["host"]);
        assert_eq!(scheduled("pair --path=ho"), ["host"]);
        assert!(values("schedule create a --cr").contains(&"--cron".to_owned()));
    }

    #[test]
    fn files_are_left_to_the_shell_where_one_may_stand() {
        for line in ["report Cargo.t", "matrix --kubeconfig sr", "matrix --output-file=x"] {
            assert_eq!(completed(line), ":0\n", "{line}");
        }
        assert_eq!(completed("pair nowhere"), ":4\n");
    }

    #[test]
    fn nobody_is_asked_for_names_while_a_flag_is_begun() {
        let nobody: Known = Arc::new(|kind| panic!("{kind:?}"));
        let words = ["matrix", "--no-c"].map(OsString::from);
        assert!(for_kubectl(&words, &nobody).starts_with("--no-confirm\t"));
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
