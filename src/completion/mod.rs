//! Completes command lines for kubectl and for shells. The caller supplies the names of cluster objects and saved
//! runs, and is called only where such a name is possible. Files are listed for shells; kubectl's scripts list
//! them themselves.
//!
//! The only user of `clap_complete`'s engine, which is unstable.

mod names;
mod script;

pub use names::{Kind, Name, NameSource};
pub use script::{INDEX, SHIM, SHIM_NAME, VARIABLE};

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::CommandFactory;
use clap_complete::engine::{PathCompleter, ValueCompleter as _, complete};

use crate::cli::{Cli, Shell};
use names::{Files, command, is_flag, without_flags};

/// Completes the last of the words after `kubectl netbench`; it may be empty. The output has the format that
/// kubectl expects of plugins: a line per candidate, and a last line with a directive for the shell.
pub fn for_kubectl(words: &[OsString], source: &NameSource) -> String {
    // cobra's ShellCompDirectiveNoSpace and ShellCompDirectiveNoFileComp
    const NO_SPACE: u8 = 2;
    const NO_FILES: u8 = 4;
    let line: Vec<OsString> =
        std::iter::once("kubectl-netbench".into()).chain(words.iter().cloned()).collect();
    let position = line.len() - 1;
    let current = line[position].clone();
    let is_file = Arc::new(AtomicBool::new(false));
    let set_file = Arc::clone(&is_file);
    let files = move |_: &OsStr| {
        set_file.store(true, Ordering::Relaxed);
        Vec::new()
    };
    let mut command = command(Cli::command(), words, source, &(Arc::new(files) as Files));
    let candidates = complete(&mut command, line, position, None).unwrap_or_default();
    // of `--flag=value`, kubectl's scripts expect the value only
    let flag = current.to_str().filter(|word| word.starts_with('-')).and_then(|word| word.split_once('='));
    let mut lines = String::new();
    let mut is_open = true;
    for candidate in candidates {
        let value = candidate.get_value().to_string_lossy();
        // flags are completed only after a dash
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
        // the shell completes and quotes files itself
        (true, _) if is_file.load(Ordering::Relaxed) => 0,
        (false, true) => NO_FILES | NO_SPACE,
        _ => NO_FILES,
    };
    let _ = writeln!(lines, ":{directive}");
    lines
}

/// Completes for a shell that uses the script of [`Shell::script`]. `words` is the command line, including the
/// program; `index` is the word to complete, the last one by default. The output has the format of the shell,
/// and is empty if there is nothing to complete.
pub fn for_shell(shell: Shell, words: Vec<OsString>, index: Option<usize>, source: &NameSource) -> Vec<u8> {
    let mut output = Vec::new();
    let files = |current: &OsStr| PathCompleter::any().complete(current);
    let files: Files = Arc::new(files);
    let mut command = command(Cli::command(), words.get(1..).unwrap_or_default(), source, &files);
    let current = index.map_or(words.last(), |index| words.get(index));
    if !current.is_some_and(|word| is_flag(word)) {
        command = without_flags(command);
    }
    match shell.completer().write_complete(&mut command, words, None, &mut output) {
        Ok(()) => output,
        Err(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use clap::Command;

    use super::names::kind;
    use super::*;

    fn source() -> NameSource {
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
            Kind::RunSource => names(&[("nightly", "0 3 * * *"), ("results", "10Gi")]),
        })
    }

    fn completed(line: &str) -> String {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        for_kubectl(&words, &source())
    }

    /// The values only.
    fn values(line: &str) -> Vec<String> {
        let lines = completed(line);
        let value = |line: &str| line.split('\t').next().unwrap_or_default().to_owned();
        lines.lines().filter(|line| !line.starts_with(':')).map(value).collect()
    }

    #[test]
    fn commands_are_completed_with_their_help() {
        insta::assert_snapshot!(completed(""));
        assert_eq!(completed("rep"), "report\tShow a saved run in any format\n:4\n");
    }

    #[test]
    fn nodes_are_completed_except_those_given() {
        assert_eq!(completed("pair "), "node-1\tReady\nnode-2\tNotReady [31m x\nother\n:4\n");
        assert_eq!(values("pair node-1 "), ["far-1"]);
        assert_eq!(values("pair node-1 --server-context far "), ["far-1", "node-1"]);
        assert_eq!(values("pair --context node-1 n"), ["node-1", "node-2"]);
        assert_eq!(values("matrix node-1 n"), ["node-2"]);
        assert_eq!(values("matrix -t 2s "), ["node-1", "node-2", "other"]);
        assert_eq!(completed("pair nowhere"), ":4\n");
    }

    #[test]
    fn flags_are_completed_after_a_dash() {
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
    fn command_of_a_schedule_is_completed() {
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
    fn file_arguments_are_delegated_to_the_shell() {
        for line in ["report Cargo.t", "matrix --kubeconfig sr", "matrix --output-file=x"] {
            assert_eq!(completed(line), ":0\n", "{line}");
        }
        assert_eq!(completed("pair nowhere"), ":4\n");
    }

    #[test]
    fn names_are_not_queried_while_completing_a_flag() {
        let panicking: NameSource = Arc::new(|kind| panic!("{kind:?}"));
        let words = ["matrix", "--no-c"].map(OsString::from);
        assert!(for_kubectl(&words, &panicking).starts_with("--no-confirm\t"));
    }

    #[test]
    fn every_kind_of_name_has_an_argument() {
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
