//! The connection to the API server of a cluster, and requests to it.

mod api;
mod cause;
mod connect;
mod connection;
mod credentials;
pub(crate) mod exec;
#[cfg(test)]
pub(crate) mod fake_api;
pub(crate) mod hardened;
mod kubeconfig;
mod log;
pub mod objects;
mod proxy;
mod rejection;
mod request;
mod server_url;
mod tls;
mod transport;

pub(crate) use api::{ok_if_exists, ok_if_gone};
pub(crate) use cause::innermost;
pub use connect::connect;
pub(crate) use connection::quoted;
pub use connection::{ConnectError, ConnectionOptions, Environment, Terminal, Token};
pub use credentials::CredentialError;
pub use kubeconfig::{KubeconfigNames, context, names, windows_home};
pub use rejection::Rejection;
pub(crate) use request::{API_SERVER_OUTAGE, retry, retry_transient, retry_unanswered};
pub use request::{Cluster, RequestError, RequestErrorKind};
