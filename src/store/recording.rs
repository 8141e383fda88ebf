//! The file of a run that is being made.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{StoreError, reading};
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
        let working = beside(&path, ".part");
        Self::begin_as(path, working, run)
    }

    fn begin_as(path: PathBuf, working: PathBuf, run: &Run) -> Result<Self, StoreError> {
        let begin = || -> io::Result<(File, u64)> {
            let mut file = private(&working)?;
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
        let temporary = beside(&self.path, ".new");
        let replace = || -> io::Result<()> {
            let mut file = private(&temporary)?;
            file.write_all(&document(run)?)?;
            file.sync_all()?;
            fs::rename(&temporary, &self.path)
        };
        match replace() {
            Ok(()) => {
                if self.working != self.path {
                    let _ = fs::remove_file(&self.working);
                }
                Ok(())
            }
            Err(source) => {
                let _ = fs::remove_file(&temporary);
                Err(StoreError::Write { path: self.path, source })
            }
        }
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

/// Not `with_extension`: a file that is no run must not look like one.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    path.with_file_name(name)
}

/// The document with a line for each test, which is read by lines as well as by programs.
fn document(run: &Run) -> io::Result<Vec<u8>> {
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

/// A new file that nobody else may read: names of nodes and contexts are the user's own affair. What
/// is there under its name, be it a link to another file, is not written to.
pub(super) fn private(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}
