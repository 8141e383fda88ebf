//! Where the result of a command goes.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use kubectl_netbench::cli::OutputArgs;
use kubectl_netbench::view::{Canvas, Format};

use super::Error;
use crate::console::{self, Console, Streams};

/// Where the result of a command goes, and in which form.
#[derive(Debug, Clone)]
pub(super) struct Output {
    pub format: Format,
    file: Option<PathBuf>,
}

impl Output {
    /// Checks that the result can go where it is to.
    ///
    /// # Errors
    /// A page would go to a terminal, or the file cannot be written.
    pub(super) fn new(arguments: &OutputArgs, streams: Streams) -> Result<Self, Error> {
        let (format, file) = (arguments.output, arguments.output_file.clone());
        if file.is_none() && format.is_for_browsers() && streams.stdout_terminal {
            return Err(Error::PageOnTerminal);
        }
        if let Some(path) = &file {
            writable(path).map_err(|source| Error::OutputFile { path: path.clone(), source })?;
        }
        Ok(Self { format, file })
    }

    /// What the result is drawn on.
    pub(super) fn canvas(&self, console: &Console) -> Canvas {
        if self.file.is_some() { Canvas::FILE } else { console.canvas() }
    }

    /// Writes the result. A reader that does not read does not keep anything else waiting.
    pub(super) async fn write(&self, text: String) -> Result<(), Error> {
        match self.file.clone() {
            None => write(text).await,
            Some(path) => {
                tokio::fs::write(&path, text).await.map_err(|source| Error::OutputFile { path, source })
            }
        }
    }
}

/// Tries to write to a file, now rather than after a run of an hour, and leaves it as it was.
fn writable(path: &Path) -> io::Result<()> {
    let is_new = !path.exists();
    OpenOptions::new().append(true).create(true).open(path)?;
    if is_new { fs::remove_file(path) } else { Ok(()) }
}

/// Writes to standard output.
pub(super) async fn write(text: String) -> Result<(), Error> {
    let written = tokio::task::spawn_blocking(move || console::write_result(&text)).await;
    match written {
        // a reader that has gone away has read enough
        Ok(written) => written.map(drop).map_err(Error::Output),
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}
