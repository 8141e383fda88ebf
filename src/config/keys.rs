//! The keys of settings.

use std::sync::LazyLock;

use clap::{Arg, ArgAction, Command, CommandFactory};

use super::PREFIX;
use crate::cli::Cli;
use crate::options;

/// A flag that can be a setting.
#[derive(Debug, PartialEq, Eq)]
pub struct Key {
    /// The long name of the flag.
    pub name: &'static str,
    /// Whether contexts can have different values.
    pub is_per_context: bool,
}

/// Keys that are needed before the context is known.
const CONNECTION: [&str; 2] = ["kubeconfig", "context"];

/// Keys that have nothing to do with the cluster.
const GLOBAL: [&str; 3] = ["quiet", "color", "ascii"];

/// Keys beside the options of a run that are per context: before and after those.
const BEFORE_OPTIONS: [&str; 2] = ["namespace", "request-timeout"];
const AFTER_OPTIONS: [&str; 6] =
    ["no-confirm", "keep-runs", "push", "volume", "volume-keep", "program-image"];

/// All keys, in the order in which they are listed.
pub static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| {
    let key = |is_per_context| move |name| Key { name, is_per_context };
    let per_context = BEFORE_OPTIONS.into_iter().chain(options::settings()).chain(AFTER_OPTIONS);
    CONNECTION
        .into_iter()
        .map(key(false))
        .chain(per_context.map(key(true)))
        .chain(GLOBAL.into_iter().map(key(false)))
        .collect()
});

/// The flags of `matrix`, of `config` and of all commands: every key has its flag among them, first with its
/// meaning for `matrix`.
static FLAGS: LazyLock<Vec<Arg>> = LazyLock::new(|| {
    let command = Cli::command();
    let of = |name: &str| command.find_subcommand(name).into_iter().flat_map(Command::get_arguments);
    of("matrix").chain(of("config")).chain(command.get_arguments()).cloned().collect()
});

impl Key {
    /// The key of this name.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.name == name)
    }

    /// The environment variable: `NETBENCH_IMAGE_PULL_SECRET`.
    pub fn variable(&self) -> String {
        format!("{PREFIX}{}", self.name.replace('-', "_").to_uppercase())
    }

    /// The flag.
    ///
    /// # Panics
    /// Never: a test checks that each key has a flag.
    #[expect(clippy::expect_used, reason = "a test checks that each key has a flag")]
    pub fn flag(&self) -> &'static Arg {
        FLAGS.iter().find(|flag| flag.get_long() == Some(self.name)).expect("each key has its flag")
    }

    /// Whether it is a boolean.
    pub fn is_switch(&self) -> bool {
        matches!(self.flag().get_action(), ArgAction::SetTrue)
    }

    /// Whether it can have several values.
    pub(super) fn is_list(&self) -> bool {
        matches!(self.flag().get_action(), ArgAction::Append)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_a_flag_and_a_unique_variable() {
        let mut variables: Vec<String> = KEYS.iter().map(Key::variable).collect();
        variables.sort_unstable();
        variables.dedup();
        assert_eq!(variables.len(), KEYS.len());
        for key in KEYS.iter() {
            assert_eq!(key.flag().get_long(), Some(key.name));
        }
    }
}
