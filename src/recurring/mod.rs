//! Recurring runs: schedules in a cluster, the delivery of results, and the metrics exporter.
//!
//! Nothing but commands depends on this module.

pub mod delivery;
pub mod exporter;
pub mod schedule;
