//! Errors in settings.

use std::fmt;
use std::path::PathBuf;

use super::{KEYS, Setting};
use crate::explanation::Explanation;
use crate::sanitize;

/// Where a setting is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In an environment variable.
    Variable(String),
    /// In the file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The column, from 1.
        column: u64,
        /// The context of its section.
        context: Option<String>,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Variable(name) => formatter.write_str(name),
            Self::File { path, line, column, .. } => write!(formatter, "{}:{line}:{column}", path.display()),
        }
    }
}

/// An error in a setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file is not valid YAML, or not of the expected structure.
    #[error("{place}: {why}")]
    Syntax {
        /// Where.
        place: Box<Place>,
        /// What is wrong.
        why: String,
    },
    /// An unknown key.
    #[error("{place}: unknown key `{key}`")]
    UnknownKey {
        /// Where.
        place: Box<Place>,
        /// The key.
        key: String,
    },
    /// A global key in the section of a context.
    #[error("{place}: `{key}` cannot be set per context")]
    NotOfContext {
        /// Where.
        place: Box<Place>,
        /// The key.
        key: &'static str,
    },
    /// An invalid value.
    #[error("{place}: invalid value `{value}` for `{key}`")]
    Value {
        /// Where.
        place: Box<Place>,
        /// The key.
        key: &'static str,
        /// The value.
        value: String,
        /// Why.
        why: String,
    },
    /// A setting conflicts with others.
    #[error("{place}: `{key}` conflicts with other settings")]
    Together {
        /// Where.
        place: Box<Place>,
        /// The key.
        key: &'static str,
        /// Why.
        why: String,
    },
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

impl ConfigError {
    /// A setting that conflicts with other settings.
    pub(super) fn together(setting: &Setting, why: String) -> Self {
        Self::Together { place: Box::new(setting.place.clone()), key: setting.key.name, why }
    }

    /// The error in the three parts that are shown.
    pub fn explain(&self) -> Explanation {
        let shown = Explanation::new(sanitize::line(&self.to_string()));
        match self {
            Self::Syntax { .. } => shown.help(
                "write one KEY: VALUE per line, for example `time: 5s`; see kubectl netbench config --help",
            ),
            Self::UnknownKey { key, .. } => shown.help(match nearest(key) {
                Some(near) => format!("did you mean `{near}`? for all keys: kubectl netbench config --help"),
                None => "for all keys: kubectl netbench config --help".to_owned(),
            }),
            Self::NotOfContext { .. } => shown.help("move it out of `contexts`"),
            Self::Value { why, key, .. } => shown
                .cause(why)
                .help(format!("change or remove it; for --{key} see: kubectl netbench config --help")),
            Self::Together { why, .. } => {
                shown.cause(why).help("change or remove it, or also set what it needs")
            }
            Self::Unreadable { why, .. } => shown.cause(why).help("make it a readable UTF-8 text file"),
        }
    }
}

/// The known key closest to a misspelled one.
fn nearest(key: &str) -> Option<&'static str> {
    let distance = |name: &str| strsim::damerau_levenshtein(name, &key.replace('_', "-").to_lowercase());
    let names = KEYS.iter().map(|key| key.name).chain(["contexts"]);
    names
        .map(|name| (distance(name), name))
        .min()
        .filter(|(distance, _)| *distance <= 2)
        .map(|(_, name)| name)
}
