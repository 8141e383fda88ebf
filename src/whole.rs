//! Files that are written whole or not at all: whoever reads one finds what was there before, or all of
//! what is there now.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// The user alone.
    Owner,
    /// Whoever the user lets read new files, mostly everybody.
    Others,
}

/// Writes a file in place of the one that is there.
///
/// # Errors
/// It cannot be written: the one that is there stays.
pub fn write(path: &Path, text: &[u8], readers: Readers) -> io::Result<()> {
    let temporary = beside(path, ".new");
    let replace = || -> io::Result<()> {
        let mut file = new(&temporary, readers)?;
        file.write_all(text)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    replace().inspect_err(|_| drop(fs::remove_file(&temporary)))
}

/// Whether a file could be written so: tried now, rather than after a run of an hour.
///
/// # Errors
/// It could not.
pub fn can_write(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    }
    let temporary = beside(path, ".new");
    new(&temporary, Readers::Owner)?;
    fs::remove_file(temporary)
}

/// Not `with_extension`: a file that is not whole must not look like one that is.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    path.with_file_name(name)
}

/// A new file. What is there under its name, be it a link to another file, is not written to.
pub(crate) fn new(path: &Path, readers: Readers) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if readers == Readers::Owner {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    #[cfg(not(unix))]
    let _ = readers;
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_written_leaves_what_was_there() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("netbench.prom");
        write(&path, b"one", Readers::Others).unwrap();
        can_write(&path).unwrap();
        // in its way, as no file can replace a directory
        fs::create_dir(beside(&path, ".new")).unwrap();
        assert!(write(&path, b"two", Readers::Others).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert!(can_write(directory.path()).is_err());
        assert!(can_write(&directory.path().join("no/such.prom")).is_err());
    }
}
