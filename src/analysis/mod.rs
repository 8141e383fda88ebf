//! Evaluates the results of a run: summaries, findings, comparisons and gates. No I/O.

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
pub use matrix::{Cell, Level, Matrix, part_of_change, part_of_cost, part_of_latency, part_of_rate};
pub(crate) use statistics::mean;
pub use summary::summarise;

use crate::document::Run;

/// Fills in the summary and the findings of a run from its tests and retests.
pub fn analyse(run: &mut Run) {
    run.summary = summarise(&run.tests, &run.notes);
    run.findings = findings::findings(run);
}
