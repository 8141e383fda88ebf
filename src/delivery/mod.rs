//! Where results go beside the user's own runs: metrics to a [`Gateway`] or into a [`Textfile`], documents
//! to a [`volume`] of the cluster.

mod gateway;
mod textfile;
pub mod volume;

pub(crate) use gateway::METRICS_TYPE;
pub use gateway::{Gateway, PushError};
pub use textfile::Textfile;
