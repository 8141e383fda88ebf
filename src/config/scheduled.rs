//! The command of a schedule: which flags it may have, and the settings that apply to its runs.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{CommandLine, Settings};
use crate::cli::Cli;
use crate::store;

/// Flags that a scheduled run cannot have, each with the reason.
const UNSUPPORTED_FLAGS: [(&[&str], &str); 7] = [
    (
        &["kubeconfig", "context", "cluster", "user", "server-context", "server-kubeconfig"],
        "a scheduled run measures its own cluster, and has no kubeconfig in its pod",
    ),
    (&["as", "as-group", "as-uid"], "a scheduled run has the permissions of its service account"),
    (&["local"], "it measures the loopback interface instead of a cluster"),
    (&["dry-run"], "it measures nothing; put it before the `--` to print the objects of the schedule"),
    (
        &["output-file", "save-to", "metrics-file", "no-save"],
        "files in the pod are lost; the output is in the log, and the run document is kept in the cluster",
    ),
    (&["resume"], "each scheduled run is a new one"),
    (&["keep"], "a scheduled run leaves no servers behind"),
];

/// Settings that apply to the user's own commands, and not to scheduled runs.
const CALLER_SETTINGS: [&str; 10] = [
    "kubeconfig",
    "context",
    "namespace",
    "request-timeout",
    "keep",
    "keep-runs",
    "program-image",
    "quiet",
    "color",
    "ascii",
];

/// Parses the command of a schedule in `namespace`, and adds this namespace to it.
///
/// # Errors
/// It is invalid, or cannot run in a cluster: the error prints itself.
pub fn parse(command: &[String], namespace: &str) -> Result<CommandLine, clap::Error> {
    let program = std::iter::once("kubectl-netbench".to_owned());
    let read = |words: &mut dyn Iterator<Item = String>| CommandLine::read(words.map(Into::into));
    let line = read(&mut program.clone().chain(command.iter().cloned()))?;
    let error = |text| Err(usage_error(text));
    if !matches!(line.command(), "matrix" | "pair") {
        return Err(unsupported_command(line.command()));
    }
    for (flags, reason) in UNSUPPORTED_FLAGS {
        if let Some(flag) = flags.iter().find(|flag| line.says(flag)) {
            return error(format!("--{flag} cannot be scheduled: {reason}"));
        }
    }
    let baseline = line.value_of("baseline");
    if let Some(other) = baseline.filter(|baseline| store::latest(baseline).is_none()) {
        return error(format!("--baseline {other} cannot be scheduled: use latest, latest~1, and so on"));
    }
    match line.value_of("namespace") {
        Some(other) if other != namespace => error(format!(
            "--namespace {other} cannot be scheduled: the runs of this schedule are in namespace {namespace}"
        )),
        Some(_) => Ok(line),
        None => {
            let name = command.iter().position(|word| word == line.command());
            let (before, after) = command.split_at(name.map_or(0, |position| position + 1));
            let flag = ["--namespace".to_owned(), namespace.to_owned()];
            read(&mut program.chain(before.iter().cloned()).chain(flag).chain(after.iter().cloned()))
        }
    }
}

fn usage_error(text: String) -> clap::Error {
    Cli::usage_error(["schedule", "create"].into_iter(), text)
}

/// The error for a command other than `matrix` and `pair`.
pub fn unsupported_command(command: &str) -> clap::Error {
    usage_error(format!("`{command}` cannot be scheduled: only `matrix` and `pair` can"))
}

/// The settings of each run, as YAML: the user's current settings, and the namespace.
pub fn configuration(settings: &Settings, namespace: &str) -> String {
    let mut entries = BTreeMap::from([("namespace", Value::from(namespace))]);
    for setting in settings.iter().filter(|setting| !CALLER_SETTINGS.contains(&setting.key.name)) {
        let value = match setting.values.as_slice() {
            [value] if setting.key.is_switch() => Value::from(value == "true"),
            [value] => Value::from(value.as_str()),
            values => Value::from(values),
        };
        entries.insert(setting.key.name, value);
    }
    // strings and booleans: serialization cannot fail
    serde_yaml::to_string(&entries).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::CommandFactory;

    use super::*;
    use crate::config::Configuration;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    fn error(text: &str) -> String {
        parse(&words(text), "network").map(drop).unwrap_err().to_string()
    }

    #[test]
    fn command_that_cannot_run_in_a_cluster_is_rejected() {
        assert!(parse(&words("matrix --path pod,host -t 5s -n network -- -Z"), "network").is_ok());
        let line = parse(&words("pair node-1 node-2 --udp"), "network").unwrap();
        assert_eq!(line.value_of("namespace").as_deref(), Some("network"));
        for (text, message) in [
            ("runs", "only `matrix` and `pair`"),
            ("matrix --local 4", "--local cannot be scheduled"),
            ("matrix --context east", "no kubeconfig in its pod"),
            ("pair a b --server-context east", "no kubeconfig"),
            ("matrix --keep", "leaves no servers behind"),
            ("matrix --baseline run.json", "latest~1"),
            ("matrix -n other", "are in namespace network"),
            ("matrix --tim 5s", "--time"),
        ] {
            assert!(error(text).contains(message), "{text}: {}", error(text));
        }
    }

    #[test]
    fn unsupported_flags_exist() {
        let command = Cli::command();
        let flags: Vec<&str> = command
            .get_subcommands()
            .filter(|command| matches!(command.get_name(), "matrix" | "pair"))
            .flat_map(clap::Command::get_arguments)
            .filter_map(clap::Arg::get_long)
            .collect();
        for flag in UNSUPPORTED_FLAGS.iter().flat_map(|(flags, _)| *flags) {
            assert!(flags.contains(flag), "--{flag}");
        }
    }

    #[test]
    fn configuration_contains_the_settings_except_those_of_the_caller() {
        let text = "image: example.org/i\ntime: 1m\nrtt: true\ncontext: east\nlabel: {team: net, a: b}\nquiet: true\n";
        let settings = Configuration::read(Path::new("f"), text, |_| None).unwrap().settings(None);
        let file = configuration(&settings, "network");
        let read = Configuration::read(Path::new("f"), &file, |_| None).unwrap().settings(None);
        let value = |key: &str| read.of(key).map(|setting| setting.values.clone());
        assert_eq!(value("namespace"), Some(vec!["network".to_owned()]));
        assert_eq!(value("image"), Some(vec!["example.org/i".to_owned()]));
        assert_eq!(value("rtt"), Some(vec!["true".to_owned()]));
        assert_eq!(value("label").unwrap().len(), 2);
        assert_eq!((value("context"), value("quiet")), (None, None));
    }
}
