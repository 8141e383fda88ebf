//! Measures the network between the nodes of a Kubernetes cluster.
//!
//! Data flows one way: command line and [`config`] → [`plan`] → [`testbed`] and [`engine`] → [`runner`] →
//! [`document`] → [`analysis`] → [`view`], and [`store`] keeps documents for later. [`delivery`] hands
//! results to others, [`schedule`] has the cluster make runs by itself, and [`exporter`] serves the newest
//! one to Prometheus. [`check`] tells beforehand what a cluster lacks for a run, and [`cluster`] is how its
//! API server is asked. [`cli`],
//! [`config`], [`plan`], [`engine`], [`document`], [`analysis`], [`check`] and [`view`] are pure: they touch
//! no cluster, process, terminal or disk. Nothing in the library prints or reads the environment: `main`
//! hands both in.

pub mod analysis;
mod atomic_file;
pub mod check;
pub mod cli;
pub mod cluster;
pub mod completion;
pub mod config;
pub mod delivery;
pub mod document;
pub mod engine;
pub mod explanation;
pub mod exporter;
pub mod options;
pub mod plan;
pub mod quantity;
pub mod runner;
pub mod sanitize;
pub mod schedule;
pub mod store;
pub mod testbed;
pub mod view;
