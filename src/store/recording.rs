//! The file of a run that is being made.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::PathBuf;

use super::{StoreError, reading};
use crate::atomic_file::{self, Readers, with_suffix};
use crate::document::{Run, TestRecord};

/// What closes the list of tests and the document.
const END: &[u8] = b"\n]}\n";

/// The file of a run that is being made.
#[derive(Debug)]
pub struct Recording {
    path: PathBuf,
    /// Where it is while it is made.
    working: PathBuf,
    file: File,
    /// Where the last test ends.
    end: u64,
    is_empty: bool,
}

impl Recording {
    /// Begins the file with all that is known of the run.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn begin(path: PathBuf, run: &Run) -> Result<Self, StoreError> {
        let working = path.clone();
        Self::begin_as(path, working, run)
    }

    /// Begins a file that the user has named. What is there stays until the run is whole, and must be
    /// a run too: nothing else is overwritten.
    ///
    /// # Errors
    /// The file cannot be written, or is something else than a run.
    pub fn begin_in(path: PathBuf, run: &Run) -> Result<Self, StoreError> {
        let is_free = match fs::metadata(&path) {
            Err(_) => true,
            Ok(there) => there.is_file() && (there.len() == 0 || reading::read(&path).is_ok()),
        };
        if !is_free {
            return Err(StoreError::Occupied { path });
        }
        let working = with_suffix(&path, ".part");
        Self::begin_as(path, working, run)
    }

    fn begin_as(path: PathBuf, working: PathBuf, run: &Run) -> Result<Self, StoreError> {
        let begin = || -> io::Result<(File, u64)> {
            let mut file = atomic_file::create(&working, Readers::Owner)?;
            let text = document(run)?;
            file.write_all(&text)?;
            Ok((file, (text.len() - END.len()) as u64))
        };
        match begin() {
            Ok((file, end)) => Ok(Self { path, working, file, end, is_empty: run.tests.is_empty() }),
            Err(source) => Err(StoreError::Write { path, source }),
        }
    }

    /// Adds a test.
    ///
    /// # Errors
    /// The file cannot be written. It is still the document that it was, if the disk let it be.
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
            // a full disk has room for the end that was there before
            self.file.set_len(self.end)?;
            self.file.seek(SeekFrom::Start(self.end))?;
            self.file.write_all(END)?;
            return Err(error);
        }
        self.end += length;
        self.is_empty = false;
        Ok(())
    }

    /// Has the disk keep what was written until now, should the machine crash.
    ///
    /// # Errors
    /// The disk does not.
    pub fn sync(&self) -> Result<(), StoreError> {
        self.file.sync_data().map_err(|source| StoreError::Write { path: self.path.clone(), source })
    }

    /// Writes the run as it is in the end, in place of the file all at once.
    ///
    /// # Errors
    /// The file cannot be written: it stays as it was.
    pub fn finish(self, run: &Run) -> Result<(), StoreError> {
        // names of nodes and contexts are the user's own affair
        let written = document(run).and_then(|text| atomic_file::write(&self.path, &text, Readers::Owner));
        written.map_err(|source| StoreError::Write { path: self.path.clone(), source })?;
        if self.working != self.path {
            let _ = fs::remove_file(&self.working);
        }
        Ok(())
    }

    /// Deletes the file if it has no test.
    pub fn discard_if_empty(self) {
        if self.is_empty {
            self.discard();
        }
    }

    /// Deletes the file: there was nothing to save.
    pub fn discard(self) {
        let _ = fs::remove_file(&self.working);
    }
}

/// The document with a line for each test, which is read by lines as well as by programs.
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
