//! What the measurements of a run say when they are taken together. Pure.

mod comparison;
mod cost;
mod gate;
mod matrix;
mod statistics;
mod summary;

pub use comparison::compare;
pub use gate::{Gates, Threshold};
pub use matrix::{Cell, Level, Matrix};
pub use summary::summarise;
