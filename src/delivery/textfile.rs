//! A file of metrics for node_exporter's textfile collector, which reads whatever is there when Prometheus
//! asks.

use std::io;
use std::path::{Path, PathBuf};

use crate::atomic_file::{self, Readers};

/// A file of metrics, written whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Textfile(PathBuf);

impl Textfile {
    /// The file of this path.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Whether node_exporter would look at it: it knows its files by their names.
    pub fn is_collected(&self) -> bool {
        self.0.extension().is_some_and(|extension| extension == "prom")
    }

    /// Tries whether it can be written, and leaves what is there.
    ///
    /// # Errors
    /// It cannot.
    pub fn probe(&self) -> io::Result<()> {
        atomic_file::check_writable(&self.0)
    }

    /// Writes metrics in place of those that are there. node_exporter, another user, may read it.
    ///
    /// # Errors
    /// It cannot be written: what is there stays.
    pub fn write(&self, metrics: &str) -> io::Result<()> {
        atomic_file::write(&self.0, metrics.as_bytes(), Readers::Others)
    }
}
