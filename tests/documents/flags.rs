//! The table of flags in the README, and that of settings.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::{Arg, ArgAction, CommandFactory};
use kubectl_netbench::cli::Cli;
use kubectl_netbench::config::KEYS;

use super::{assert_part_current, root};

/// Commands in the order of the help, `config` aside: it only has the flags of `matrix`.
fn commands() -> Vec<clap::Command> {
    let mut command = Cli::command();
    command.build();
    let is_told = |command: &&clap::Command| {
        !command.is_hide_set() && !["config", "help"].contains(&command.get_name())
    };
    command.get_subcommands().filter(is_told).cloned().collect()
}

/// `-t`, `--time DURATION`
fn written(flag: &Arg) -> String {
    let short = flag.get_short().map_or(String::new(), |short| format!("`-{short}`, "));
    let value = match flag.get_value_names() {
        Some([name, ..]) if flag.get_action().takes_values() => format!(" {name}"),
        _ => String::new(),
    };
    format!("{short}`--{}{value}`", flag.get_long().expect("a flag has a name"))
}

/// The first sentence of what the help says, and the default.
fn meaning(flag: &Arg) -> String {
    let help = flag.get_help().map(ToString::to_string).unwrap_or_default();
    let default = flag.get_default_values().iter().map(|value| value.to_string_lossy().into_owned());
    let default: Vec<String> = default.collect();
    let takes_values = flag.get_action().takes_values() && !matches!(flag.get_action(), ArgAction::Count);
    let default = if default.is_empty() || !takes_values {
        String::new()
    } else {
        format!(" [default: {}]", default.join(","))
    };
    let possible = if takes_values { flag.get_possible_values() } else { Vec::new() };
    let possible: Vec<&str> = possible.iter().map(clap::builder::PossibleValue::get_name).collect();
    let possible = if possible.is_empty() { String::new() } else { format!(": {}", possible.join(", ")) };
    format!("{help}{possible}{default}").replace('|', "\\|")
}

#[test]
fn the_flags_in_the_readme_are_those_of_the_program() {
    let mut order: Vec<String> = Vec::new();
    let mut rows: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for command in commands() {
        let is_told = |flag: &&Arg| !flag.is_hide_set() && flag.get_long().is_some();
        for flag in command.get_arguments().filter(is_told) {
            let name = flag.get_long().expect("it has one");
            if ["help", "version"].contains(&name) {
                continue;
            }
            let key = format!("{} | {}", written(flag), meaning(flag));
            if !rows.contains_key(&key) {
                order.push(key.clone());
            }
            rows.entry(key).or_default().push(command.get_name().to_owned());
        }
    }
    let all = commands().len();
    let mut table = "| flag | meaning | of |\n| --- | --- | --- |\n".to_owned();
    for key in order {
        let of = &rows[&key];
        let of = if of.len() == all { "all".to_owned() } else { of.join(", ") };
        let _ = writeln!(table, "| {key} | {of} |");
    }
    assert_part_current("README.md", "flags", &table);
}

#[test]
fn the_settings_in_the_documents_are_those_of_the_program() {
    let mut table =
        "| key | variable | meaning | in a section of a context |\n| --- | --- | --- | --- |\n".to_owned();
    for key in KEYS {
        let in_section = if key.of_context { "yes" } else { "no" };
        let meaning = meaning(key.flag());
        let _ = writeln!(table, "| `{}` | `{}` | {meaning} | {in_section} |", key.name, key.variable());
    }
    assert_part_current("docs/configuration.md", "settings", &table);
}

#[test]
fn the_documents_name_no_flag_that_there_is_not() {
    let mut known: Vec<String> = Vec::new();
    let mut with_help = Cli::command();
    with_help.build();
    let mut left = vec![with_help];
    while let Some(command) = left.pop() {
        known.extend(command.get_arguments().filter_map(Arg::get_long).map(str::to_owned));
        left.extend(command.get_subcommands().cloned());
    }
    let documents = std::fs::read_dir(root().join("docs")).expect("there are documents");
    let documents = documents.map(|entry| entry.expect("it is read").path());
    let documents = documents.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let mut checked = 0;
    for path in documents.chain([root().join("README.md"), root().join("SECURITY.md")]) {
        let text = std::fs::read_to_string(&path).expect("it is read");
        for line in text.lines().filter(|line| line.contains("kubectl netbench ")) {
            let (_, words) = line.split_once("kubectl netbench ").expect("it is there");
            // up to what is another program's
            let words = words.split(['|', ';', '`', '#', '>', '&']).next().unwrap_or_default();
            let words = words.split_once(" -- ").map_or(words, |(ours, _)| ours);
            for word in words.split_whitespace().filter_map(|word| word.strip_prefix("--")) {
                let name = word.split('=').next().unwrap_or_default();
                let name = name.trim_end_matches(|end: char| !end.is_ascii_alphanumeric());
                checked += 1;
                assert!(
                    name.is_empty() || known.iter().any(|known| known == name),
                    "{}: --{name}: {line}",
                    path.display()
                );
            }
        }
    }
    assert!(checked > 50, "{checked}");
}
