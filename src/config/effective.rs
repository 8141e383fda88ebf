//! The effective value of every key, with its source.

use serde::Serialize;

use super::{CommandLine, KEYS, Place, Settings};
use crate::sanitize::without_credentials;

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// A flag on the command line.
    Flag,
    /// An environment variable.
    Environment,
    /// The settings file.
    File,
    /// The built-in default.
    Default,
}

/// The effective value of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Effective {
    /// The long name of the flag.
    pub key: &'static str,
    /// As on the command line; empty if it is not set.
    pub values: Vec<String>,
    /// Where it comes from.
    pub source: Source,
    /// The variable, or the line and column of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The context whose section of the file has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
}

impl CommandLine {
    /// The value of every key for a run with these settings.
    pub fn effective(&self, settings: &Settings) -> Vec<Effective> {
        let effective = |key: &'static super::Key| {
            let flag = key.flag();
            // it ends up in logs: without passwords of addresses
            let value = |values: Vec<String>, source| {
                let values = values.iter().map(|value| without_credentials(value)).collect();
                Effective { key: key.name, values, source, place: None, context: None }
            };
            if let Some(said) = self.said(flag) {
                return value(said, Source::Flag);
            }
            let Some(setting) = settings.of(key.name) else {
                if key.is_switch() {
                    return value(vec!["false".to_owned()], Source::Default);
                }
                let defaults = flag.get_default_values().iter();
                let defaults = defaults.map(|value| value.to_string_lossy().into_owned()).collect();
                return value(defaults, Source::Default);
            };
            let (source, context) = match &setting.place {
                Place::Variable(_) => (Source::Environment, None),
                Place::File { context, .. } => (Source::File, context.clone()),
            };
            let place = Some(setting.place.to_string());
            Effective { place, context, ..value(setting.values.clone(), source) }
        };
        KEYS.iter().map(effective).collect()
    }
}
