//! What the measurements of a run say when they are taken together. Pure.

mod comparison;
mod cost;
pub mod diagnosis;
mod findings;
mod gate;
mod matrix;
mod statistics;
mod summary;

pub use comparison::compare;
pub use findings::suspicious;
pub use gate::{Gates, Threshold};
pub use matrix::{Cell, Level, Matrix, part_of_cost, part_of_latency, part_of_rate};
pub(crate) use statistics::mean;
pub use summary::summarise;

use crate::document::Run;

/// Adds to a run what follows from its tests.
pub fn analyse(run: &mut Run) {
    run.summary = summarise(&run.tests);
    run.findings = findings::findings(run);
}
