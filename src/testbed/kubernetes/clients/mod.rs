//! Runs the clients of tests, by exec or as Jobs.

mod exec;
mod job;

pub(super) use self::exec::run_by_exec;
pub(super) use self::job::run_by_job;

use std::time::Duration;

use super::context::{ActiveScope, Context};
use super::nodes::Chosen;
use super::objects::Network;

/// How long to wait for an API server that does not answer when a client is started. Less than the time
/// that the runner grants a client beyond its test.
const START_REQUEST_LIMIT: Duration = Duration::from_secs(10);

/// A client to run.
#[derive(Clone, Copy)]
pub(super) struct Client<'a> {
    pub context: &'a Context,
    pub active: &'a ActiveScope,
    pub node: &'a Chosen,
    pub network: Network,
    /// The program and its arguments.
    pub command: &'a [String],
}
