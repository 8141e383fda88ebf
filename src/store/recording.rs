//! The file of a run in progress.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::PathBuf;

use super::{StoreError, reading};
use crate::atomic_file::{self, Readers, with_suffix};
use crate::document::{Run, TestRecord};

/// Closes the list of tests and the document.
const END: &[u8] = b"\n]}\n";

/// The file of a run in progress.
#[derive(Debug)]
pub struct Recording {
    path: PathBuf,
    /// The file that is written while the run is in progress; may be `path`.
    working: PathBuf,
    file: File,
    /// Offset of the end of the last test.
    end: u64,
    is_empty: bool,
}

impl Recording {
    /// Creates the file, with the document of a run without tests.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn create(path: PathBuf, run: &Run) -> Result<Self, StoreError> {
        let working = path.clone();
        Self::create_as(path, working, run)
    }

    /// Creates a file chosen by the user. An existing run is replaced when the new one is finished.
    ///
    /// # Errors
    /// The file cannot be written, or exists and is not a run.
    pub fn create_at(path: PathBuf, run: &Run) -> Result<Self, StoreError> {
        let is_replaceable = match fs::metadata(&path) {
            Err(_) => true,
            Ok(existing) => existing.is_file() && (existing.len() == 0 || reading::read(&path).is_ok()),
        };
        if !is_replaceable {
            return Err(StoreError::Occupied { path });
        }
        let working = with_suffix(&path, ".part");
        Self::create_as(path, working, run)
    }

    fn create_as(path: PathBuf, working: PathBuf, run: &Run) -> Result<Self, StoreError> {
        let create = || -> io::Result<(File, u64)> {
            let mut file = atomic_file::create(&working, Readers::Owner)?;
            let text = document(run)?;
            file.write_all(&text)?;
            Ok((file, (text.len() - END.len()) as u64))
        };
        match create() {
            Ok((file, end)) => Ok(Self { path, working, file, end, is_empty: run.tests.is_empty() }),
            Err(source) => Err(StoreError::Write { path, source }),
        }
    }

    /// Appends a test.
    ///
    /// # Errors
    /// The file cannot be written. It remains a complete document without this test, if the disk permits.
    pub fn add(&mut self, test: &TestRecord) -> Result<(), StoreError> {
        self.write(test).map_err(|source| StoreError::Write { path: self.path.clone(), source })
    }

    fn write(&mut self, test: &TestRecord) -> io::Result<()> {
        let mut text = if self.is_empty { b"\n".to_vec() } else { b",\n".to_vec() };
        serde_json::to_writer(&mut text, test)?;
        let length = text.len() as u64;
        text.extend_from_slice(END);
        self.file.seek(SeekFrom::Start(self.end))?;
        if let Err(error) = self.file.write_all(&text) {
            // even a full disk has room for the end that was overwritten
            self.file.set_len(self.end)?;
            self.file.seek(SeekFrom::Start(self.end))?;
            self.file.write_all(END)?;
            return Err(error);
        }
        self.end += length;
        self.is_empty = false;
        Ok(())
    }

    /// Flushes the file to disk, so that it survives a crash of the machine.
    ///
    /// # Errors
    /// The file cannot be flushed.
    pub fn sync(&self) -> Result<(), StoreError> {
        self.file.sync_data().map_err(|source| StoreError::Write { path: self.path.clone(), source })
    }

    /// Replaces the file atomically by the finished run.
    ///
    /// # Errors
    /// The file cannot be written; it is unchanged.
    pub fn finish(self, run: &Run) -> Result<(), StoreError> {
        let Self { path, working, file, .. } = self;
        // Windows does not replace or delete an open file
        drop(file);
        // names of nodes and contexts may be confidential
        let written = document(run).and_then(|text| atomic_file::write(&path, &text, Readers::Owner));
        if let Err(source) = written {
            return Err(StoreError::Write { path, source });
        }
        if working != path {
            let _ = fs::remove_file(working);
        }
        Ok(())
    }

    /// Deletes the file if it has no test.
    pub fn discard_if_empty(self) {
        if self.is_empty {
            self.discard();
        }
    }

    /// Deletes the file.
    pub fn discard(self) {
        let Self { working, file, .. } = self;
        drop(file);
        let _ = fs::remove_file(working);
    }
}

/// Serializes a run with one line per test, so that a torn file can be recovered line by line.
pub(crate) fn document(run: &Run) -> io::Result<Vec<u8>> {
    let head = Run { tests: Vec::new(), ..run.clone() };
    let mut text = serde_json::to_vec(&head)?;
    // the last field is the list of tests, which is empty: `"tests":[]}`
    text.truncate(text.len() - 2);
    for (position, test) in run.tests.iter().enumerate() {
        text.extend_from_slice(if position == 0 { b"\n" } else { b",\n" });
        serde_json::to_writer(&mut text, test)?;
    }
    text.extend_from_slice(END);
    Ok(text)
}
