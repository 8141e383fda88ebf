//! Kubernetes names, and options that are lists of `KEY=VALUE` on the command line and maps in documents.

use clap::builder::{StringValueParser, TypedValueParser};

/// Whether a text is an RFC 1123 label, which is a valid name for every kind of object.
pub(super) fn valid_name(text: &str) -> bool {
    let is_allowed =
        |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-';
    !text.is_empty()
        && text.len() <= 63
        && text.chars().all(is_allowed)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// Parses the name of a node, as `kubectl get nodes` prints it or as `kubectl get nodes -o name` does: `node/NAME`.
pub fn node_name() -> impl TypedValueParser<Value = String> {
    StringValueParser::new().map(|text| {
        let name = ["node/", "nodes/", "no/"].iter().find_map(|kind| text.strip_prefix(kind));
        name.map_or(text.clone(), str::to_owned)
    })
}

/// Whether a text is a qualified name: a name of at most 63 characters, optionally after a DNS domain and
/// a slash.
pub(super) fn is_qualified_name(text: &str) -> bool {
    let (domain, name) = text.split_once('/').map_or((None, text), |(domain, name)| (Some(domain), name));
    let is_domain = |domain: &str| {
        (1..=253).contains(&domain.len())
            && domain.chars().all(|character| character.is_ascii_alphanumeric() || "-.".contains(character))
    };
    domain.is_none_or(is_domain) && is_label_value(name)
}

/// Whether a text can be the value of a label, other than the empty one.
pub(super) fn is_label_value(text: &str) -> bool {
    let is_inner = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    let is_outer = |character: Option<char>| character.is_some_and(|one| one.is_ascii_alphanumeric());
    text.len() <= 63
        && text.chars().all(is_inner)
        && is_outer(text.chars().next())
        && is_outer(text.chars().next_back())
}

/// Serializes a list of `KEY=VALUE` as a map; of two entries with one key the last counts.
pub(super) mod map {
    use std::collections::BTreeMap;
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<T: Display, S: Serializer>(entries: &[T], serializer: S) -> Result<S::Ok, S::Error> {
        let texts: Vec<String> = entries.iter().map(ToString::to_string).collect();
        let pairs: BTreeMap<&str, &str> = texts.iter().filter_map(|text| text.split_once('=')).collect();
        pairs.serialize(serializer)
    }

    pub fn deserialize<'de, T: FromStr<Err = String>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<T>, D::Error> {
        let pairs = BTreeMap::<String, String>::deserialize(deserializer)?;
        let parse = |(key, value)| format!("{key}={value}").parse().map_err(D::Error::custom);
        pairs.into_iter().map(parse).collect()
    }
}
