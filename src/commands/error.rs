//! Why a command gave up.

use std::io;

use kubectl_netbench::explanation::Explanation;
use kubectl_netbench::runner::RunError;
use kubectl_netbench::testbed::TestbedError;
use kubectl_netbench::testbed::kubernetes::{ConnectError, RequestError, SelectionError};
use kubectl_netbench::testbed::local::LocalError;

/// Why a command gave up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No connection to the cluster could be set up.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The nodes asked for cannot be measured.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// The testbed cannot be used.
    #[error(transparent)]
    Testbed(#[from] TestbedError),
    /// The run gave up.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Results could not be written.
    #[error("cannot write the results")]
    Output(#[source] io::Error),
}

impl From<RequestError> for Error {
    fn from(error: RequestError) -> Self {
        Self::Testbed(error.into())
    }
}

impl From<LocalError> for Error {
    fn from(error: LocalError) -> Self {
        Self::Testbed(error.into())
    }
}

impl Error {
    /// The error in the three parts that are shown.
    pub fn explain(&self) -> Explanation {
        match self {
            Self::Connect(error) => error.explain(),
            Self::Selection(error) => error.explain(),
            Self::Testbed(error) => error.explain(),
            Self::Run(error) => error.explain(),
            Self::Output(error) => Explanation::new(self.to_string()).because(error.to_string()),
        }
    }
}
