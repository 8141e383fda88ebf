//! Settings that are given once for all: by environment variables, and by a file with sections for
//! contexts. Pure: text and variables are handed in.
//!
//! A setting is a flag of the command line by its long name, and becomes that flag's default: what it
//! means, which values it has, and what it does not go together with is told in one place, [`cli`].
//!
//! [`cli`]: crate::cli

mod effective;
mod error;
mod file;
mod keys;
mod line;
pub mod scheduled;
mod values;

pub use effective::{Effective, Source};
pub use error::{ConfigError, Place};
pub use keys::{KEYS, Key};
pub use line::CommandLine;

use std::path::{Path, PathBuf};

use crate::cluster::ConnectionOptions;
use file::File;

/// What every environment variable of a setting begins with.
const PREFIX: &str = "NETBENCH_";

/// A value that was given once for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// What it is a value of.
    pub key: &'static Key,
    /// As on the command line; several for what may be repeated.
    pub values: Vec<String>,
    /// Who says so.
    pub place: Place,
}

/// The settings in force: one at most for each key.
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

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Setting> {
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
    /// Where a user's file is, in their directory for configuration.
    pub fn file_in(directory: &Path) -> PathBuf {
        directory.join("kubectl-netbench/config.yaml")
    }

    /// Reads the text of the file at `path`, which may be empty, and asks for variables by name; an
    /// empty one is none.
    ///
    /// # Errors
    /// A key is unknown, or a value makes no sense for its key.
    pub fn read(
        path: &Path,
        text: &str,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let mut variables = Vec::new();
        for key in KEYS {
            let name = key.variable();
            let Some(value) = variable(&name).filter(|value| !value.is_empty()) else { continue };
            variables.push(values::setting(key, values::split(key, &value), Place::Variable(name))?);
        }
        let mut file = File::read(path, text)?;
        // kubectl's own variable is of the environment as well
        if variable("KUBECONFIG").is_some_and(|list| !list.is_empty()) {
            file.settings.retain(|setting| setting.key.name != "kubeconfig");
        }
        Ok(Self { file, variables })
    }

    /// Whether some settings are of one context only.
    pub fn has_contexts(&self) -> bool {
        !self.file.contexts.is_empty()
    }

    /// What is in force in a context: a variable goes before the context's section, and that before
    /// the rest of the file.
    pub fn settings(&self, context: Option<&str>) -> Settings {
        let section = context.and_then(|context| self.file.contexts.get(context));
        let by_weight = [Some(&self.variables), section, Some(&self.file.settings)];
        let given = by_weight.into_iter().flatten().flatten();
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
