//! A volume that is mounted in this process's own pod.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::pod::MOUNT_PATH;
use super::{DocumentDirectory, VolumeError};
use crate::atomic_file::{self, Readers};
use crate::options::Volume;

/// The directory of a volume that is mounted in this process's own pod.
#[derive(Debug, Clone)]
pub struct MountedDirectory {
    path: PathBuf,
    volume: Volume,
}

impl MountedDirectory {
    /// The directory of a volume that is mounted where the pods of schedules have it.
    pub fn new(volume: &Volume) -> Self {
        Self::below(Path::new(MOUNT_PATH), volume)
    }

    fn below(mount: &Path, volume: &Volume) -> Self {
        Self { path: mount.join(&volume.directory), volume: volume.clone() }
    }

    /// Checks that documents can be written: before a run rather than after it.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn probe(&self) -> Result<(), VolumeError> {
        let write = || {
            fs::create_dir_all(&self.path)?;
            atomic_file::check_writable(&self.path.join("probe"))
        };
        write().map_err(|error| self.error(error))
    }

    fn error(&self, source: io::Error) -> VolumeError {
        VolumeError::Directory { volume: self.volume.clone(), source }
    }
}

impl DocumentDirectory for MountedDirectory {
    async fn names(&self) -> Result<Vec<String>, VolumeError> {
        let entries = fs::read_dir(&self.path).map_err(|error| self.error(error))?;
        let name =
            |entry: io::Result<fs::DirEntry>| Some(entry.ok()?.file_name().to_string_lossy().into_owned());
        Ok(entries.filter_map(name).collect())
    }

    async fn read(&self, name: &str) -> Result<Vec<u8>, VolumeError> {
        fs::read(self.path.join(name)).map_err(|error| self.error(error))
    }

    async fn write(&self, name: &str, text: &[u8]) -> Result<(), VolumeError> {
        let write = || {
            fs::create_dir_all(&self.path)?;
            atomic_file::write(&self.path.join(name), text, Readers::Others)
        };
        write().map_err(|error| self.error(error))
    }

    async fn delete(&self, names: &[String]) -> Result<(), VolumeError> {
        let delete = |name: &String| match fs::remove_file(self.path.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.error(error)),
            _ => Ok(()),
        };
        names.iter().try_for_each(delete)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::document::fixtures;
    use crate::recurring::delivery::volume::{Retention, keep_document, list_documents, read_document};

    #[tokio::test]
    async fn retention_deletes_old_documents_and_no_other_file() {
        let mount = tempfile::tempdir().unwrap();
        let volume = Volume::parse("results:runs/nightly").unwrap();
        let directory = MountedDirectory::below(mount.path(), &volume);
        directory.probe().unwrap();
        let mut run = fixtures::run(&["a", "b"], vec![fixtures::measured("a", "b", 1e9)]);
        for (second, id) in [(10, "first"), (20, "second"), (30, "third")] {
            run.id = id.to_owned();
            run.started_at = Timestamp::from_second(second).unwrap();
            keep_document(&directory, &run, Some(Retention::Newest(2)), Timestamp::now()).await.unwrap();
            fs::write(mount.path().join("runs/nightly/notes.json"), "mine").unwrap();
        }
        let kept = list_documents(&directory).await.unwrap();
        assert_eq!(kept.iter().map(|file| file.id.as_str()).collect::<Vec<_>>(), ["third", "second"]);
        assert_eq!(read_document(&directory, &kept[0]).await.unwrap(), run);
        assert_eq!(directory.names().await.unwrap().len(), 3);
    }
}
