//! The output of a command's result.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use kubectl_netbench::cli::OutputArgs;
use kubectl_netbench::view::{Canvas, Format};

use super::Error;
use crate::console::{self, Console, Streams};

/// The format and destination of a command's result.
#[derive(Debug, Clone)]
pub(super) struct Output {
    pub format: Format,
    file: Option<PathBuf>,
}

impl Output {
    /// # Errors
    /// HTML or SVG would be printed to a terminal, or the file cannot be written.
    pub(super) fn new(arguments: &OutputArgs, streams: Streams) -> Result<Self, Error> {
        let (format, file) = (arguments.output, arguments.output_file.clone());
        if file.is_none() && format.is_for_browsers() && streams.stdout_terminal {
            return Err(Error::MarkupOnTerminal(if format == Format::Svg { "SVG" } else { "HTML" }));
        }
        if let Some(path) = &file {
            check_writable(path).map_err(|source| Error::OutputFile { path: path.clone(), source })?;
        }
        Ok(Self { format, file })
    }

    /// The canvas of the result.
    pub(super) fn canvas(&self, console: &Console) -> Canvas {
        if self.file.is_some() { Canvas::FILE } else { console.canvas() }
    }

    /// Writes the result, without blocking other tasks while the reader does not read.
    pub(super) async fn write(&self, text: String) -> Result<(), Error> {
        match self.file.clone() {
            None => write(text).await,
            Some(path) => {
                tokio::fs::write(&path, text).await.map_err(|source| Error::OutputFile { path, source })
            }
        }
    }
}

/// Opens the file for writing, without changing it: an error should not show only after a run of an hour.
fn check_writable(path: &Path) -> io::Result<()> {
    let is_new = !path.exists();
    OpenOptions::new().append(true).create(true).open(path)?;
    if is_new { fs::remove_file(path) } else { Ok(()) }
}

/// Writes to standard output.
pub(super) async fn write(text: String) -> Result<(), Error> {
    let written = tokio::task::spawn_blocking(move || console::write_result(&text)).await;
    match written {
        // that the reader has closed the pipe is no error
        Ok(written) => written.map(|_| ()).map_err(Error::Output),
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}
