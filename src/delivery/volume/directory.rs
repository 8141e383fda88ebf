//! A folder of a volume that is in this process's own pod.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::pod::MOUNT;
use super::{Folder, Volume, VolumeError};
use crate::atomic_file::{self, Readers};

/// A folder that is mounted here.
#[derive(Debug, Clone)]
pub struct Directory {
    path: PathBuf,
    volume: Volume,
}

impl Directory {
    /// The folder of a volume that this process's pod has.
    pub fn mounted(volume: &Volume) -> Self {
        Self::at(Path::new(MOUNT), volume)
    }

    /// The folder of a volume that is mounted at `place`.
    fn at(place: &Path, volume: &Volume) -> Self {
        Self { path: place.join(&volume.folder), volume: volume.clone() }
    }

    /// Tries whether documents can be written, now rather than after a run of an hour.
    ///
    /// # Errors
    /// They cannot.
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

impl Folder for Directory {
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

    async fn remove(&self, names: &[String]) -> Result<(), VolumeError> {
        let remove = |name: &String| match fs::remove_file(self.path.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.error(error)),
            _ => Ok(()),
        };
        names.iter().try_for_each(remove)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::delivery::volume::{Retention, document, documents, keep};
    use crate::document::fixtures;

    #[tokio::test]
    async fn documents_are_kept_as_long_as_they_are_wanted_and_nothing_else_is_touched() {
        let place = tempfile::tempdir().unwrap();
        let folder = Directory::at(place.path(), &Volume::parse("results:runs/nightly").unwrap());
        folder.probe().unwrap();
        let mut run = fixtures::run(&["a", "b"], vec![fixtures::measured("a", "b", 1e9)]);
        for (second, id) in [(10, "first"), (20, "second"), (30, "third")] {
            run.id = id.to_owned();
            run.started_at = Timestamp::from_second(second).unwrap();
            keep(&folder, &run, Some(Retention::Newest(2)), Timestamp::now()).await.unwrap();
            fs::write(place.path().join("runs/nightly/notes.json"), "mine").unwrap();
        }
        let kept = documents(&folder).await.unwrap();
        assert_eq!(kept.iter().map(|file| file.id.as_str()).collect::<Vec<_>>(), ["third", "second"]);
        assert_eq!(document(&folder, &kept[0]).await.unwrap(), run);
        assert_eq!(folder.names().await.unwrap().len(), 3);
    }
}
