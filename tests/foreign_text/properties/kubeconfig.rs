//! Kubeconfigs: they contain secrets, and names that are displayed.

use std::fs;

use kubectl_netbench::cluster::{ConnectionOptions, Environment, context};

/// The secret in the fixtures.
pub const SECRET: &str = "c2VjcmV0";

/// Any kubeconfig: errors contain no secrets, and no command of it is executed.
pub fn any(bytes: &[u8]) {
    let directory = tempfile::tempdir().expect("there is room");
    let file = directory.path().join("config");
    fs::write(&file, bytes).expect("there is room");
    let named = ConnectionOptions { kubeconfig: Some(file.clone()), ..ConnectionOptions::default() };
    let unknown = ConnectionOptions { user: Some("unknown".to_owned()), ..named.clone() };
    for options in [named, unknown] {
        if let Err(error) = context(&options, &Environment::default()) {
            let shown = format!("{:?}", error.explain());
            // the names of contexts, clusters and users are not secret, and are listed
            assert!(!shown.contains(SECRET) || shown.contains("it has:"), "{shown}");
        }
    }
    let merged = std::env::join_paths([&file, &file]).expect("the path has no colon");
    let environment = Environment { kubeconfig: Some(merged), ..Environment::default() };
    let _ = context(&ConnectionOptions::default(), &environment);
}
