//! What is made for a run, and that nothing of it stays.

pub(super) mod held;
pub(super) mod leftovers;
mod removal;
pub(super) mod scope;
