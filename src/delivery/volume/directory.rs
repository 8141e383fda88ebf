//! A folder of a volume that is in this process's own pod.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::pod::MOUNT;
use super::{Folder, Volume, VolumeError};
use crate::whole::{self, Readers};

/// A folder that is mounted here.
#[derive(Debug, Clone)]
pub struct Directory(PathBuf);

impl Directory {
    /// The folder at this path.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// The folder of a volume that this process's pod has.
    pub fn mounted(volume: &Volume) -> Self {
        Self(Path::new(MOUNT).join(&volume.folder))
    }

    fn error(&self, source: io::Error) -> VolumeError {
        VolumeError::Directory { path: self.0.clone(), source }
    }
}

impl Folder for Directory {
    async fn names(&self) -> Result<Vec<String>, VolumeError> {
        let entries = fs::read_dir(&self.0).map_err(|error| self.error(error))?;
        let name =
            |entry: io::Result<fs::DirEntry>| Some(entry.ok()?.file_name().to_string_lossy().into_owned());
        Ok(entries.filter_map(name).collect())
    }

    async fn read(&self, name: &str) -> Result<Vec<u8>, VolumeError> {
        fs::read(self.0.join(name)).map_err(|error| self.error(error))
    }

    async fn write(&self, name: &str, text: &[u8]) -> Result<(), VolumeError> {
        let write = || {
            fs::create_dir_all(&self.0)?;
            whole::write(&self.0.join(name), text, Readers::Others)
        };
        write().map_err(|error| self.error(error))
    }

    async fn remove(&self, names: &[String]) -> Result<(), VolumeError> {
        let remove = |name: &String| match fs::remove_file(self.0.join(name)) {
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
        let folder = Directory::new(place.path().join("runs/nightly"));
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
