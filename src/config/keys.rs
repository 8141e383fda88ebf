//! What can be set once for all.

use std::sync::LazyLock;

use clap::{Arg, ArgAction, Command, CommandFactory};

use super::PREFIX;
use crate::cli::Cli;

/// A flag that can be set once for all.
#[derive(Debug, PartialEq, Eq)]
pub struct Key {
    /// The long name of the flag.
    pub name: &'static str,
    /// Whether it may differ between contexts.
    pub of_context: bool,
}

const fn key(name: &'static str) -> Key {
    Key { name, of_context: true }
}

/// One that is known before the context is, or has nothing to do with it.
const fn general(name: &'static str) -> Key {
    Key { name, of_context: false }
}

/// All of them, by purpose.
pub const KEYS: &[Key] = &[
    general("kubeconfig"),
    general("context"),
    key("namespace"),
    key("request-timeout"),
    key("path"),
    key("ip-family"),
    key("image"),
    key("port"),
    key("via"),
    key("keep"),
    key("time"),
    key("omit"),
    key("parallel"),
    key("repeat"),
    key("rtt"),
    key("engine"),
    key("concurrency"),
    key("no-confirm"),
    key("label"),
    key("annotation"),
    key("requests"),
    key("limits"),
    key("image-pull-secret"),
    key("service-account"),
    key("priority-class"),
    key("runtime-class"),
    key("toleration"),
    key("network-policy"),
    key("keep-runs"),
    key("push"),
    key("volume"),
    key("volume-keep"),
    key("program-image"),
    general("quiet"),
    general("color"),
    general("ascii"),
];

/// The flags of a matrix, with what they mean there, those of `config`, and those of all commands: each key has its
/// flag among them.
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
    /// There is none: a test sees to it that each key has one.
    #[expect(clippy::expect_used, reason = "a test sees to it that each key has a flag")]
    pub fn flag(&self) -> &'static Arg {
        FLAGS.iter().find(|flag| flag.get_long() == Some(self.name)).expect("each key has its flag")
    }

    /// Whether it says yes or no.
    pub fn is_switch(&self) -> bool {
        matches!(self.flag().get_action(), ArgAction::SetTrue)
    }

    /// Whether it may have several values.
    pub(super) fn is_list(&self) -> bool {
        matches!(self.flag().get_action(), ArgAction::Append)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_a_flag_and_a_variable_of_its_own() {
        let mut variables: Vec<String> = KEYS.iter().map(Key::variable).collect();
        variables.sort_unstable();
        variables.dedup();
        assert_eq!(variables.len(), KEYS.len());
        for key in KEYS {
            assert_eq!(key.flag().get_long(), Some(key.name));
        }
    }
}
