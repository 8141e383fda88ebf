//! `kubectl netbench <TAB>`.

use crate::cluster::{command, first_nodes, kubectl};
use crate::common::Ended;

/// The program that kubectl asks, installed where PATH has it, is asked by a kubectl that knows how to.
fn completed(words: &[&str]) -> Ended {
    let directory = tempfile::tempdir().expect("a directory");
    let directory_name = directory.path().display().to_string();
    let mut install = command("kubectl");
    install.args(["netbench", "completion", "install", "--directory", &directory_name]);
    Ended::from(install.output().expect("kubectl runs")).expect_code(0);
    let version = kubectl(&["version", "--client", "-o", "json"]).expect_code(0).stdout;
    let version: serde_json::Value = serde_json::from_str(&version).expect("it is JSON");
    let minor =
        version["clientVersion"]["minor"].as_str().and_then(|minor| minor.trim_end_matches('+').parse().ok());
    let (program, arguments): (_, &[&str]) = match minor {
        Some(26u32..) => ("kubectl".to_owned(), &["__complete", "netbench"]),
        _ => (format!("{directory_name}/kubectl_complete-netbench"), &[]),
    };
    let mut asked = command(&program);
    let path = std::env::var("PATH").unwrap_or_default();
    let plugin =
        std::path::Path::new(env!("CARGO_BIN_EXE_kubectl-netbench")).parent().expect("it is in a folder");
    asked.env("PATH", format!("{directory_name}:{}:{path}", plugin.display()));
    Ended::from(asked.args(arguments).args(words).output().expect("it runs")).expect_code(0)
}

pub fn the_names_of_a_cluster_are_completed() {
    let nodes = first_nodes(2);
    let values = |words: &[&str]| {
        let stdout = completed(words).stdout;
        assert!(stdout.ends_with(":4\n"), "{stdout}");
        let value = |line: &str| line.split('\t').next().unwrap_or_default().to_owned();
        stdout.lines().filter(|line| !line.starts_with(':')).map(value).collect::<Vec<String>>()
    };
    let first = values(&["pair", ""]);
    assert!(nodes.iter().all(|node| first.contains(node)), "{first:?}");
    let scheduled = values(&["schedule", "create", "a", "--cron", "@daily", "--", "matrix", &nodes[0], ""]);
    assert!(scheduled.contains(&nodes[1]) && !scheduled.contains(&nodes[0]), "{scheduled:?}");
    let second = values(&["pair", &nodes[0], ""]);
    assert!(second.contains(&nodes[1]) && !second.contains(&nodes[0]), "{second:?}");
    assert_eq!(values(&["matrix", "--namespace", "kube-sys"]), ["kube-system"]);
    assert!(values(&["matrix", "-l", "kubernetes.io/os="]).contains(&"kubernetes.io/os=linux".to_owned()));
}
