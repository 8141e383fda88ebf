//! A command line, and what settings add to it.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory, Id};

use super::{Setting, Settings};
use crate::cli::Cli;
use crate::testbed::kubernetes::ConnectionOptions;

/// A command line that makes sense by itself.
#[derive(Debug, Clone)]
pub struct CommandLine {
    words: Vec<OsString>,
    matches: ArgMatches,
}

impl CommandLine {
    /// Reads the words of a command line, the program's name first.
    ///
    /// # Errors
    /// They make no sense, or ask for help: the error prints itself.
    pub fn read(words: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let words: Vec<OsString> = words.into_iter().collect();
        let matches = Cli::command().try_get_matches_from(&words)?;
        Ok(Self { words, matches })
    }

    /// Whether settings change anything: what sets up completion needs none, and must work where the
    /// file is wrong.
    pub fn takes_settings(&self) -> bool {
        !matches!(self.matches.subcommand_name(), Some("completion" | "__complete"))
    }

    /// The kubeconfig and the context that are named.
    pub fn connection(&self) -> ConnectionOptions {
        let matches = self.subcommand();
        ConnectionOptions {
            kubeconfig: matches.try_get_one::<PathBuf>("kubeconfig").ok().flatten().cloned(),
            context: matches.try_get_one::<String>("context").ok().flatten().cloned(),
            ..ConnectionOptions::default()
        }
    }

    /// The command, with settings where the words say nothing. A setting that cannot go together with
    /// what the words say gives way to them.
    ///
    /// # Errors
    /// It makes no sense: the error prints itself.
    pub fn with(&self, settings: &Settings) -> Result<Cli, clap::Error> {
        let command = Cli::command();
        let name = self.matches.subcommand_name().unwrap_or_default();
        let excluded = command.find_subcommand(name).map(|command| self.excluded(command));
        let excluded = excluded.unwrap_or_default();
        let is_kept = |setting: &&Setting| !excluded.iter().any(|id| id == setting.key.flag().get_id());
        Cli::read(settings.kept(is_kept).apply(command), self.words.iter().cloned())
    }

    /// The values that the words give a flag, as they were written; none if they do not name it.
    pub(super) fn said(&self, flag: &Arg) -> Option<Vec<String>> {
        let (matches, id) = (self.subcommand(), flag.get_id().as_str());
        if !is_said(matches, id) {
            return None;
        }
        let values = matches.try_get_raw(id).ok()?.into_iter().flatten();
        let values: Vec<String> = values.map(|value| value.to_string_lossy().into_owned()).collect();
        // a switch has no value of its own
        Some(if values.is_empty() { vec!["true".to_owned()] } else { values })
    }

    /// The flags that exclude, or are excluded by, those that the words name.
    fn excluded(&self, command: &Command) -> Vec<Id> {
        let conflicts = |flag: &Arg| {
            let others = command.get_arg_conflicts_with(flag).into_iter();
            others.map(|other| other.get_id().clone()).collect::<Vec<Id>>()
        };
        let matches = self.subcommand();
        let (said, unsaid): (Vec<&Arg>, Vec<&Arg>) =
            command.get_arguments().partition(|flag| is_said(matches, flag.get_id().as_str()));
        let by_said = said.iter().flat_map(|flag| conflicts(flag));
        let of_unsaid = unsaid
            .iter()
            .filter(|flag| conflicts(flag).iter().any(|id| said.iter().any(|said| said.get_id() == id)));
        by_said.chain(of_unsaid.map(|flag| flag.get_id().clone())).collect()
    }

    fn subcommand(&self) -> &ArgMatches {
        self.matches.subcommand().map_or(&self.matches, |(_, matches)| matches)
    }
}

fn is_said(matches: &ArgMatches, id: &str) -> bool {
    let is_known = matches.try_contains_id(id).is_ok();
    is_known && matches.value_source(id) == Some(ValueSource::CommandLine)
}

impl Settings {
    fn kept(&self, is_kept: impl Fn(&&Setting) -> bool) -> Self {
        Self(self.iter().filter(is_kept).cloned().collect())
    }

    /// The same command, with the settings as the defaults of its flags.
    pub fn apply(&self, command: Command) -> Command {
        let with_default = |flag: Arg| {
            let setting = flag.get_long().and_then(|name| self.of(name));
            // what only has the name of one takes other values
            let setting = setting.filter(|setting| flag.get_id() == setting.key.flag().get_id());
            match setting {
                Some(setting) if !matches!(flag.get_action(), ArgAction::Help | ArgAction::Version) => {
                    flag.default_values(setting.values.clone())
                }
                _ => flag,
            }
        };
        command.mut_args(with_default).mut_subcommands(|command| command.mut_args(with_default))
    }
}
