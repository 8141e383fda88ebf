//! How the API server is reached and asked.

mod cause;
pub(super) mod connect;
pub(super) mod connection;
#[cfg(test)]
pub(super) mod fake_api;
pub(super) mod kubeconfig;
mod log;
mod proxy;
pub(super) mod request;
