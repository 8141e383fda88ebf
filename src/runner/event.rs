//! Events of a run.

use crate::document::{Measure, NodeId, Note, Sample, TestRecord};
use crate::options::Route;
use crate::testbed::ServerState;

/// An event of a run.
#[derive(Debug)]
pub enum Event<'a> {
    /// A server changed its state.
    Server {
        /// Its node.
        node: NodeId,
        /// The change.
        state: ServerState<'a>,
    },
    /// Something about the testbed that was not requested, and that the figures depend on.
    Noted(&'a Note),
    /// A slot has started.
    SlotStarted {
        /// Its number, from 1.
        number: usize,
        /// Number of slots.
        of: usize,
        /// Number of its tests.
        tests: usize,
    },
    /// A client is starting.
    TestStarted {
        /// Its node.
        client: NodeId,
        /// The server's node.
        server: NodeId,
        /// Throughput or latency.
        measure: Measure,
        /// The route.
        route: Route,
        /// Duration.
        seconds: u32,
    },
    /// A running test has completed one more interval.
    Sampled {
        /// The client's node.
        client: NodeId,
        /// The server's node.
        server: NodeId,
        /// The interval.
        sample: &'a Sample,
    },
    /// A test has its result.
    TestEnded {
        /// The result.
        record: &'a TestRecord,
    },
}

/// Receives the events of a run in order. Called from the task that runs the tests: it must not block.
pub trait Observer: Send + Sync {
    /// Takes an event.
    fn observe(&self, event: &Event);
}

/// Passes each event to several observers, in order.
pub struct Observers<'a>(pub Vec<&'a dyn Observer>);

impl Observer for Observers<'_> {
    fn observe(&self, event: &Event) {
        for observer in &self.0 {
            observer.observe(event);
        }
    }
}
