//! A command line, and what settings add to it.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, CommandFactory, Id};

use super::{ConfigError, Place, Setting, Settings};
use crate::cli::Cli;
use crate::cluster::ConnectionOptions;

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
        !matches!(self.command(), "completion" | "__complete")
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

    /// The command, with settings where the words say nothing.
    ///
    /// # Errors
    /// It makes no sense: the error prints itself.
    pub fn cli(&self, settings: &Settings) -> Result<Cli, clap::Error> {
        Cli::read(settings.apply(Cli::command()), self.words.iter().cloned())
    }

    /// The settings that hold beside these words: one that does not go together with what they say gives
    /// way to it.
    ///
    /// # Errors
    /// A setting does not go together with the other ones, whatever the words say.
    pub fn settle(&self, settings: &Settings) -> Result<Settings, ConfigError> {
        let excluded = self.excluded();
        let mut settings = settings.clone();
        settings.0.retain(|setting| !excluded.iter().any(|id| id == setting.key.flag().get_id()));
        if self.cli(&settings).is_ok() {
            return Ok(settings);
        }
        // as many as go together with the words, until none can be added: one may need another one
        let (mut kept, mut refused) = (Settings::default(), settings.0);
        let mut left = usize::MAX;
        while refused.len() < left {
            left = refused.len();
            refused.retain(|setting| {
                let with = kept.with(setting);
                let holds = self.cli(&with).is_ok();
                if holds {
                    kept = with;
                }
                !holds
            });
        }
        if kept.0.is_empty() && self.cli(&kept).is_err() {
            // it is the words that make no sense
            return Ok(kept);
        }
        for setting in refused {
            if let Err(error) = self.without_flags(&kept.with(&setting)) {
                return Err(ConfigError::together(setting, &error));
            }
        }
        Ok(kept)
    }

    /// The same command without a flag.
    fn without_flags(&self, settings: &Settings) -> Result<Cli, clap::Error> {
        let nodes: &[&str] = if self.command() == "pair" { &["client", "server"] } else { &[] };
        let words = ["kubectl-netbench", self.command()].into_iter().chain(nodes.iter().copied());
        Cli::read(settings.apply(Cli::command()), words.map(OsString::from))
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
            // a run is resumed where it was made: the namespace of the claim may be another one
            excluded.extend(["context", "namespace", "volume", "volume_keep"].map(Id::from));
        }
        if self.command() == "cleanup" {
            // there it is not where to work, but the only place to look
            excluded.push(Id::from("namespace"));
        }
        excluded
    }

    /// The name of the command.
    pub fn command(&self) -> &str {
        self.matches.subcommand_name().unwrap_or_default()
    }

    /// Whether the words name a flag, given by its long name.
    pub fn says(&self, flag: &str) -> bool {
        self.flag(flag).is_some_and(|flag| is_said(self.subcommand(), flag.get_id().as_str()))
    }

    /// The value that the words give a flag, given by its long name.
    pub fn value_of(&self, flag: &str) -> Option<String> {
        self.said(&self.flag(flag)?)?.into_iter().next()
    }

    /// The flag of the command by its long name.
    fn flag(&self, long: &str) -> Option<Arg> {
        let command = Cli::command();
        let command = command.find_subcommand(self.command())?;
        command.get_arguments().find(|flag| flag.get_long() == Some(long)).cloned()
    }

    /// The matches of the command, or of the one within it: `schedule create`.
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
    fn with(&self, setting: &Setting) -> Self {
        Self(self.iter().chain([setting]).cloned().collect())
    }

    /// The same without a context that the file names: it is one of another kubeconfig.
    #[must_use]
    pub fn for_another_kubeconfig(mut self) -> Self {
        let is_of_file =
            |setting: &Setting| setting.key.name == "context" && matches!(setting.place, Place::File { .. });
        self.0.retain(|setting| !is_of_file(setting));
        self
    }

    /// The same command, with the settings as the defaults of its flags.
    fn apply(&self, command: Command) -> Command {
        let with_default = |flag: Arg| {
            let setting = flag.get_long().and_then(|name| self.of(name));
            // what only has the name of one takes other values
            match setting.filter(|setting| flag.get_id() == setting.key.flag().get_id()) {
                Some(setting) => flag.default_values(setting.values.clone()),
                None => flag,
            }
        };
        let within = |command: Command| command.mut_args(with_default);
        within(command).mut_subcommands(|command| within(command).mut_subcommands(within))
    }
}
