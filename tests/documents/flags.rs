//! The table of flags in the README, and that of settings.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, CommandFactory};
use kubectl_netbench::cli::Cli;
use kubectl_netbench::config::{CommandLine, KEYS, LineError, Settings};

use super::{assert_part_current, root};

/// Commands in the order of the help, those within them included: `schedule create`. `config` aside: it only
/// has the flags of `matrix`.
fn commands() -> Vec<(String, clap::Command)> {
    let mut command = Cli::command();
    command.build();
    let mut commands = Vec::new();
    for command in documented(&command) {
        let name = command.get_name();
        let within = documented(&command);
        let named = within.iter().map(|within| (format!("{name} {}", within.get_name()), within.clone()));
        commands.extend(std::iter::once((name.to_owned(), command.clone())).chain(named));
    }
    commands
}

fn documented(command: &clap::Command) -> Vec<clap::Command> {
    let is_told = |command: &&clap::Command| {
        !command.is_hide_set() && !["config", "help", "options"].contains(&command.get_name())
    };
    command.get_subcommands().filter(is_told).cloned().collect()
}

/// The commands that have a flag: one stands for all those within it.
fn in_short(of: &[String], commands: &[(String, clap::Command)]) -> String {
    let mut short: Vec<&str> = Vec::new();
    for name in of {
        let outer = name.split(' ').next().unwrap_or_default();
        let mut within = commands.iter().filter(|(name, _)| name.starts_with(&format!("{outer} ")));
        let has_all = within.clone().count() > 1 && within.all(|(name, _)| of.contains(name));
        let name = if has_all { outer } else { name };
        if !short.contains(&name) {
            short.push(name);
        }
    }
    short.join(", ")
}

/// `-t`, `--time DURATION`
fn written(flag: &Arg) -> String {
    let short = flag.get_short().map_or(String::new(), |short| format!("`-{short}`, "));
    let value = match flag.get_value_names() {
        Some([name, ..]) if flag.get_action().takes_values() => format!(" {name}"),
        _ => String::new(),
    };
    // a pipe would end the column, in code as well
    let value = value.replace('|', "\\|");
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
    let commands = commands();
    for (command_name, command) in &commands {
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
            rows.entry(key).or_default().push(command_name.clone());
        }
    }
    let mut table = "| flag | meaning | commands |\n| --- | --- | --- |\n".to_owned();
    for key in order {
        let of = &rows[&key];
        let has_flags = |(_, command): &&(String, clap::Command)| {
            command.get_arguments().any(|flag| flag.get_long().is_some_and(|name| name == "ascii"))
        };
        let all = commands.iter().filter(has_flags).count();
        let of = if of.len() == all { "all".to_owned() } else { in_short(of, &commands) };
        let _ = writeln!(table, "| {key} | {of} |");
    }
    assert_part_current("README.md", "flags", &table);
}

#[test]
fn the_settings_in_the_documents_are_those_of_the_program() {
    let mut table =
        "| key | variable | meaning | in a section of a context |\n| --- | --- | --- | --- |\n".to_owned();
    for key in KEYS.iter() {
        let in_section = if key.is_per_context { "yes" } else { "no" };
        let meaning = meaning(key.flag());
        let _ = writeln!(table, "| `{}` | `{}` | {meaning} | {in_section} |", key.name, key.variable());
    }
    assert_part_current("docs/configuration.md", "settings", &table);
}

/// All documents, each with its name.
fn documents() -> Vec<(String, String)> {
    let documents = std::fs::read_dir(root().join("docs")).expect("there are documents");
    let documents = documents.map(|entry| entry.expect("it is read").path());
    let documents = documents.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let others = ["README.md", "SECURITY.md", "CONTRIBUTING.md", "completions/README.md"];
    documents
        .chain(others.map(|name| root().join(name)))
        .map(|path| (path.display().to_string(), std::fs::read_to_string(&path).expect("it is read")))
        .collect()
}

/// The words of a line of a block of code, if it calls this program, up to what is the shell's.
fn called(line: &str) -> Option<Vec<String>> {
    let line = line.trim_start_matches("$ ").trim_start_matches("time ").trim_start_matches("- run: ");
    let words = line.strip_prefix("kubectl netbench")?.split(" # ").next()?;
    let is_shells = |word: &String| {
        let end = ["|", ">", ">>", "&", "&&", ";", "2>&1"].contains(&word.as_str());
        end || word.starts_with(">/") || word.starts_with('#')
    };
    let words =
        shlex::split(&words.replace(';', " ;")).unwrap_or_else(|| panic!("the shell does not take: {line}"));
    Some(words.into_iter().take_while(|word| !is_shells(word)).collect())
}

#[test]
fn each_command_in_the_documents_is_one_that_can_be_called() {
    let mut checked = 0;
    for (name, text) in documents() {
        let mut is_code = false;
        for line in text.lines() {
            if line.starts_with("```") {
                is_code = !is_code;
                continue;
            }
            let Some(words) = called(line.trim_start()).filter(|_| is_code) else { continue };
            checked += 1;
            let whole = std::iter::once("kubectl-netbench".to_owned()).chain(words).map(Into::into);
            let read = CommandLine::read(whole).map_err(LineError::Usage);
            let read = read.and_then(|line| line.apply(&Settings::default()));
            if let Err(error) = read {
                let LineError::Usage(error) = error else { panic!("{name}: {line}\n{error:?}") };
                let asks = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
                assert!(asks, "{name}: {line}\n{error}");
            }
        }
    }
    assert!(checked > 40, "{checked}");
}

#[test]
fn links_between_documents_lead_somewhere() {
    for (name, text) in documents() {
        let folder = std::path::Path::new(&name).parent().expect("it is in a folder");
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            if !file.is_empty() && !file.contains("://") {
                assert!(folder.join(file).exists(), "{name}: {link}");
            }
        }
    }
}
