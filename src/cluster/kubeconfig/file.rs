//! One kubeconfig file, as leniently as client-go reads it: unknown keys are ignored, the last of repeated keys
//! counts, and `null`, an empty string and a missing key mean the same.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The entries of a file, in its order.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct File {
    #[serde(rename = "apiVersion")]
    api_version: String,
    kind: String,
    pub current_context: String,
    pub clusters: Vec<NamedCluster>,
    pub users: Vec<NamedUser>,
    pub contexts: Vec<NamedContext>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct NamedCluster {
    pub name: String,
    pub cluster: Cluster,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct NamedUser {
    pub name: String,
    pub user: User,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct NamedContext {
    pub name: String,
    pub context: Context,
}

/// How to connect to a cluster. Empty strings count as absent.
#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Cluster {
    pub server: String,
    pub tls_server_name: String,
    pub insecure_skip_tls_verify: bool,
    pub certificate_authority: String,
    #[serde(deserialize_with = "base64")]
    pub certificate_authority_data: Vec<u8>,
    pub proxy_url: String,
    pub disable_compression: bool,
    pub extensions: Vec<NamedExtension>,
}

#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct NamedExtension {
    pub name: String,
    pub extension: Value,
}

/// The credentials of a user. Empty strings count as absent.
#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct User {
    pub client_certificate: String,
    #[serde(deserialize_with = "base64")]
    pub client_certificate_data: Vec<u8>,
    pub client_key: String,
    #[serde(deserialize_with = "base64")]
    pub client_key_data: Vec<u8>,
    pub token: String,
    #[serde(rename = "tokenFile")]
    pub token_file: String,
    #[serde(rename = "as")]
    pub impersonate: String,
    #[serde(rename = "as-uid")]
    pub impersonate_uid: String,
    #[serde(rename = "as-groups")]
    pub impersonate_groups: Vec<String>,
    #[serde(rename = "as-user-extra")]
    pub impersonate_extra: BTreeMap<String, Vec<String>>,
    pub username: String,
    pub password: String,
    pub auth_provider: Option<AuthProvider>,
    pub exec: Option<Exec>,
}

/// A provider of tokens that is built into the client.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct AuthProvider {
    pub name: String,
    pub config: BTreeMap<String, String>,
}

/// A credential plugin.
#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Exec {
    pub command: String,
    pub args: Vec<String>,
    pub env: Vec<Variable>,
    pub api_version: String,
    pub install_hint: String,
    pub provide_cluster_info: bool,
    pub interactive_mode: String,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Variable {
    pub name: String,
    pub value: String,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Context {
    pub cluster: String,
    pub user: String,
    pub namespace: String,
}

/// Why a file is not a kubeconfig. Values are never quoted, since they may be credentials.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// Not YAML.
    #[error("invalid YAML{}", .0.map(|(line, column)| format!(" (line {line}, column {column})")).unwrap_or_default())]
    Yaml(Option<(u64, u64)>),
    /// A value has the wrong type.
    #[error("{path}: expected {expected}")]
    Type {
        /// `users[0].user.token`
        path: String,
        /// `a string`
        expected: String,
    },
    /// Another kind of object.
    #[error("not a kubeconfig: it is of another kind or API version")]
    Kind,
    /// Two entries have the same name.
    #[error("{list} has two entries with the name `{name}`")]
    Duplicate {
        /// `clusters`, `users` or `contexts`
        list: &'static str,
        /// The name of both.
        name: String,
    },
}

impl File {
    /// Parses a file. Relative paths in it are relative to its directory.
    ///
    /// # Errors
    /// Its text is not a kubeconfig.
    pub fn parse(text: &str, path: &Path) -> Result<Self, FileError> {
        let options = serde_yaml::options! { duplicate_keys: serde_yaml::DuplicateKeyPolicy::LastWins };
        // as in client-go, further documents of the file are ignored
        let mut bytes = text.as_bytes();
        let first = serde_yaml::read_with_options::<_, Value>(&mut bytes, options).next().transpose();
        let value =
            first.map_err(|error| FileError::Yaml(error.location().map(|at| (at.line(), at.column()))))?;
        let value = without_nulls(value.unwrap_or_default());
        if value.is_null() {
            return Ok(Self::default());
        }
        let mut file: Self = serde_path_to_error::deserialize(value).map_err(|error| {
            let message = error.inner().to_string();
            let expected = match message.rsplit_once("expected ") {
                Some((_, of_ours)) if of_ours.starts_with("struct ") => "a mapping",
                Some((_, expected)) => expected,
                None => "another value",
            };
            FileError::Type { path: error.path().to_string(), expected: expected.to_owned() }
        })?;
        let is = |value: &str, expected| value.is_empty() || value == expected;
        if !is(&file.api_version, "v1") || !is(&file.kind, "Config") {
            return Err(FileError::Kind);
        }
        file.check_names()?;
        file.resolve_paths(path.parent().unwrap_or(Path::new("")));
        Ok(file)
    }

    fn check_names(&self) -> Result<(), FileError> {
        let clusters = self.clusters.iter().map(|entry| ("clusters", &entry.name));
        let users = self.users.iter().map(|entry| ("users", &entry.name));
        let contexts = self.contexts.iter().map(|entry| ("contexts", &entry.name));
        let mut seen = std::collections::HashSet::new();
        for (list, name) in clusters.chain(users).chain(contexts) {
            if !seen.insert((list, name)) {
                return Err(FileError::Duplicate { list, name: name.clone() });
            }
        }
        Ok(())
    }

    fn resolve_paths(&mut self, directory: &Path) {
        let resolve = |path: &mut String| {
            if !path.is_empty() && Path::new(path).is_relative() {
                *path = directory.join(&*path).to_string_lossy().into_owned();
            }
        };
        for NamedCluster { cluster, .. } in &mut self.clusters {
            resolve(&mut cluster.certificate_authority);
        }
        for NamedUser { user, .. } in &mut self.users {
            for path in [&mut user.client_certificate, &mut user.client_key, &mut user.token_file] {
                resolve(path);
            }
            // a command without a separator is searched in PATH
            let command = user.exec.as_mut().map(|exec| &mut exec.command);
            if let Some(command) = command.filter(|command| command.contains(std::path::MAIN_SEPARATOR)) {
                resolve(command);
            }
        }
    }
}

/// Removes keys with the value `null`, and makes the elements of lists empty objects that are `null`.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.into_iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| (key, without_nulls(value)))
                .collect(),
        ),
        Value::Array(list) => {
            list.into_iter()
                .map(|value| {
                    if value.is_null() { Value::Object(serde_json::Map::new()) } else { without_nulls(value) }
                })
                .collect()
        }
        other => other,
    }
}

/// Base64, possibly in several lines.
fn base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let text: String = text.chars().filter(|character| !matches!(character, '\n' | '\r')).collect();
    STANDARD.decode(text).map_err(|_| serde::de::Error::custom("expected base64"))
}
