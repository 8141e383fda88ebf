//! Why settings cannot be used.

use std::fmt;
use std::path::PathBuf;

use super::{KEYS, Setting};
use crate::explanation::Explanation;
use crate::sanitize;

/// Where a setting was made.
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
        /// The context whose section has it.
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

/// Why settings cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file is no YAML, or none of the expected form.
    #[error("{place}: {why}")]
    Syntax {
        /// Where.
        place: Box<Place>,
        /// What is wrong.
        why: String,
    },
    /// There is no such key.
    #[error("{place}: there is no key `{key}`")]
    UnknownKey {
        /// Where.
        place: Box<Place>,
        /// The key.
        key: String,
    },
    /// A section of a context has what is not a matter of contexts.
    #[error("{place}: `{key}` is not a matter of one context")]
    NotOfContext {
        /// Where.
        place: Box<Place>,
        /// The key.
        key: &'static str,
    },
    /// A value makes no sense for its key.
    #[error("{place}: `{key}` cannot be `{value}`")]
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
    /// A setting does not go together with the other ones.
    #[error("{place}: `{key}` cannot be used")]
    Together {
        /// Where.
        place: Box<Place>,
        /// The key.
        key: &'static str,
        /// Why, by the name of its flag.
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
    /// A setting that the command line refuses.
    pub(super) fn together(setting: Setting, refusal: &clap::Error) -> Self {
        let said = refusal.to_string();
        let why = said.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        Self::Together { place: Box::new(setting.place), key: setting.key.name, why }
    }

    /// The error in the three parts that are shown.
    pub fn explain(&self) -> Explanation {
        let shown = Explanation::new(sanitize::line(&self.to_string()));
        match self {
            Self::Syntax { .. } => shown.help(
                "write KEY: VALUE, a line each, as `time: 5s`; kubectl netbench config --help has an example",
            ),
            Self::UnknownKey { key, .. } => shown.help(match nearest(key) {
                Some(near) => format!("did you mean `{near}`? kubectl netbench config --help lists all keys"),
                None => "kubectl netbench config --help lists all keys".to_owned(),
            }),
            Self::NotOfContext { .. } => shown.help("move it out of `contexts`"),
            Self::Value { why, key, .. } => shown
                .cause(why)
                .help(format!("change it or take it out; kubectl netbench config --help explains --{key}")),
            Self::Together { why, .. } => {
                shown.cause(why).help("change it or take it out, or set what it needs as well")
            }
            Self::Unreadable { why, .. } => {
                shown.cause(why).help("make it a text in UTF-8 that you can read")
            }
        }
    }
}

/// The key that somebody may have meant.
fn nearest(key: &str) -> Option<&'static str> {
    let distance = |name: &str| strsim::damerau_levenshtein(name, &key.replace('_', "-").to_lowercase());
    let names = KEYS.iter().map(|key| key.name).chain(["contexts"]);
    names
        .map(|name| (distance(name), name))
        .min()
        .filter(|(distance, _)| *distance <= 2)
        .map(|(_, name)| name)
}
