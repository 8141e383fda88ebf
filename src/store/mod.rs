//! Runs on disk: written test by test while they are made, found again by name.
//!
//! A run is one JSON file, `<id>.json`. Its tests are the document's last field, so that a test is
//! added by overwriting the end of the file with the test and the end again: at every moment the
//! file is a whole document, and a crash loses at most the tests in flight.

mod error;
mod listing;
mod process;
mod reading;
mod recording;
mod reference;

pub use error::StoreError;
pub use listing::Entry;
pub use process::{Process, Processes};
pub use reading::parse;
pub use recording::Recording;
pub(crate) use recording::document;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::document::Run;
use crate::sanitize::{is_line, line};
use reference::Reference;

/// What shows whether the file of a run has changed.
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
    /// The runs of the user whose data directory this is.
    pub fn of_user(data_directory: &Path) -> Self {
        Self { directory: data_directory.join("kubectl-netbench").join("runs") }
    }

    /// Begins a run's file. The directory is made if need be; nobody else may read either.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn record(&self, run: &Run) -> Result<Recording, StoreError> {
        make_directory(&self.directory)
            .map_err(|source| StoreError::Write { path: self.directory.clone(), source })?;
        Recording::begin(self.path(&run.id), run)
    }

    /// Saves a run that was made elsewhere.
    ///
    /// # Errors
    /// The file cannot be written, or its id is none: it may lead anywhere.
    pub fn add(&self, run: &Run) -> Result<(), StoreError> {
        if !is_id(&run.id) {
            return Err(StoreError::NoId { id: line(&run.id) });
        }
        self.record(run)?.finish(run)
    }

    /// Whether there is a run of this id.
    pub fn has_run(&self, id: &str) -> bool {
        self.path(id).is_file()
    }

    /// All runs, the newest first. What cannot be read is left out here, and told when it is asked
    /// for by name.
    ///
    /// # Errors
    /// The directory cannot be read; that it does not exist is no error.
    pub fn list(&self) -> Result<Vec<Entry>, StoreError> {
        let mut entries: Vec<Entry> =
            self.ids()?.iter().filter_map(|id| Entry::read(id, &self.path(id)).ok()).collect();
        // the id breaks ties: `latest` must be the same run each time
        entries.sort_by(|one, other| (other.started_at, &other.id).cmp(&(one.started_at, &one.id)));
        Ok(entries)
    }

    /// Deletes the runs that are named, none if one of them does not exist. Returns their ids.
    ///
    /// # Errors
    /// There is no such run, there are several, it is named by its file, or it cannot be deleted.
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

    /// Deletes the oldest runs beyond the newest `count`.
    ///
    /// # Errors
    /// One cannot be deleted, or the directory cannot be read.
    pub fn keep_newest(&self, count: usize) -> Result<(), StoreError> {
        self.list()?.iter().skip(count).try_for_each(|entry| self.remove(&entry.id))
    }

    /// Deletes a run; that somebody else has done so already is no error.
    fn remove(&self, id: &str) -> Result<(), StoreError> {
        let path = self.path(id);
        match fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(StoreError::Write { path, source })
            }
            _ => Ok(()),
        }
    }

    fn has(&self, reference: &str) -> bool {
        self.ids().is_ok_and(|ids| ids.iter().any(|id| id.starts_with(reference)))
    }

    fn resolve(&self, written: &str, reference: &Reference) -> Result<String, StoreError> {
        match reference {
            Reference::Latest(back) => {
                let mut entries = self.list()?;
                // one that ended before its first test has nothing to show or to compare
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
                // nothing is the beginning of everything
                let fits = |id: &String| !written.is_empty() && id.starts_with(written);
                let mut fitting: Vec<String> = ids.into_iter().filter(fits).collect();
                match fitting.len() {
                    0 => Err(StoreError::Unknown { reference: written.to_owned() }),
                    1 => Ok(fitting.remove(0)),
                    _ => Err(StoreError::Ambiguous { reference: written.to_owned(), ids: fitting }),
                }
            }
        }
    }

    /// The files, so that it shows whether one has changed.
    ///
    /// # Errors
    /// The directory cannot be read; that it does not exist is no error.
    pub fn files(&self) -> Result<Vec<FileState>, StoreError> {
        let state = |id: String| {
            // one that is deleted meanwhile is not there
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

/// How many runs before the last one `latest` or `latest~N` means; none for any other reference.
pub fn latest(reference: &str) -> Option<usize> {
    match Reference::parse(reference) {
        Reference::Latest(back) => Some(back),
        _ => None,
    }
}

/// Whether a text may be the id of a run, as this program makes them.
pub(crate) fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= 32 && text.chars().all(|character| character.is_ascii_alphanumeric())
}

/// The run that `reference` names: an id, the beginning of exactly one, `latest`, `latest~1`, or a
/// file. Without a store, only a file can be named.
///
/// # Errors
/// There is no such run, there are several, or its file cannot be read.
pub fn load(store: Option<&Store>, reference: &str) -> Result<Run, StoreError> {
    match Reference::parse(reference) {
        Reference::File(path) => reading::read(&path),
        // a file may be called like an id
        Reference::Id
            if store.is_none_or(|store| !store.has(reference)) && Path::new(reference).is_file() =>
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
fn make_directory(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn make_directory(path: &Path) -> std::io::Result<()> {
    fs::create_dir_all(path)
}

#[cfg(test)]
mod tests;
