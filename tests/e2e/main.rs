//! The real program on a real cluster, called by kubectl as a plugin.
//!
//! `NETBENCH_E2E_KUBECONFIG` names the cluster: one of four Linux nodes at least, whose user may do
//! everything. Optional:
//! - `NETBENCH_E2E_IMAGE`: an image that its nodes have or can pull; the program's own default
//!   otherwise;
//! - `NETBENCH_E2E_SHAPE`: a command that takes a node and a rate (`200mbit`, `none`) and limits
//!   what the node sends and receives;
//! - `NETBENCH_E2E_SHAPE_OVERLAY`: the same for what it sends over the pod network only;
//! - `NETBENCH_E2E_OUTSIDE`: the address by which the nodes reach this machine;
//! - `NETBENCH_E2E_LOAD_BALANCER`: an address that nobody has, for a cluster without a load balancer;
//! - `NETBENCH_E2E_PROGRAM_IMAGE`: an image that has this program, for runs that the cluster makes
//!   (`tests/e2e/image` makes one); Prometheus must be on PATH then;
//! - `NETBENCH_E2E_SHARED_DIRECTORY`: a directory of this machine that all nodes have at the same place,
//!   as on clusters that run on this machine.
//!
//! `cargo test --test e2e -- --ignored` runs them, one after the other: they share the network.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test or benchmark ends by a panic, and talks to whoever runs it"
)]

mod cluster;
#[path = "../common/mod.rs"]
mod common;
mod completion;
mod elsewhere;
mod interrupts;
mod kept;
mod leftovers;
mod paths;
mod policies;
#[path = "../common/prometheus.rs"]
mod prometheus;
mod rights;
mod runs;
mod schedules;
mod told;
