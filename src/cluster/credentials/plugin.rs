//! Credential plugins: programs that print credentials (`client.authentication.k8s.io`).

use std::io::{self, IsTerminal};
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::CredentialError;
use crate::cluster::cause::plugin_failure;
use crate::cluster::connection::Terminal;
use crate::cluster::kubeconfig::{Cluster, Exec};

/// The versions of the protocol.
const VERSIONS: [&str; 2] = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];
/// The extension of a cluster whose content is passed on to plugins.
const EXTENSION: &str = "client.authentication.k8s.io/exec";

/// What a plugin prints.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExecCredential {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    api_version: String,
    status: Option<Status>,
}

/// Credentials: a token, a certificate with its key, or both.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Status {
    pub expiration_timestamp: Option<Timestamp>,
    pub token: String,
    pub client_certificate_data: String,
    pub client_key_data: String,
}

/// Checks that the version of the protocol is supported.
///
/// # Errors
/// It is not.
pub fn check_version(exec: &Exec) -> Result<(), CredentialError> {
    if VERSIONS.contains(&exec.api_version.as_str()) {
        return Ok(());
    }
    let message = format!("its apiVersion is none of {}", VERSIONS.join(", "));
    Err(CredentialError::Plugin { command: exec.command.clone(), message })
}

/// Runs a plugin. One that may prompt gets the terminal.
///
/// # Errors
/// It cannot be run, fails, or prints no credentials. The error never quotes its standard output.
pub fn run(exec: &Exec, cluster: &Cluster, terminal: Option<&Terminal>) -> Result<Status, CredentialError> {
    let failed = |message: String| CredentialError::Plugin { command: exec.command.clone(), message };
    let terminal = terminal.filter(|_| exec.interactive_mode != "Never" && io::stdin().is_terminal());
    if exec.interactive_mode == "Always" && terminal.is_none() {
        return Err(failed("it needs a terminal as standard input".to_owned()));
    }
    let mut command = Command::new(program(&exec.command));
    command.args(&exec.args).envs(exec.env.iter().map(|variable| (&variable.name, &variable.value)));
    command.env("KUBERNETES_EXEC_INFO", request(exec, cluster, terminal.is_some()).to_string());
    command.stdout(Stdio::piped());
    let output = match terminal {
        Some(terminal) => {
            command.stdin(Stdio::inherit()).stderr(Stdio::inherit());
            let mut output = None;
            terminal.lend(&mut || output = Some(command.output()));
            output.unwrap_or_else(|| Err(io::Error::other("it was not run")))
        }
        None => command.stdin(Stdio::null()).stderr(Stdio::piped()).output(),
    };
    let output = output.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound if !exec.install_hint.is_empty() => {
            failed(format!("it was not found\n{}", exec.install_hint))
        }
        io::ErrorKind::NotFound => failed("it was not found".to_owned()),
        _ => failed(error.to_string()),
    })?;
    if !output.status.success() {
        return Err(failed(format!("it {}", plugin_failure(&output))));
    }
    status(&output.stdout, &exec.api_version).map_err(failed)
}

/// The program of a plugin. By its name alone, Windows finds only an `.exe`; kubectl also finds scripts, by the suffixes
/// in `PATHEXT`.
#[cfg(windows)]
fn program(command: &str) -> std::path::PathBuf {
    which::which(command).unwrap_or_else(|_| command.into())
}

#[cfg(not(windows))]
fn program(command: &str) -> &str {
    command
}

