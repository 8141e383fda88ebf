//! Kubeconfigs: they have secrets in them, and names that are shown.

use std::fs;

use kubectl_netbench::cluster::{ConnectionOptions, Environment, context};

/// Secrets are written with these letters in the texts that are tried.
pub const SECRET: &str = "c2VjcmV0";

/// Any kubeconfig: no error says what is secret in it. Nothing that it names is run.
pub fn any(bytes: &[u8]) {
    let directory = tempfile::tempdir().expect("there is room");
    let file = directory.path().join("config");
    fs::write(&file, bytes).expect("there is room");
    let named = ConnectionOptions { kubeconfig: Some(file.clone()), ..ConnectionOptions::default() };
    let unknown = ConnectionOptions { user: Some("missing".to_owned()), ..named.clone() };
    for options in [named, unknown] {
        if let Err(error) = context(&options, &Environment::default()) {
            let explanation = format!("{:?}", error.explain());
            // the names of contexts, clusters and users are not secret, and are listed
            let lists_names = explanation.contains("s in the kubeconfig: ");
            assert!(!explanation.contains(SECRET) || lists_names, "{explanation}");
        }
    }
    let merged = std::env::join_paths([&file, &file]).expect("the path has no colon");
    let environment = Environment { kubeconfig: Some(merged), ..Environment::default() };
    let _ = context(&ConnectionOptions::default(), &environment);
}
