//! The real program, without a cluster.
//!
//! Tests that measure are not for Windows: none of its package managers has both iperf3 and iperf 2.

#![allow(clippy::expect_used, reason = "a panic fails the test")]

#[path = "../common/mod.rs"]
mod common;
mod completion;
mod console;
mod earlier_runs;
mod errors;
mod exporter;
#[cfg(target_os = "linux")]
mod interrupts;
#[cfg(unix)]
mod local;
#[cfg(target_os = "linux")]
mod local_faults;
#[cfg(unix)]
mod saved;
mod scheduled_run;
#[cfg(target_os = "linux")]
mod terminal;

use std::path::PathBuf;
use std::process::Command;

use common::Ended;
use tempfile::TempDir;

/// A user with separate directories for data and settings.
struct User(TempDir);

impl User {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("there is room"))
    }

    /// The directory of settings and of saved runs.
    fn directory(&self) -> PathBuf {
        let of_system = if cfg!(target_os = "macos") { "Library/Application Support" } else { "" };
        self.0.path().join(of_system).join("kubectl-netbench")
    }

    fn command(&self, words: &str) -> Command {
        let mut command = common::netbench(self.0.path());
        command.args(words.split_whitespace());
        command
    }

    fn run(&self, words: &str) -> Ended {
        self.command(words).output().expect("the program runs").into()
    }
}
