//! Where results go in addition to the saved runs: metrics to a [`Pushgateway`] or a [`Textfile`], run documents to a
//! [`volume`].

mod pushgateway;
mod textfile;
pub mod volume;

pub(crate) use pushgateway::METRICS_CONTENT_TYPE;
pub use pushgateway::{PushError, Pushgateway};
pub use textfile::Textfile;
