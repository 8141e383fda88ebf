//! Files that are replaced atomically: a reader sees the old content or the new, never a part.

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
    // of this write alone: two at once must not write into each other's
    let temporary = beside(path, &format!(".{:08x}.new", rand::random::<u32>()));
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
    let temporary = beside(path, &format!(".{:08x}.new", rand::random::<u32>()));
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
        let in_the_way = directory.path().join("netbench.d");
        fs::create_dir(&in_the_way).unwrap();
        fs::write(in_the_way.join("mine"), "one").unwrap();
        assert!(write(&in_the_way, b"two", Readers::Others).is_err());
        assert_eq!(fs::read(in_the_way.join("mine")).unwrap(), b"one");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
        assert!(can_write(directory.path()).is_err());
        assert!(can_write(&directory.path().join("no/such.prom")).is_err());
    }
}
