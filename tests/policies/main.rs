//! What each command does in a cluster whose admission policies refuse or change its pods.
//!
//! `NETBENCH_E2E_KUBECONFIG`, `NETBENCH_E2E_IMAGE`, `NETBENCH_E2E_PROGRAM_IMAGE` and `NETBENCH_E2E_POLICY` are those of
//! the end-to-end tests; the cluster must have no other load. In addition:
//! - `NETBENCH_POLICIES=whole`: all policies; a sample otherwise;
//! - `UPDATE_DOCUMENTS`: writes the table of all policies into `docs/policies.md`.
//!
//! `cargo test --test policies -- --ignored` tries them one after the other and prints a table.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test ends by a panic, and prints to the terminal"
)]

#[path = "../e2e/cluster.rs"]
#[allow(dead_code, reason = "the end-to-end tests use the rest")]
mod cluster;
mod command;
#[path = "../common/mod.rs"]
#[allow(dead_code, reason = "the end-to-end tests use the rest")]
mod common;
mod policy;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use libtest_mimic::{Arguments, Failed, Trial};

use crate::cluster::{Policy as Active, alone, required, run_netbench, variable};
use crate::command::{COMMANDS, Command};
use crate::policy::{POLICIES, Policy};

/// The policies that are tried unless all are.
const SAMPLE: [&str; 2] = ["no-host", "init-crashes"];

/// The table in this file follows this line.
const MARK: &str = "<!-- written by `cargo test --test policies` -->\n";

/// The rows of the table by their place in [`POLICIES`].
type Rows = BTreeMap<usize, String>;

fn main() {
    let mut arguments = Arguments::from_args();
    // each policy is one of the whole cluster
    arguments.test_threads = Some(1);
    let is_whole = variable("NETBENCH_POLICIES").is_some_and(|which| which == "whole");
    let rows = Arc::new(Mutex::new(Rows::new()));
    let tried = POLICIES.iter().enumerate().filter(|(_, policy)| is_whole || SAMPLE.contains(&policy.name));
    let trials = tried.map(|(place, policy)| {
        let rows = Arc::clone(&rows);
        Trial::test(policy.name, move || try_policy(policy, place, &rows)).with_ignored_flag(true)
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    let rows = rows.lock().expect("no test panics while it holds this");
    if !rows.is_empty() {
        let table = table(&rows);
        print!("{table}");
        if rows.len() == POLICIES.len() && std::env::var_os("UPDATE_DOCUMENTS").is_some() {
            update(&Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/policies.md"), &table);
        }
    }
    conclusion.exit();
}

/// Tries all commands under a policy.
fn try_policy(policy: &Policy, place: usize, rows: &Mutex<Rows>) -> Result<(), Failed> {
    let cluster = alone();
    let mut problems = Vec::new();
    let mut cells = vec![format!("`{}`: {}", policy.name, policy.text)];
    {
        let _active = Active::set(policy.name);
        for command in COMMANDS {
            let expected = policy.expected(command);
            let seen = command.run(&required("NETBENCH_E2E_PROGRAM_IMAGE"));
            let complaints = expected.complaints(command, &seen);
            let is_as_expected = complaints.is_empty();
            cells.push(if is_as_expected { expected.cell(&seen) } else { "**not as expected**".to_owned() });
            problems.extend(complaints);
            cluster.assert_nothing_left();
        }
        let checked = run_netbench(&format!("check {}", Command::Pair.nodes_and_paths())).stdout;
        if !checked.contains(policy.prediction) {
            problems.push(format!("check does not say \"{}\":\n{checked}", policy.prediction));
        }
        cells.push(policy.prediction.to_owned());
    }
    rows.lock()
        .expect("no test panics while it holds this")
        .insert(place, format!("| {} |\n", cells.join(" | ")));
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n").into()) }
}

fn table(rows: &Rows) -> String {
    let names = COMMANDS.iter().map(|command| format!("`{}`", command.name()));
    let header: Vec<String> =
        ["policy".to_owned()].into_iter().chain(names).chain(["`check` says".to_owned()]).collect();
    let rule = vec!["---"; header.len()].join(" | ");
    format!("| {} |\n| {rule} |\n{}", header.join(" | "), rows.values().cloned().collect::<String>())
}

/// Replaces the table in a document.
fn update(document: &Path, table: &str) {
    let text = std::fs::read_to_string(document).expect("the document can be read");
    let (before, after) = text.split_once(MARK).expect("it has a mark");
    let rest = after.trim_start().split_once("\n\n").map_or("", |(_, rest)| rest);
    std::fs::write(document, format!("{before}{MARK}\n{table}\n{rest}")).expect("it can be written");
}
