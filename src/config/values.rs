//! Values of settings, validated by their flags.

use std::error::Error as _;
use std::path::Path;

use clap::error::{ContextKind, ContextValue};
use clap::{Arg, ArgAction, Command};

use super::{ConfigError, Key, Place, Setting};
use crate::sanitize::without_credentials;

/// A setting with validated values.
pub(super) fn setting(key: &'static Key, values: Vec<String>, place: Place) -> Result<Setting, ConfigError> {
    let is_file = matches!(place, Place::File { .. });
    let why = |value: &str| refused(key, value).or_else(|| refused_in_file(key, value).filter(|_| is_file));
    match values.iter().find_map(|value| why(value).map(|why| (value, why))) {
        None => Ok(Setting { key, values, place }),
        Some((value, why)) => {
            let value = without_credentials(value);
            Err(ConfigError::Value { place: Box::new(place), key: key.name, value, why })
        }
    }
}

/// The values in a variable: a list is separated by commas, or by line feeds where a value may have commas.
pub(super) fn split(key: &Key, value: &str) -> Vec<String> {
    if !key.is_list() {
        return vec![value.to_owned()];
    }
    let separator = if key.name == "annotation" { '\n' } else { ',' };
    let parts = value.split(separator).map(str::trim).filter(|part| !part.is_empty());
    parts.map(str::to_owned).collect()
}

/// Why a value that is valid for the flag is invalid in a file.
fn refused_in_file(key: &Key, value: &str) -> Option<String> {
    let is_whole = key.name != "kubeconfig" || Path::new(value).is_absolute();
    (!is_whole).then(|| "must be an absolute path: no shell expands it here".to_owned())
}

/// Why a value is invalid; `None` if it is valid.
fn refused(key: &Key, value: &str) -> Option<String> {
    if key.is_switch() {
        return (!matches!(value, "true" | "false")).then(|| "must be true or false".to_owned());
    }
    let flag = key.flag();
    // without its relations to other flags, which are not here
    let alone = Arg::new(key.name)
        .long(key.name)
        .action(ArgAction::Set)
        .allow_hyphen_values(true)
        .value_parser(flag.get_value_parser().clone());
    let alone = match flag.get_value_delimiter() {
        Some(delimiter) => alone.value_delimiter(delimiter),
        None => alone,
    };
    let command = Command::new("value").no_binary_name(true).arg(alone);
    let error = command.try_get_matches_from([format!("--{}={value}", key.name)]).err()?;
    let possible = match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(values)) if !values.is_empty() => Some(values.join(", ")),
        _ => None,
    };
    let said = error.source().map(ToString::to_string);
    Some(match (possible, said) {
        (Some(possible), _) => format!("must be one of {possible}"),
        (None, Some(said)) => said,
        (None, None) => "not a valid value".to_owned(),
    })
}
