//! Measures the network between the nodes of a Kubernetes cluster.
//!
//! Data flows one way: command line and [`config`] → [`plan`] → [`testbed`] and [`engine`] → [`runner`] →
//! [`document`] → [`analysis`] → [`view`]; [`store`] saves run documents. [`delivery`] exports results,
//! [`schedule`] runs measurements in the cluster on a schedule, and [`exporter`] serves the newest run to
//! Prometheus. [`check`] verifies the prerequisites of a run, and [`cluster`] is the client of the API server.
//!
//! [`cli`], [`config`], [`plan`], [`engine`], [`document`], [`analysis`], [`check`] and [`view`] are pure: they
//! access no cluster, process, terminal or disk. The library neither prints nor reads the environment: `main`
//! passes both in.

pub mod analysis;
mod atomic_file;
pub mod check;
pub mod cli;
pub mod cluster;
pub mod completion;
pub mod config;
pub mod document;
pub mod engine;
pub mod explanation;
pub mod options;
pub mod plan;
pub mod quantity;
pub mod recurring;
pub mod runner;
pub mod sanitize;
pub mod store;
pub mod testbed;
pub mod view;
