//! What `release/build`, `release/metadata` and `image/build` create.
//!
//! `cargo test --test release -- --ignored` checks the files in `dist`, which these scripts must have created for Linux
//! and the architecture of this machine.

// the scripts need a Unix shell; releases for Windows are built in one too, and their metadata on Linux
#![cfg(unix)]
#![allow(clippy::expect_used, reason = "a panic fails the test")]

mod archive;
mod image;
mod krew;

use std::path::PathBuf;
use std::process::Command;

use sha2::{Digest, Sha256};

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The architecture of this machine, as Go calls it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn run(command: &mut Command) -> String {
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it writes text")
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
