//! Faults while the real program measures a real cluster: leftovers, lost tests, and wrong figures.
//!
//! `NETBENCH_E2E_KUBECONFIG`, `NETBENCH_E2E_IMAGE` and `NETBENCH_E2E_SHAPE` are those of the
//! end-to-end tests; the cluster must have four Linux nodes and no other load. In addition:
//! - `NETBENCH_FAULTS_CLUSTER`: a program that takes `cut NODE`, `heal NODE`, `stop COMPONENT` and
//!   `start COMPONENT`; faults that need it are skipped and listed without;
//! - `NETBENCH_FAULTS=whole`: all trials of each fault; a few otherwise.
//!
//! `cargo test --test faults -- --ignored` runs them one after the other and prints a table.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test or benchmark ends by a panic, and prints to the terminal"
)]

#[path = "../e2e/cluster.rs"]
#[allow(dead_code, reason = "the end-to-end tests use the rest")]
mod cluster;
mod cluster_faults;
#[path = "../common/mod.rs"]
#[allow(dead_code, reason = "the end-to-end tests use the rest")]
mod common;
mod connection_faults;
mod credentials;
#[path = "../common/gateway.rs"]
#[allow(dead_code, reason = "the end-to-end tests use the rest")]
mod gateway;
mod policy_faults;
mod process_faults;
mod running;
mod table;
mod verdict;

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};

use libtest_mimic::{Arguments, Failed, Trial};

use table::{Row, Table};
use verdict::{Verdict, World};

/// One kind of fault.
struct Fault {
    name: &'static str,
    /// The number of trials: in a short run, and in a full one.
    trials: (usize, usize),
    /// Whether it needs `NETBENCH_FAULTS_CLUSTER`.
    needs_control: bool,
    /// One trial, given its number.
    trial: fn(&World, usize) -> Verdict,
}

fn main() {
    let mut arguments = Arguments::from_args();
    // they share the network and break it
    arguments.test_threads = Some(1);
    let table = Arc::new(Mutex::new(Table::default()));
    let faults =
        [process_faults::FAULTS, connection_faults::FAULTS, cluster_faults::FAULTS, policy_faults::FAULTS];
    let has_control = cluster::variable("NETBENCH_FAULTS_CLUSTER").is_some();
    let (faults, skipped): (Vec<_>, Vec<_>) =
        faults.into_iter().flatten().partition(|fault| has_control || !fault.needs_control);
    let trials = faults.into_iter().map(|fault| {
        let table = Arc::clone(&table);
        Trial::test(fault.name.replace(' ', "_"), move || carry_out(fault, &table)).with_ignored_flag(true)
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    print!("{}", table.lock().expect("no test panics while it holds this"));
    for fault in skipped {
        println!("skipped: {}: NETBENCH_FAULTS_CLUSTER is not set", fault.name);
    }
    conclusion.exit();
}

fn carry_out(fault: &Fault, table: &Mutex<Table>) -> Result<(), Failed> {
    let world = World::new();
    let whole = cluster::variable("NETBENCH_FAULTS").is_some_and(|which| which == "whole");
    let trials = if whole { fault.trials.1 } else { fault.trials.0 };
    let mut row = Row::of(fault.name);
    let mut bad = Vec::new();
    for number in 0..trials {
        let tried = std::panic::catch_unwind(AssertUnwindSafe(|| (fault.trial)(&world, number)));
        verdict::wait_until_ready();
        if fault.needs_control {
            verdict::wait_until_pods_start(&world.nodes);
        }
        let verdict = tried.unwrap_or_else(|_| Verdict::did_not_survive("the trial panicked, see above"));
        let left = verdict::leftovers();
        row.take(&verdict, &left);
        bad.extend(verdict.complaints(number));
        bad.extend(left.iter().map(|object| format!("trial {number}: left behind: {object}")));
    }
    table.lock().expect("no test panics while it holds this").rows.push(row);
    if bad.is_empty() { Ok(()) } else { Err(bad.join("\n").into()) }
}
