//! The command line of a schedule: which ones there can be, and the settings that go with it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{CommandLine, Settings};
use crate::cli::Cli;
use crate::store;

/// Flags that make no sense in a run that the cluster makes, each with the reason.
const REFUSED: [(&[&str], &str); 7] = [
    (
        &["kubeconfig", "context", "cluster", "user", "server-context", "server-kubeconfig"],
        "there is no kubeconfig in a pod, and a scheduled run measures the cluster that it runs in",
    ),
    (&["as", "as-group", "as-uid"], "a scheduled run has the rights of its own service account"),
    (&["local"], "that measures loopback, and no cluster"),
    (&["dry-run"], "that measures nothing; write it before the `--` to see the objects of the schedule"),
    (
        &["output-file", "save-to", "metrics-file", "no-save"],
        "a file in the pod goes with it: the output is in the log, the document is kept in the cluster",
    ),
    (&["resume"], "a scheduled run is a new one each time"),
    (&["keep"], "a scheduled run leaves nothing behind"),
];

/// Settings that are of who calls, and not of the run.
const OF_CALLER: [&str; 10] = [
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

/// Reads the command of a schedule in a namespace, which is that of its runs.
///
/// # Errors
/// It makes no sense, or not in a cluster: the error prints itself.
pub fn read(words: &[String], namespace: &str) -> Result<CommandLine, clap::Error> {
    let program = std::iter::once("kubectl-netbench".to_owned());
    let of = |words: &mut dyn Iterator<Item = String>| CommandLine::read(words.map(Into::into));
    let line = of(&mut program.clone().chain(words.iter().cloned()))?;
    let error = |text| Err(mistake(text));
    if !matches!(line.command(), "matrix" | "pair") {
        return Err(measures_nothing(line.command()));
    }
    for (flags, why) in REFUSED {
        if let Some(flag) = flags.iter().find(|flag| line.says(flag)) {
            return error(format!("--{flag} cannot be scheduled: {why}"));
        }
    }
    let baseline = line.value_of("baseline");
    if let Some(other) = baseline.filter(|baseline| store::latest(baseline).is_none()) {
        return error(format!(
            "--baseline {other} cannot be scheduled: a run knows only latest, latest~1 and so on"
        ));
    }
    match line.value_of("namespace") {
        Some(other) if other != namespace => error(format!(
            "a scheduled run takes place in the namespace of its schedule, {namespace}: leave --namespace {other} out"
        )),
        Some(_) => Ok(line),
        None => {
            let command =
                words.iter().position(|word| word == line.command()).map_or(0, |position| position + 1);
            let (command, rest) = words.split_at(command);
            let given = ["--namespace".to_owned(), namespace.to_owned()];
            of(&mut program.chain(command.iter().cloned()).chain(given).chain(rest.iter().cloned()))
        }
    }
}

fn mistake(text: String) -> clap::Error {
    Cli::usage_error(["schedule", "create"].into_iter(), text)
}

/// Why a command cannot be scheduled that is neither `matrix` nor `pair`.
pub fn measures_nothing(command: &str) -> clap::Error {
    mistake(format!("`{command}` cannot be scheduled: only `matrix` and `pair` measure"))
}

/// The file with the settings of each run: those that are in force here, and its namespace.
pub fn configuration(settings: &Settings, namespace: &str) -> String {
    let mut entries = BTreeMap::from([("namespace", Value::from(namespace))]);
    for setting in settings.iter().filter(|setting| !OF_CALLER.contains(&setting.key.name)) {
        let value = match setting.values.as_slice() {
            [value] if setting.key.is_switch() => Value::from(value == "true"),
            [value] => Value::from(value.as_str()),
            values => Value::from(values),
        };
        entries.insert(setting.key.name, value);
    }
    // text and switches: nothing can fail
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

    fn why(text: &str) -> String {
        read(&words(text), "network").map(drop).unwrap_err().to_string()
    }

    #[test]
    fn what_cannot_work_in_a_cluster_is_refused() {
        assert!(read(&words("matrix --path pod,host -t 5s -n network -- -Z"), "network").is_ok());
        let line = read(&words("pair node-1 node-2 --udp"), "network").unwrap();
        assert_eq!(line.value_of("namespace").as_deref(), Some("network"));
        for (text, told) in [
            ("runs", "only `matrix` and `pair`"),
            ("matrix --local 4", "--local cannot be scheduled"),
            ("matrix --context east", "no kubeconfig in a pod"),
            ("pair a b --server-context east", "no kubeconfig"),
            ("matrix --keep", "leaves nothing behind"),
            ("matrix --baseline run.json", "latest~1"),
            ("matrix -n other", "leave --namespace other out"),
            ("matrix --tim 5s", "--time"),
        ] {
            assert!(why(text).contains(told), "{text}: {}", why(text));
        }
    }

    #[test]
    fn every_refused_flag_is_one_that_there_is() {
        let command = Cli::command();
        let flags: Vec<&str> = command
            .get_subcommands()
            .filter(|command| matches!(command.get_name(), "matrix" | "pair"))
            .flat_map(clap::Command::get_arguments)
            .filter_map(clap::Arg::get_long)
            .collect();
        for flag in REFUSED.iter().flat_map(|(refused, _)| *refused) {
            assert!(flags.contains(flag), "--{flag}");
        }
    }

    #[test]
    fn the_settings_in_force_go_with_it_but_for_those_of_the_caller() {
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
