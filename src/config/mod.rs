//! Settings: defaults for flags from environment variables and from a file with a section per context. Pure:
//! text and variables are passed in.
//!
//! A setting has the long name of its flag and becomes the default of that flag, so that its meaning, its values
//! and its conflicts are defined once, in [`cli`](crate::cli).

mod effective;
mod error;
mod file;
mod keys;
mod line;
pub mod scheduled;
mod table;
mod values;

pub use effective::{Effective, Source};
pub use error::{ConfigError, Place};
pub use keys::{KEYS, Key};
pub use line::{CommandLine, LineError};
pub use table::table;

use std::path::{Path, PathBuf};

use crate::cluster::ConnectionOptions;
use file::File;

/// The prefix of environment variables.
const PREFIX: &str = "NETBENCH_";

/// A setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its key.
    pub key: &'static Key,
    /// As on the command line; several for a list.
    pub values: Vec<String>,
    /// Where it is set.
    pub place: Place,
}

/// The effective settings: at most one per key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings(Vec<Setting>);

impl Settings {
    /// The setting of a key.
    pub fn of(&self, key: &str) -> Option<&Setting> {
        self.0.iter().find(|setting| setting.key.name == key)
    }

    /// The kubeconfig and the context.
    pub fn connection(&self) -> ConnectionOptions {
        let set = |key| self.of(key).and_then(|setting| setting.values.first().cloned());
        ConnectionOptions {
            kubeconfig: set("kubeconfig").map(PathBuf::from),
            context: set("context"),
            ..ConnectionOptions::default()
        }
    }

    /// All settings.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Setting> {
        self.0.iter()
    }
}

/// The settings of all contexts.
#[derive(Debug, Clone, Default)]
pub struct Configuration {
    file: File,
    variables: Vec<Setting>,
}

impl Configuration {
    /// The path of the file in the user's configuration directory.
    pub fn file_in(directory: &Path) -> PathBuf {
        directory.join("kubectl-netbench").join("config.yaml")
    }

    /// Parses the text of the file at `path`, and the environment variables that `variable` looks up; an empty
    /// variable counts as unset.
    ///
    /// # Errors
    /// A key is unknown, or a value invalid.
    pub fn read(
        path: &Path,
        text: &str,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let mut variables = Vec::new();
        for key in KEYS.iter() {
            let name = key.variable();
            let Some(value) = variable(&name).filter(|value| !value.is_empty()) else { continue };
            variables.push(values::setting(key, values::split(key, &value), Place::Variable(name))?);
        }
        let mut file = File::read(path, text)?;
        // kubectl's own variable overrides the file as well
        if variable("KUBECONFIG").is_some_and(|list| !list.is_empty()) {
            file.settings.retain(|setting| setting.key.name != "kubeconfig");
        }
        Ok(Self { file, variables })
    }

    /// Whether the file has sections for contexts.
    pub fn has_contexts(&self) -> bool {
        !self.file.contexts.is_empty()
    }

    /// The settings for a context: variables override its section, which overrides the rest of the file.
    pub fn settings(&self, context: Option<&str>) -> Settings {
        let section = context.and_then(|context| self.file.contexts.get(context));
        let by_precedence = [Some(&self.variables), section, Some(&self.file.settings)];
        let given = by_precedence.into_iter().flatten().flatten();
        let mut settings = Settings::default();
        for setting in given {
            if settings.of(setting.key.name).is_none() {
                settings.0.push(setting.clone());
            }
        }
        settings
    }
}

#[cfg(test)]
mod tests;
