//! How clients are started, and what comes back of them.

mod exec;
mod job;
