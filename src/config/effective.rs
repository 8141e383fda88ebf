//! The settings in force, and where each comes from.

use serde::Serialize;

use super::{CommandLine, KEYS, Place, Settings};
use crate::cluster::without_credentials;

/// Who says what a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The command line.
    Flag,
    /// A variable of the environment.
    Environment,
    /// The file.
    File,
    /// The program.
    Default,
}

/// A value that is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Effective {
    /// The long name of the flag.
    pub key: &'static str,
    /// As on the command line; none where nothing is said.
    pub values: Vec<String>,
    /// Who says so.
    pub source: Source,
    /// The variable, or the line and column of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The context whose section of the file says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
}

impl CommandLine {
    /// The value of each key, as a run with these settings would have it.
    pub fn effective(&self, settings: &Settings) -> Vec<Effective> {
        let effective = |key: &'static super::Key| {
            let flag = key.flag();
            // it stands in logs: without the password of an address
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
