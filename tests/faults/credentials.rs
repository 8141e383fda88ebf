//! A user whose tokens expire during a run.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::cluster::{command, kubectl, netbench};
use crate::running::Running;
use crate::verdict::{Verdict, World};

const ACCOUNT: &str = "netbench-faults";

/// Removes the account when the trial ends.
struct Account;

impl Drop for Account {
    fn drop(&mut self) {
        kubectl(&["delete", "clusterrolebinding", ACCOUNT, "--wait=false"]);
        kubectl(&["delete", "serviceaccount", ACCOUNT, "-n", "default", "--wait=false"]);
    }
}

/// The plugin declares an expiry after five seconds, and so each token is used for that long.
pub fn token_expires(world: &World, _number: usize) -> Verdict {
    kubectl(&["create", "serviceaccount", ACCOUNT, "-n", "default"]).expect_code(0);
    let _account = Account;
    let subject = format!("--serviceaccount=default:{ACCOUNT}");
    kubectl(&["create", "clusterrolebinding", ACCOUNT, "--clusterrole=cluster-admin", &subject])
        .expect_code(0);
    let directory = tempfile::tempdir().expect("there is room for it");
    let kubeconfig = kubeconfig(directory.path());
    let mut run = netbench(&world.matrix(""));
    let run = run.env("KUBECONFIG", kubeconfig).stdout(Stdio::piped()).stderr(Stdio::piped());
    let ended = Running::of(run.spawn().expect("kubectl runs")).ended();
    let calls = fs::read_to_string(directory.path().join("calls")).unwrap_or_default().lines().count();
    crate::cluster_faults::all_measured(&ended)
        .unless(calls >= 2, || format!("the credential plugin was called {calls} times"))
}

/// A kubeconfig of the same cluster, whose user has a credential plugin.
fn kubeconfig(directory: &Path) -> std::path::PathBuf {
    let request = json!({
        "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600},
    });
    let file = directory.join("request.json");
    fs::write(&file, request.to_string()).expect("it can be written");
    let path = format!("/api/v1/namespaces/default/serviceaccounts/{ACCOUNT}/token");
    let mut create = command("kubectl");
    let answer = create.args(["create", "--raw", &path, "-f"]).arg(&file).output().expect("kubectl runs");
    let answer: Value = serde_json::from_slice(&answer.stdout).expect("a token");
    let token = answer["status"]["token"].as_str().expect("a token");
    let plugin = directory.join("plugin");
    let credential = format!(
        r#"{{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential","status":{{"token":"{token}","expirationTimestamp":"'$end'"}}}}"#
    );
    let script = format!(
        "echo called >>{}\nend=$(date -u -d '+5 seconds' +%Y-%m-%dT%H:%M:%SZ)\necho '{credential}'\n",
        directory.join("calls").display()
    );
    fs::write(&plugin, script).expect("it can be written");
    let shown = kubectl(&["config", "view", "--raw", "--minify", "-o", "json"]).expect_code(0);
    let mut config: Value = serde_json::from_str(&shown.stdout).expect("a kubeconfig");
    config["users"][0]["user"] = json!({
        "exec": {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "sh", "args": [plugin], "interactiveMode": "Never"},
    });
    let path = directory.join("config");
    fs::write(&path, config.to_string()).expect("it can be written");
    path
}
