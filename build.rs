//! Sets the version string: `0.1.0 (06b3610a2c, x86_64-unknown-linux-gnu)`. The commit is omitted if unknown,
//! and in debug builds, so that a commit does not trigger a rebuild.

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    let variable = |name| env::var(name).unwrap_or_default();
    let (version, target) = (variable("CARGO_PKG_VERSION"), variable("TARGET"));
    println!("cargo::rerun-if-changed=build.rs");
    let commit = if variable("PROFILE") == "release" { commit() } else { None };
    let commit = commit.map_or(String::new(), |commit| format!("{commit}, "));
    println!("cargo::rustc-env=NETBENCH_VERSION={version} ({commit}{target})");
}

fn commit() -> Option<String> {
    // sources unpacked inside another repository do not belong to its commit
    git(&["ls-files", "--error-unmatch", "build.rs"])?;
    // changes with each commit and checkout
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"])?;
    if Path::new(&log).exists() {
        println!("cargo::rerun-if-changed={log}");
    }
    git(&["rev-parse", "--short=10", "HEAD"])
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
