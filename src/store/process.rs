//! Which runs are going on on this machine.
//!
//! The process of a run holds a lock on a file named after it. The system lets go of a lock when its
//! process ends, however it ends: a file without a lock is that of a run that died.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::atomic_file::{self, Readers};

/// How long a run that died is remembered, should nobody clean up.
const REMEMBERED: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The runs that go on on this machine, or died here.
#[derive(Debug, Clone)]
pub struct Processes {
    directory: PathBuf,
}

/// The machine that a run goes on on. Where the system does not tell, all are taken for one.
#[derive(Debug, PartialEq, Eq)]
struct Machine {
    /// Its name.
    name: String,
    /// What is another one each time that it starts.
    start: String,
}

impl Machine {
    fn this() -> Self {
        let told = |path: &str| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
        Self { name: told("/proc/sys/kernel/hostname"), start: told("/proc/sys/kernel/random/boot_id") }
    }

    fn written(&self) -> String {
        format!("{}\n{}\n", self.name, self.start)
    }

    fn read(text: &str) -> Self {
        let mut lines = text.lines().map(str::to_owned);
        Self { name: lines.next().unwrap_or_default(), start: lines.next().unwrap_or_default() }
    }
}

/// The process of a run, known to others as long as this lives.
#[derive(Debug)]
pub struct Process {
    path: PathBuf,
    _locked: File,
}

impl Processes {
    /// Those of the user whose data directory this is.
    pub fn of_user(data_directory: &Path) -> Self {
        Self { directory: data_directory.join("kubectl-netbench").join("running") }
    }

    /// Makes this process known as that of run `id`.
    ///
    /// # Errors
    /// The file cannot be made or locked.
    pub fn begin(&self, id: &str) -> io::Result<Process> {
        super::make_directory(&self.directory)?;
        self.forget_old();
        let path = self.path(id);
        let mut file = atomic_file::create(&path, Readers::Owner)?;
        file.lock()?;
        file.write_all(Machine::this().written().as_bytes())?;
        Ok(Process { path, _locked: file })
    }

    /// Whether the process of run `id` lives; none if it was never known here.
    pub fn lives(&self, id: &str) -> Option<bool> {
        let mut file = File::open(self.path(id)).ok()?;
        let mut written = String::new();
        file.read_to_string(&mut written).ok()?;
        match (Machine::read(&written), Machine::this()) {
            // a home that several machines share, and perhaps not its locks
            (begun_on, this) if begun_on.name != this.name => None,
            (begun_on, this) if begun_on.start != this.start => Some(false),
            _ => match file.try_lock_shared() {
                Ok(()) => Some(false),
                Err(TryLockError::WouldBlock) => Some(true),
                Err(TryLockError::Error(_)) => None,
            },
        }
    }

    fn path(&self, id: &str) -> PathBuf {
        // an id may come from a label: it must not lead elsewhere
        let name: String = id.chars().filter(char::is_ascii_alphanumeric).collect();
        self.directory.join(format!("{name}.lock"))
    }

    /// Forgets runs that died long ago.
    fn forget_old(&self) {
        for entry in fs::read_dir(&self.directory).into_iter().flatten().flatten() {
            let modified = entry.metadata().and_then(|metadata| metadata.modified());
            if modified.is_ok_and(|modified| modified.elapsed().is_ok_and(|age| age > REMEMBERED)) {
                // what cannot be deleted does no harm
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

impl Process {
    /// Forgets the run: it has left nothing.
    pub fn end(self) {
        // what stays is that of a run that left nothing
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_ended_without_a_word_is_known_to_be_dead() {
        let directory = tempfile::tempdir().unwrap();
        let processes = Processes::of_user(directory.path());
        assert_eq!(processes.lives("k3v9x2mq"), None);
        let process = processes.begin("k3v9x2mq").unwrap();
        assert_eq!(processes.lives("k3v9x2mq"), Some(true));
        drop(process);
        assert_eq!(processes.lives("k3v9x2mq"), Some(false));
        processes.begin("k3v9x2mq").unwrap().end();
        assert_eq!(processes.lives("k3v9x2mq"), None);
    }

    #[test]
    fn another_machine_knows_nothing_and_one_that_was_started_anew_has_no_runs() {
        let directory = tempfile::tempdir().unwrap();
        let processes = Processes::of_user(directory.path());
        let _process = processes.begin("k3v9x2mq").unwrap();
        let this = Machine::this();
        let written_by = |machine: &Machine| {
            fs::write(processes.path("k3v9x2mq"), machine.written()).unwrap();
            processes.lives("k3v9x2mq")
        };
        assert_eq!(written_by(&this), Some(true));
        assert_eq!(written_by(&Machine { name: "elsewhere".to_owned(), ..Machine::this() }), None);
        assert_eq!(written_by(&Machine { start: "before".to_owned(), ..this }), Some(false));
    }
}
