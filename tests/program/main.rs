//! The real program, without a cluster.

#![allow(clippy::expect_used, reason = "a panic fails the test")]

#[path = "../common/mod.rs"]
mod common;
mod completion;
mod console;
mod local;
mod saved;
mod scheduled_run;

use std::process::Command;

use common::Ended;
use tempfile::TempDir;

/// A user with separate directories for data and settings.
struct User(TempDir);

impl User {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("there is room"))
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
