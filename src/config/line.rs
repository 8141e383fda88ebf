//! A command line, and the settings that apply to it.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, CommandFactory, FromArgMatches, Id};

use super::{ConfigError, Place, Setting, Settings};
use crate::cli::Cli;
use crate::cluster::ConnectionOptions;

/// Why a command line with settings cannot be used.
#[derive(Debug)]
pub enum LineError {
    /// The command line is invalid: the error prints itself.
    Usage(clap::Error),
    /// The settings are invalid.
    Settings(ConfigError),
}

impl From<clap::Error> for LineError {
    fn from(error: clap::Error) -> Self {
        Self::Usage(error)
    }
}

impl From<ConfigError> for LineError {
    fn from(error: ConfigError) -> Self {
        Self::Settings(error)
    }
}

/// A command line, without settings.
#[derive(Debug, Clone)]
pub struct CommandLine {
    words: Vec<OsString>,
    matches: ArgMatches,
}

impl CommandLine {
    /// Parses the words of a command line, the program's name first.
    ///
    /// # Errors
    /// They are invalid or request help: the error prints itself.
    pub fn read(words: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let words: Vec<OsString> = words.into_iter().collect();
        let matches = Cli::command().try_get_matches_from(&words)?;
        Ok(Self { words, matches })
    }

    /// Whether the command uses settings. Completion does not: it must work with an invalid file.
    pub fn takes_settings(&self) -> bool {
        !matches!(self.command(), "completion" | "__complete")
    }

    /// The kubeconfig and the context on the command line.
    pub fn connection(&self) -> ConnectionOptions {
        let matches = self.subcommand();
        ConnectionOptions {
            kubeconfig: matches.try_get_one::<PathBuf>("kubeconfig").ok().flatten().cloned(),
            context: matches.try_get_one::<String>("context").ok().flatten().cloned(),
            ..ConnectionOptions::default()
        }
    }

    /// The command, with settings as the defaults of its flags, and the settings that apply. A setting yields to
    /// a flag of the command line that excludes it.
    ///
    /// # Errors
    /// The command line is invalid, or two settings cannot be used together.
    pub fn apply(&self, settings: &Settings) -> Result<(Cli, Settings), LineError> {
        let excluded = self.excluded();
        let mut settings = settings.clone();
        settings.0.retain(|setting| !excluded.iter().any(|id| id == setting.key.flag().get_id()));
        loop {
            let matches = settings.as_defaults(Cli::command()).try_get_matches_from(&self.words)?;
            let cli = Cli::from_arg_matches(&matches)?;
            let Err(conflict) = cli.check() else { return Ok((cli, settings)) };
            let is_involved = |setting: &Setting| conflict.flags.contains(&setting.key.name);
            let Some(involved) = settings.iter().rfind(|setting| is_involved(setting)) else {
                return Err(Cli::usage_error(self.subcommands(), conflict.message).into());
            };
            if !conflict.flags.iter().any(|flag| self.says(flag)) {
                return Err(ConfigError::together(involved, conflict.message).into());
            }
            settings.0.retain(|setting| !is_involved(setting));
        }
    }

    /// The values of a flag on the command line, as written; `None` if it is not there.
    pub(super) fn said(&self, flag: &Arg) -> Option<Vec<String>> {
        let (matches, id) = (self.subcommand(), flag.get_id().as_str());
        if !is_said(matches, id) {
            return None;
        }
        let values = matches.try_get_raw(id).ok()?.into_iter().flatten();
        let values: Vec<String> = values.map(|value| value.to_string_lossy().into_owned()).collect();
        // a switch has no value
        Some(if values.is_empty() { vec!["true".to_owned()] } else { values })
    }

    /// The flags that exclude, or are excluded by, those on the command line.
    fn excluded(&self) -> Vec<Id> {
        let command = Cli::command();
        let Some(command) = command.find_subcommand(self.command()) else { return Vec::new() };
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
        let mut excluded: Vec<Id> = by_said.chain(of_unsaid.map(|flag| flag.get_id().clone())).collect();
        if is_said(matches, "resume") {
            // a run is resumed in its own cluster and namespace, which need not be that of the claim
            excluded.extend(["context", "namespace", "volume", "volume_keep"].map(Id::from));
        }
        if self.command() == "cleanup" {
            // here it limits the search
            excluded.push(Id::from("namespace"));
        }
        excluded
    }

    /// The name of the command.
    pub fn command(&self) -> &str {
        self.matches.subcommand_name().unwrap_or_default()
    }

    /// The names of the command and of the ones within it: `schedule`, `create`.
    fn subcommands(&self) -> impl Iterator<Item = &str> {
        std::iter::successors(self.matches.subcommand(), |(_, matches)| matches.subcommand())
            .map(|(name, _)| name)
    }

    /// Whether an argument, given by its long name or its ID, is on the command line.
    pub fn says(&self, flag: &str) -> bool {
        self.flag(flag).is_some_and(|flag| is_said(self.subcommand(), flag.get_id().as_str()))
    }

    /// The value on the command line of a flag, given by its long name.
    pub fn value_of(&self, flag: &str) -> Option<String> {
        self.said(&self.flag(flag)?)?.into_iter().next()
    }

    /// The argument of the command with this long name or id.
    fn flag(&self, name: &str) -> Option<Arg> {
        let command = Cli::command();
        let command = command.find_subcommand(self.command())?;
        command.get_arguments().find(|flag| flag.get_long() == Some(name) || flag.get_id() == name).cloned()
    }

    /// The matches of the innermost command: of `schedule create` those of `create`.
    fn subcommand(&self) -> &ArgMatches {
        let mut matches = &self.matches;
        while let Some((_, within)) = matches.subcommand() {
            matches = within;
        }
        matches
    }
}

fn is_said(matches: &ArgMatches, id: &str) -> bool {
    let is_known = matches.try_contains_id(id).is_ok();
    is_known && matches.value_source(id) == Some(ValueSource::CommandLine)
}

impl Settings {
    /// Without the context of the file, which belongs to another kubeconfig.
    #[must_use]
    pub fn for_another_kubeconfig(mut self) -> Self {
        let is_of_file =
            |setting: &Setting| setting.key.name == "context" && matches!(setting.place, Place::File { .. });
        self.0.retain(|setting| !is_of_file(setting));
        self
    }

    /// The same command, with the settings as the defaults of its flags.
    fn as_defaults(&self, command: Command) -> Command {
        let with_default = |flag: Arg| {
            let setting = flag.get_long().and_then(|name| self.of(name));
            // a flag that only shares the name takes other values
            match setting.filter(|setting| flag.get_id() == setting.key.flag().get_id()) {
                Some(setting) => flag.default_values(setting.values.clone()),
                None => flag,
            }
        };
        let within = |command: Command| command.mut_args(with_default);
        within(command).mut_subcommands(|command| within(command).mut_subcommands(within))
    }
}
