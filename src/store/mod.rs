//! Runs on disk: saved test by test, and loaded by ID or file name.
//!
//! A run is one JSON file, `<id>.json`. Its tests are the last field of the document, so that a test is
//! appended by overwriting the end of the file with the test and the end again: the file is a complete
//! document at all times, and a crash loses only the tests in flight.

mod error;
mod listing;
mod reading;
mod recording;
mod reference;
mod registry;

pub use error::StoreError;
pub use listing::Entry;
pub use reading::parse;
pub use recording::Recording;
pub(crate) use recording::document;
pub use registry::{Registration, RunRegistry};

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::document::Run;
use crate::sanitize::{is_line, line};
use reference::Reference;

/// A fingerprint of the file of a run, to detect changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileState {
    id: String,
    bytes: u64,
    modified: Option<SystemTime>,
}

/// A directory of runs.
#[derive(Debug, Clone)]
pub struct Store {
    directory: PathBuf,
}

impl Store {
    /// The runs in a user's data directory.
    pub fn of_user(data_directory: &Path) -> Self {
        Self { directory: data_directory.join("kubectl-netbench").join("runs") }
    }

    /// Creates the file of a run, and the directory if necessary. Both are readable by the user only.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn record(&self, run: &Run) -> Result<Recording, StoreError> {
        create_directory(&self.directory)
            .map_err(|source| StoreError::Write { path: self.directory.clone(), source })?;
        Recording::create(self.path(&run.id), run)
    }

    /// Saves a run of another machine.
    ///
    /// # Errors
    /// The file cannot be written, or the ID of the run is invalid: it might be a path.
    pub fn add(&self, run: &Run) -> Result<(), StoreError> {
        if !is_id(&run.id) {
            return Err(StoreError::InvalidId { id: line(&run.id) });
        }
        self.record(run)?.finish(run)
    }

    /// Whether a run of this ID is saved.
    pub fn has_run(&self, id: &str) -> bool {
        self.path(id).is_file()
    }

    /// All runs, the newest first. Files that cannot be read are skipped; loading them by name is an error.
    ///
    /// # Errors
    /// The directory exists, but cannot be read.
    pub fn list(&self) -> Result<Vec<Entry>, StoreError> {
        let mut entries: Vec<Entry> =
            self.ids()?.iter().filter_map(|id| Entry::read(id, &self.path(id)).ok()).collect();
        // ties are broken by ID: `latest` must be stable
        entries.sort_by(|one, other| (other.started_at, &other.id).cmp(&(one.started_at, &one.id)));
        Ok(entries)
    }

    /// Deletes runs, and returns their ids. Deletes none if one of the references is wrong.
    ///
    /// # Errors
    /// A reference matches no run or several, is a file, or a run cannot be deleted.
    pub fn delete(&self, references: &[String]) -> Result<Vec<String>, StoreError> {
        let resolve = |reference: &String| match Reference::parse(reference) {
            Reference::File(path) => Err(StoreError::NotSaved { path }),
            named => self.resolve(reference, &named),
        };
        let mut ids = references.iter().map(resolve).collect::<Result<Vec<_>, _>>()?;
        ids.sort_unstable();
        ids.dedup();
        ids.iter().try_for_each(|id| self.remove(id))?;
        Ok(ids)
    }

    /// Deletes all but the newest `count` runs.
    ///
    /// # Errors
    /// A run cannot be deleted, or the directory cannot be read.
    pub fn keep_newest(&self, count: usize) -> Result<(), StoreError> {
        self.list()?.iter().skip(count).try_for_each(|entry| self.remove(&entry.id))
    }

    /// Deletes a run. One that is deleted already is no error.
    fn remove(&self, id: &str) -> Result<(), StoreError> {
        let path = self.path(id);
        match fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(StoreError::Write { path, source })
            }
            _ => Ok(()),
        }
    }

    fn has_prefix(&self, reference: &str) -> bool {
        self.ids().is_ok_and(|ids| ids.iter().any(|id| id.starts_with(reference)))
    }

    fn resolve(&self, written: &str, reference: &Reference) -> Result<String, StoreError> {
        match reference {
            Reference::Latest(back) => {
                let mut entries = self.list()?;
                // a run without tests has nothing to show or compare
                entries.retain(|entry| entry.tests > 0);
                let saved = entries.len();
                if *back >= saved {
                    return Err(StoreError::TooFew { reference: written.to_owned(), saved });
                }
                Ok(entries.swap_remove(*back).id)
            }
            _ => {
                let ids = self.ids()?;
                if ids.iter().any(|id| id == written) {
                    return Ok(written.to_owned());
                }
                // the empty string is a prefix of every id
                let matches = |id: &String| !written.is_empty() && id.starts_with(written);
                let mut matching: Vec<String> = ids.into_iter().filter(matches).collect();
                match matching.len() {
                    0 => Err(StoreError::NotFound { reference: written.to_owned() }),
                    1 => Ok(matching.remove(0)),
                    _ => Err(StoreError::Ambiguous { reference: written.to_owned(), ids: matching }),
                }
            }
        }
    }

    /// Fingerprints of all files.
    ///
    /// # Errors
    /// The directory exists, but cannot be read.
    pub fn files(&self) -> Result<Vec<FileState>, StoreError> {
        let state = |id: String| {
            // it may have been deleted since the directory was read
            let metadata = fs::metadata(self.path(&id)).ok()?;
            Some(FileState { id, bytes: metadata.len(), modified: metadata.modified().ok() })
        };
        Ok(self.ids()?.into_iter().filter_map(state).collect())
    }

    fn path(&self, id: &str) -> PathBuf {
        self.directory.join(format!("{id}.json"))
    }

    fn ids(&self) -> Result<Vec<String>, StoreError> {
        let unreadable = |source| StoreError::Read { path: self.directory.clone(), source };
        let files = match fs::read_dir(&self.directory) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            files => files.map_err(unreadable)?,
        };
        let mut ids = Vec::new();
        for file in files {
            let path = file.map_err(unreadable)?.path();
            if path.extension().is_some_and(|extension| extension == "json")
                && let Some(id) = path.file_stem().and_then(|stem| stem.to_str())
                && is_line(id)
            {
                ids.push(id.to_owned());
            }
        }
        ids.sort_unstable();
        Ok(ids)
    }
}

/// The N of `latest~N`, 0 for `latest`; none for any other reference.
pub fn latest(reference: &str) -> Option<usize> {
    match Reference::parse(reference) {
        Reference::Latest(back) => Some(back),
        _ => None,
    }
}

/// Whether a text is a valid run ID.
pub(crate) fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= 32 && text.chars().all(|character| character.is_ascii_alphanumeric())
}

/// Loads a run by its ID, a unique prefix of it, `latest`, `latest~1`, or its file. Without a store, only files can
/// be loaded.
///
/// # Errors
/// The reference matches no run or several, or the file cannot be read.
pub fn load(store: Option<&Store>, reference: &str) -> Result<Run, StoreError> {
    match Reference::parse(reference) {
        Reference::File(path) => reading::read(&path),
        // a file name may look like an ID
        Reference::Id
            if store.is_none_or(|store| !store.has_prefix(reference)) && Path::new(reference).is_file() =>
        {
            reading::read(Path::new(reference))
        }
        named => {
            let store = store.ok_or(StoreError::NoDirectory)?;
            reading::read(&store.path(&store.resolve(reference, &named)?))
        }
    }
}

#[cfg(unix)]
fn create_directory(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn create_directory(path: &Path) -> std::io::Result<()> {
    fs::create_dir_all(path)
}

#[cfg(test)]
mod tests;
