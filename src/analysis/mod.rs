//! What the measurements of a run say when they are taken together. Pure.

mod cost;
mod matrix;
mod statistics;
mod summary;

pub use matrix::{Cell, Level, Matrix};
pub use summary::summarise;
