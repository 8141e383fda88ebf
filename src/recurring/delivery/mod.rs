//! Where results go in addition to the saved runs: metrics to a
//! [`Pushgateway`](crate::options::Pushgateway) or a [`Textfile`], run documents to a
//! [`volume`].

mod pushgateway;
mod textfile;
pub mod volume;

pub use pushgateway::PushError;
pub use textfile::Textfile;