/// The variable `KUBERNETES_EXEC_INFO` of a plugin.
fn request(exec: &Exec, cluster: &Cluster, interactive: bool) -> serde_json::Value {
    let mut spec = json!({ "interactive": interactive });
    if exec.provide_cluster_info {
        let mut info = json!({ "server": cluster.server });
        let mut set = |key: &str, value: serde_json::Value, is_set: bool| {
            if is_set {
                info[key] = value;
            }
        };
        let data = &cluster.certificate_authority_data;
        set("tls-server-name", json!(cluster.tls_server_name), !cluster.tls_server_name.is_empty());
        set("insecure-skip-tls-verify", json!(true), cluster.insecure_skip_tls_verify);
        set("certificate-authority-data", json!(STANDARD.encode(data)), !data.is_empty());
        set("proxy-url", json!(cluster.proxy_url), !cluster.proxy_url.is_empty());
        set("disable-compression", json!(true), cluster.disable_compression);
        if let Some(named) = cluster.extensions.iter().find(|named| named.name == EXTENSION) {
            set("config", named.extension.clone(), true);
        }
        spec["cluster"] = info;
    }
    json!({ "kind": "ExecCredential", "apiVersion": exec.api_version, "spec": spec })
}

fn status(stdout: &[u8], api_version: &str) -> Result<Status, String> {
    // a serde error quotes values
    let credential: ExecCredential =
        serde_json::from_slice(stdout).map_err(|_| "it did not print a valid ExecCredential".to_owned())?;
    if credential.kind != "ExecCredential" || credential.api_version != api_version {
        return Err(format!("it did not print an ExecCredential of version {api_version}"));
    }
    let status = credential.status.ok_or("it printed no status")?;
    match (status.client_certificate_data.is_empty(), status.client_key_data.is_empty()) {
        (true, true) if status.token.is_empty() => {
            Err("it printed neither a token nor a certificate".to_owned())
        }
        (false, true) => Err("it printed a certificate without its key".to_owned()),
        (true, false) => Err("it printed a key without its certificate".to_owned()),
        _ => Ok(status),
    }
}

// its plugins are shell scripts
#[cfg(all(test, unix))]
mod tests {
    use super::*;

    const SECRET: &str = "c2VjcmV0LXRva2Vu";

    fn plugin(script: &str) -> Result<Status, CredentialError> {
        let exec = Exec {
            command: "sh".to_owned(),
            args: vec!["-c".to_owned(), script.to_owned()],
            api_version: VERSIONS[0].to_owned(),
            interactive_mode: "Never".to_owned(),
            provide_cluster_info: true,
            ..Exec::default()
        };
        let cluster = Cluster { server: "https://10.0.0.1:6443".to_owned(), ..Cluster::default() };
        run(&exec, &cluster, None)
    }

    #[test]
    fn credentials_are_read_from_standard_output() {
        let status = format!(r#"{{"token": "{SECRET}", "expirationTimestamp": "2030-01-01T00:00:00Z"}}"#);
        let credential =
            format!(r#"{{"kind": "ExecCredential", "apiVersion": "{}", "status": {status}}}"#, VERSIONS[0]);
        let status = plugin(&format!("echo '{credential}'")).unwrap();
        assert_eq!(status.token, SECRET);
        assert_eq!(status.expiration_timestamp, Some("2030-01-01T00:00:00Z".parse().unwrap()));
    }

    #[test]
    fn plugin_gets_the_cluster() {
        let error = plugin("echo \"$KUBERNETES_EXEC_INFO\" >&2; exit 1").err().unwrap().to_string();
        for part in ["\"server\":\"https://10.0.0.1:6443\"", "\"interactive\":false", VERSIONS[0]] {
            assert!(error.contains(part), "{part}: {error}");
        }
    }

    #[test]
    fn failure_quotes_only_standard_error() {
        let script =
            format!("echo {SECRET}; echo 'Warning: old' >&2; echo 'error: log in again' >&2; exit 3");
        let error = plugin(&script).err().unwrap().to_string();
        assert_eq!(
            error,
            "the credential plugin sh cannot be used: it failed (exit status: 3): error: log in again"
        );
        for script in [format!("echo {SECRET}"), format!("echo '{{\"kind\": \"{SECRET}\"}}'"), String::new()]
        {
            let error = plugin(&script).err().unwrap().to_string();
            assert!(error.contains("it did not print") && !error.contains(SECRET), "{error}");
        }
    }
}
