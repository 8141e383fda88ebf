//! What happens during a run, told while it happens.

use crate::document::{Measure, Sample, TestRecord};
use crate::options::Route;
use crate::testbed::Starting;

/// One thing that happened.
#[derive(Debug)]
pub enum Event<'a> {
    /// Something happened to a server that starts.
    Server {
        /// Its node.
        node: &'a str,
        /// What happened.
        starting: Starting<'a>,
    },
    /// A slot begins.
    SlotStarted {
        /// Its number, from 1.
        number: usize,
        /// How many there are.
        of: usize,
        /// How many tests it has.
        tests: usize,
    },
    /// A client is being started.
    TestStarted {
        /// Its node.
        client: &'a str,
        /// The server's node.
        server: &'a str,
        /// What it measures.
        measure: Measure,
        /// The route of its packets.
        route: Route,
        /// For how long, in seconds.
        seconds: u32,
    },
    /// A running test has completed one more interval.
    Sampled {
        /// The client's node.
        client: &'a str,
        /// The server's node.
        server: &'a str,
        /// The interval.
        sample: &'a Sample,
    },
    /// A test has its result.
    TestEnded {
        /// The result.
        record: &'a TestRecord,
    },
}

/// Whoever wants to know. Called in the order of events, from the task that runs them: it must not
/// block.
pub trait Observer: Send + Sync {
    /// Takes one event.
    fn observe(&self, event: &Event);
}

/// Several that want to know, told in their order.
pub struct Observers<'a>(pub Vec<&'a dyn Observer>);

impl Observer for Observers<'_> {
    fn observe(&self, event: &Event) {
        for observer in &self.0 {
            observer.observe(event);
        }
    }
}
