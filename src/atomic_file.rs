//! Files that are replaced atomically: a reader sees the old content or the new, never a part.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Who may read a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Only the user.
    Owner,
    /// Everyone whom the umask permits.
    Others,
}

/// Replaces a file, or creates it.
///
/// # Errors
/// The file cannot be written; an existing one is unchanged.
pub fn write(path: &Path, text: &[u8], readers: Readers) -> io::Result<()> {
    let mut file = temporary(path, readers)?;
    file.as_file_mut().write_all(text)?;
    file.as_file().sync_all()?;
    // closed; `persist` would not replace a file on Windows while someone reads it
    fs::rename(file.into_temp_path(), path)
}

/// Checks that [`write`] can succeed, by creating and deleting a temporary file.
///
/// # Errors
/// The path is a directory, or its directory cannot be written.
pub fn check_writable(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    }
    temporary(path, Readers::Owner)?.close()
}

/// A temporary file next to `path`, deleted when dropped. Its suffix keeps others from reading it as a complete
/// file.
fn temporary(path: &Path, readers: Readers) -> io::Result<NamedTempFile> {
    let mut prefix = path.file_name().unwrap_or_default().to_owned();
    prefix.push(".");
    let directory = path.parent().unwrap_or(Path::new(""));
    // `make_in`, as the errors of `tempfile_in` name the temporary file
    tempfile::Builder::new().prefix(&prefix).suffix(".new").make_in(directory, |path| open_new(path, readers))
}

/// Appends to the whole file name. Not `with_extension`: an incomplete file must not look like a complete one.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

/// Creates an empty file in place of an existing one. A symbolic link is replaced, not followed.
pub(crate) fn create(path: &Path, readers: Readers) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    open_new(path, readers)
}

fn open_new(path: &Path, readers: Readers) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if readers == Readers::Owner {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = readers;
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_write_leaves_existing_files_unchanged() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("netbench.prom");
        write(&path, b"one", Readers::Others).unwrap();
        check_writable(&path).unwrap();
        let in_the_way = directory.path().join("netbench.d");
        fs::create_dir(&in_the_way).unwrap();
        fs::write(in_the_way.join("mine"), "one").unwrap();
        assert!(write(&in_the_way, b"two", Readers::Others).is_err());
        assert_eq!(fs::read(in_the_way.join("mine")).unwrap(), b"one");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
        assert!(check_writable(directory.path()).is_err());
        assert!(check_writable(&directory.path().join("no/such.prom")).is_err());
    }

    #[test]
    fn relative_path_is_written_in_the_current_directory() {
        check_writable(Path::new("netbench.prom")).unwrap();
    }

    #[test]
    #[cfg(unix)]
    fn new_file_has_the_mode_of_its_readers() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let (plain, written) = (directory.path().join("plain"), directory.path().join("written"));
        fs::write(&plain, "").unwrap();
        write(&written, b"", Readers::Others).unwrap();
        assert_eq!(mode(&written), mode(&plain), "both follow the umask");
        write(&written, b"", Readers::Owner).unwrap();
        assert_eq!(mode(&written), 0o600);
    }
}
