//! Registers the runs that are in progress on this machine.
//!
//! The process of a run holds a lock on a file named after the run. The kernel releases a lock when its process
//! ends, however it ends: a file without a lock belongs to a run that died, if it was created on this machine.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::atomic_file::{self, Readers};

/// Age at which the file of a run that died is deleted.
const MAX_AGE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The runs of a user that are in progress on this machine, or died on it.
#[derive(Debug, Clone)]
pub struct RunRegistry {
    directory: PathBuf,
}

#[cfg(unix)]
fn hostname() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
fn hostname() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_default()
}

/// The registration of a run. When dropped, the run counts as died.
#[derive(Debug)]
pub struct Registration {
    path: PathBuf,
    locked: File,
}

impl RunRegistry {
    /// The registry in a user's data directory.
    pub fn of_user(data_directory: &Path) -> Self {
        Self { directory: data_directory.join("kubectl-netbench").join("running") }
    }

    /// Registers run `id` as in progress in this process.
    ///
    /// # Errors
    /// The file cannot be created or locked.
    pub fn register(&self, id: &str) -> io::Result<Registration> {
        super::create_directory(&self.directory)?;
        self.delete_old();
        let path = self.path(id);
        let mut file = atomic_file::create(&path, Readers::Owner)?;
        file.lock()?;
        writeln!(file, "{}", hostname())?;
        Ok(Registration { path, locked: file })
    }

    /// Whether run `id` is in progress; none if it is not registered on this machine.
    pub fn is_running(&self, id: &str) -> Option<bool> {
        let mut file = File::open(self.path(id)).ok()?;
        // before it is read: on Windows, a locked file cannot be
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => return Some(true),
            Err(TryLockError::Error(_)) => return None,
            Ok(()) => {}
        }
        let mut registered = String::new();
        file.read_to_string(&mut registered).ok()?;
        // machines may share a home directory, but not necessarily its locks
        (registered.lines().next() == Some(&hostname())).then_some(false)
    }

    fn path(&self, id: &str) -> PathBuf {
        // an ID may come from a label: it must not lead to another directory
        let name: String = id.chars().filter(char::is_ascii_alphanumeric).collect();
        self.directory.join(format!("{name}.lock"))
    }

    fn delete_old(&self) {
        for entry in fs::read_dir(&self.directory).into_iter().flatten().flatten() {
            let modified = entry.metadata().and_then(|metadata| metadata.modified());
            if modified.is_ok_and(|modified| modified.elapsed().is_ok_and(|age| age > MAX_AGE)) {
                // a file that cannot be deleted is harmless
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

impl Registration {
    /// Removes the run from the registry: it has left no objects.
    pub fn remove(self) {
        let Self { path, locked } = self;
        // Windows does not delete an open file
        drop(locked);
        // if this fails, the run counts as died, which is harmless without leftovers
        let _ = fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropped_registration_counts_as_died() {
        let directory = tempfile::tempdir().unwrap();
        let registry = RunRegistry::of_user(directory.path());
        assert_eq!(registry.is_running("k3v9x2mq"), None);
        let registration = registry.register("k3v9x2mq").unwrap();
        assert_eq!(registry.is_running("k3v9x2mq"), Some(true));
        drop(registration);
        assert_eq!(registry.is_running("k3v9x2mq"), Some(false));
        registry.register("k3v9x2mq").unwrap().remove();
        assert_eq!(registry.is_running("k3v9x2mq"), None);
    }

    #[test]
    fn unlocked_file_of_another_machine_is_unknown() {
        let directory = tempfile::tempdir().unwrap();
        let registry = RunRegistry::of_user(directory.path());
        drop(registry.register("k3v9x2mq").unwrap());
        fs::write(registry.path("k3v9x2mq"), "elsewhere\n").unwrap();
        assert_eq!(registry.is_running("k3v9x2mq"), None);
    }
}
