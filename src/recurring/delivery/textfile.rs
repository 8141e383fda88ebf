//! A file of metrics for the textfile collector of node_exporter.

use std::io;
use std::path::{Path, PathBuf};

use crate::atomic_file::{self, Readers};

/// A file of metrics. It is replaced atomically, since node_exporter may read it at any time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Textfile(PathBuf);

impl Textfile {
    /// The file at `path`.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// The path of the file.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Whether node_exporter reads it: it ignores files without the extension `.prom`.
    pub fn is_collected(&self) -> bool {
        self.0.extension().is_some_and(|extension| extension == "prom")
    }

    /// Checks that the file can be written, without changing it.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn probe(&self) -> io::Result<()> {
        atomic_file::check_writable(&self.0)
    }

    /// Replaces the metrics in the file. Other users can read it, as node_exporter has one of its own.
    ///
    /// # Errors
    /// The file cannot be written; its content is unchanged.
    pub fn write(&self, metrics: &str) -> io::Result<()> {
        atomic_file::write(&self.0, metrics.as_bytes(), Readers::Others)
    }
}
