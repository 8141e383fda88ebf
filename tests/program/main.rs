//! The real program, without a cluster.

#![allow(clippy::expect_used, reason = "a panic fails the test")]

#[path = "../common/mod.rs"]
mod common;
mod completion;
mod console;
mod local;
mod saved;
mod scheduled_run;
