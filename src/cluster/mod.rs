//! The connection to the API server of a cluster, and requests to it.

mod cause;
mod connect;
mod connection;
#[cfg(test)]
pub(crate) mod fake_api;
pub(crate) mod hardened;
mod kubeconfig;
mod log;
pub mod objects;
mod proxy;
mod request;

pub(crate) use cause::{innermost, without_credentials};
pub use connect::connect;
pub(crate) use connection::quoted;
pub use connection::{ConnectError, ConnectionOptions, Environment};
pub use kubeconfig::{KubeconfigNames, context, names};
pub(crate) use request::{API_SERVER_AWAY, patiently, until_answered};
pub use request::{Cluster, RequestError, RequestErrorKind};
